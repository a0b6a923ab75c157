"""Names that cross rooms: accounts, deposits and the identifiers derived from them."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple, NewType

__all__ = [
    "AccountId",
    "AssetSymbol",
    "ClientOrderId",
    "IdentifierError",
    "IndexSymbol",
    "InstrumentSymbol",
    "VenueName",
    "check_client_order_id",
    "derived_id",
]

AssetSymbol = NewType("AssetSymbol", str)
"""What is owned: `BTC`, `USDC`."""
InstrumentSymbol = NewType("InstrumentSymbol", str)
"""A pair as its venue names it: `BTCUSDC`."""
VenueName = NewType("VenueName", str)
IndexSymbol = NewType("IndexSymbol", str)
ClientOrderId = NewType("ClientOrderId", str)

_CLIENT_ORDER_ID = re.compile(r"[A-Za-z0-9_-]{1,36}\Z")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}\Z")


class IdentifierError(ValueError):
    """A name that breaks its rule; the message gives the rule."""


class AccountId(NamedTuple):
    """A user: one address on one chain. The address is kept in lower case."""

    chain_id: int
    address: str

    @classmethod
    def parse(cls, text: str) -> AccountId:
        """Read `42161:0xabc…` (CAIP-10 without the namespace); raises `IdentifierError`."""
        chain, _, address = text.partition(":")
        address = address.lower()
        if not chain.isdecimal() or not _ADDRESS.match(address):
            raise IdentifierError(f"account {text[:80]!r} is not CHAIN_ID:0xADDRESS")
        return cls(int(chain), address)

    def __str__(self) -> str:
        return f"{self.chain_id}:{self.address}"


def check_client_order_id(text: str) -> ClientOrderId:
    """Accept 1 to 36 letters, digits, `-` and `_`; raises `IdentifierError`."""
    if not _CLIENT_ORDER_ID.match(text):
        raise IdentifierError(f"client order id {text[:64]!r} must be 1 to 36 of A-Z a-z 0-9 - _")
    return ClientOrderId(text)


def derived_id(prefix: str, *parts: object, length: int = 20) -> str:
    """An identifier that follows from its parts alone, so that sending a command twice sends the same name."""
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=16).hexdigest()
    return f"{prefix}-{digest[:length]}"
