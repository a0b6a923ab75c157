"""USDC on the wire and on the chains: decimal texts in whole dollars here, smallest units of 10**-6 there."""

from __future__ import annotations

from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import MoneyError, atoms_to_units, format_atoms, parse_atoms, units_to_atoms

__all__ = ["ASSET", "DECIMALS", "read_usdc", "usdc_text"]

ASSET = "USDC"
DECIMALS = 6


def usdc_text(units: int) -> str:
    """Smallest units as decimal text."""
    return format_atoms(units_to_atoms(units, DECIMALS))


def read_usdc(text: str, *, field: str) -> int:
    """Decimal text, not negative, in smallest units; raises `InvalidFieldError`."""
    try:
        units = atoms_to_units(parse_atoms(text, field=field), DECIMALS)
    except MoneyError as error:
        raise InvalidFieldError(field, str(error)) from None
    if units < 0:
        raise InvalidFieldError(field, "must not be negative")
    return units
