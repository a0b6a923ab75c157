"""Fields of requests, checked as they come in."""

from __future__ import annotations

from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import MoneyError, parse_atoms
from indexmaker_evm.rpc import from_hex, is_address

__all__ = ["address", "bytes_of", "decimal_of", "symbol_of", "uint_of"]

UINT256 = 1 << 256
MAX_SYMBOL = 32


def address(text: str, *, field: str) -> str:
    """A lower-case address; raises `InvalidFieldError`."""
    if not is_address(text):
        raise InvalidFieldError(field, "20 bytes of hexadecimal with 0x are needed")
    return text.lower()


def uint_of(text: str, *, field: str) -> int:
    """A whole number that fits 256 bits; raises `InvalidFieldError`."""
    if not (text.isascii() and text.isdecimal() and int(text) < UINT256):
        raise InvalidFieldError(field, "a whole number of at most 256 bits is needed")
    return int(text)


def decimal_of(text: str, *, field: str) -> int:
    """A decimal that is not negative, in atoms; raises `InvalidFieldError`."""
    try:
        atoms = parse_atoms(text, field=field)
    except MoneyError as error:
        raise InvalidFieldError(field, str(error)) from None
    if atoms < 0:
        raise InvalidFieldError(field, "must not be negative")
    return atoms


def bytes_of(text: str, *, length: int, field: str) -> bytes:
    """Data of a length; raises `InvalidFieldError`."""
    try:
        data = from_hex(text)
    except ValueError:
        data = b""
    if len(data) != length:
        raise InvalidFieldError(field, f"{length} bytes of hexadecimal with 0x are needed")
    return data


def symbol_of(text: str, *, field: str) -> str:
    """An asset's or index's symbol; raises `InvalidFieldError`."""
    if not (text.isascii() and text.isprintable() and 1 <= len(text) <= MAX_SYMBOL):
        raise InvalidFieldError(field, f"1 to {MAX_SYMBOL} visible ASCII characters are needed")
    return text
