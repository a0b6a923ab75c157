"""API keys: whose account a key opens, and the secret that proves it."""

from __future__ import annotations

from dataclasses import dataclass, field

from indexmaker.gateways.binance.errors import ApiError

__all__ = ["Credential", "Credentials"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key of an account, which may `withdraw` or not. The secret is never shown."""

    account: int
    key: str
    secret: str = field(repr=False)
    withdraw: bool = False


class Credentials:
    """All keys of the exchange."""

    def __init__(self) -> None:
        self._by_key: dict[str, Credential] = {}

    def __repr__(self) -> str:
        return f"Credentials({len(self._by_key)} keys)"

    def add(self, credential: Credential) -> None:
        """Let a key in from now on; a key known before gets the new secret."""
        self._by_key[credential.key] = credential

    def require(self, key: str | None) -> Credential:
        """The credential of a key.

        Raises:
            ApiError: no key was sent, or it is not known.
        """
        if not key:
            raise ApiError(-2014, "API-key format invalid.", status=401)
        credential = self._by_key.get(key)
        if credential is None:
            raise ApiError(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
        return credential
