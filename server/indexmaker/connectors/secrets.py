"""Secrets by reference: configurations say where a secret lies, never what it is."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from indexmaker.connectors.errors import ConfigurationError

__all__ = ["MASK", "Redactor", "SecretRef", "redact_event", "redactor"]

MASK = "***"
"""What stands in a log where a secret was."""

_SHORTEST = 4
_SECRET_KEYS = frozenset({"api_secret", "authorization", "mnemonic", "passphrase", "password", "private_key", "secret"})


class Redactor:
    """Knows the secrets that this process has revealed, and takes them out of what is about to be logged."""

    def __init__(self) -> None:
        self._values: frozenset[str] = frozenset()

    def learn(self, secret: str) -> None:
        """Remember a secret, with and without `0x`, whole and line by line.

        What is shorter than four characters is not remembered: it would mask half of every log.
        """
        forms = {secret, secret.strip(), secret.strip().removeprefix("0x"), *secret.split("\n")}
        self._values |= {form for form in forms if len(form) >= _SHORTEST}

    def clean(self, text: str) -> str:
        """The text with every known secret masked, longest first."""
        for value in sorted((value for value in self._values if value in text), key=len, reverse=True):
            text = text.replace(value, MASK)
        return text

    def clean_value(self, value: Any, *, key: str = "") -> Any:  # noqa: ANN401 - log values are of any type
        """A log value with secrets masked; one under a key such as `private_key` is masked whatever it is.

        What is neither text nor number is looked into, or masked by its repr when that shows a secret.
        """
        if key.lower() in _SECRET_KEYS and not isinstance(value, SecretRef):
            return MASK
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.clean(value)
        if isinstance(value, Mapping):
            return {str(k): self.clean_value(v, key=str(k)) for k, v in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.clean_value(item) for item in value]
        return self.clean(repr(value))


redactor = Redactor()
"""The process's own: filled by `SecretRef.reveal`, used by the logging processor."""


class SecretRef:
    """Where a secret lies: `file:/path` (trailing newline dropped) or `env:NAME`. Safe to print."""

    __slots__ = ("_reference",)

    def __init__(self, reference: str) -> None:
        scheme, _, place = reference.partition(":")
        if scheme not in ("file", "env") or not place:
            # The text is not repeated: people paste the secret itself here.
            raise ValueError("a secret must be a reference such as file:/run/secrets/key or env:API_KEY")
        self._reference = reference

    @property
    def reference(self) -> str:
        """The reference itself, which is no secret."""
        return self._reference

    def reveal(self) -> str:
        """Read the secret anew; from then on this process masks it in its logs.

        Raises:
            ConfigurationError: The file or variable is missing, unreadable or empty.
        """
        scheme, _, place = self._reference.partition(":")
        secret = os.environ.get(place, "") if scheme == "env" else self._read(Path(place))
        if not secret:
            summary = f"secret {self._reference} is empty or not set"
            raise ConfigurationError("", summary, "put the secret there")
        redactor.learn(secret)
        return secret

    def _read(self, path: Path) -> str:
        try:
            return path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
            raise ConfigurationError(
                "", f"secret {self._reference} cannot be read: {why}", "check the path and its permissions"
            ) from None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretRef) and other._reference == self._reference

    def __hash__(self) -> int:
        return hash(self._reference)

    def __repr__(self) -> str:
        return f"SecretRef({self._reference!r})"


def redact_event(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor: mask every secret that this process has revealed."""
    for key, value in event.items():
        event[key] = redactor.clean_value(value, key=key)
    return event
