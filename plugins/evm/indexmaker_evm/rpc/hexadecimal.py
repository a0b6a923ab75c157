"""Numbers and bytes as JSON-RPC writes them."""

from __future__ import annotations

import re

__all__ = ["address_text", "from_hex", "is_address", "number", "to_hex"]

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")


def number(text: str) -> int:
    """Read a quantity such as `0x1b`."""
    return int(text, 16)


def from_hex(text: str) -> bytes:
    """Read data such as `0xdead`; raises `ValueError`."""
    return bytes.fromhex(text.removeprefix("0x"))


def to_hex(value: int | bytes) -> str:
    """Write a quantity (no leading zeros) or data."""
    return hex(value) if isinstance(value, int) else "0x" + value.hex()


def is_address(text: str) -> bool:
    """Whether it is 20 bytes of hexadecimal with `0x`, in any case."""
    return _ADDRESS.match(text) is not None


def address_text(word: bytes | str) -> str:
    """The lower-case address in the last 20 bytes of a topic or ABI word."""
    return "0x" + (word if isinstance(word, str) else word.hex())[-40:].lower()
