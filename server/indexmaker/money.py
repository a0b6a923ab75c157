"""Exact money: fixed-point integers of 10**-18 ("atoms"), their decimal text, and rounding that names its direction.

Every amount inside the solver (quantity, price, cash) is an `int` of atoms. A product of two such numbers is
brought back to atoms with an explicit direction, so a reader always sees who takes the difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

__all__ = [
    "ATOMS",
    "SCALE",
    "MoneyError",
    "atoms_to_units",
    "ceil_to_step",
    "decimal_text",
    "div_ceil",
    "div_floor",
    "floor_to_step",
    "format_atoms",
    "mul_ceil",
    "mul_floor",
    "parse_atoms",
    "parse_decimal",
    "split_pro_rata",
    "units_to_atoms",
]

SCALE = 18
ATOMS = 1_000_000_000_000_000_000
"""How many atoms make one whole unit of an asset, an index token or a price."""

_GRAMMAR = re.compile(r"-?(0|[1-9][0-9]{0,28})(\.[0-9]{1,18})?\Z")

K = TypeVar("K")


class MoneyError(ValueError):
    """A number that is not a decimal of the documented grammar, or that does not fit the wanted precision."""


def parse_atoms(text: str, *, field: str = "amount") -> int:
    """Read a decimal string exactly.

    The grammar is that of every decimal in the protos: an optional minus, digits without leading zeros (at most
    29), and at most 18 digits after a point. No exponent, no plus, no spaces.

    Raises:
        MoneyError: the text does not follow the grammar; the message names `field`.
    """
    if not _GRAMMAR.match(text):
        raise MoneyError(f"{field}: {text[:64]!r} is not a decimal such as 12.5 (no exponent, at most 18 decimals)")
    negative = text.startswith("-")
    whole, _, fraction = text.lstrip("-").partition(".")
    value = int(whole) * ATOMS + int(fraction.ljust(SCALE, "0") or "0")
    return -value if negative else value


def format_atoms(atoms: int) -> str:
    """Write atoms as the shortest decimal string of the grammar; the inverse of `parse_atoms`."""
    sign = "-" if atoms < 0 else ""
    whole, fraction = divmod(abs(atoms), ATOMS)
    digits = f"{fraction:018d}".rstrip("0")
    return f"{sign}{whole}.{digits}" if digits else f"{sign}{whole}"


def parse_decimal(value: Decimal) -> int:
    """Bring a finite `Decimal` to atoms; raises `MoneyError` when it needs more than 18 decimals."""
    if not value.is_finite():
        raise MoneyError(f"{value} is not a finite number")
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    number = int("".join(map(str, digits)))
    shift = SCALE + exponent
    if shift >= 0:
        number *= int(10**shift)
    else:
        number, rest = divmod(number, int(10**-shift))
        if rest:
            raise MoneyError(f"{value} has more than {SCALE} decimals")
    return -number if sign else number


def decimal_text(value: Decimal) -> str:
    """Write a `Decimal` in the grammar of the protos (never in exponent notation)."""
    return format_atoms(parse_decimal(value))


def units_to_atoms(units: int, decimals: int) -> int:
    """On-chain minimal units of a token with `decimals` (at most 18) to atoms; always exact."""
    if not 0 <= decimals <= SCALE:
        raise MoneyError(f"a token with {decimals} decimals cannot be kept in {SCALE}")
    return units * _unit(decimals)


def atoms_to_units(atoms: int, decimals: int) -> int:
    """Atoms to on-chain minimal units; raises `MoneyError` when the amount is finer than one unit."""
    units, rest = divmod(atoms, _unit(decimals))
    if rest:
        raise MoneyError(f"{format_atoms(atoms)} has more than {decimals} decimals")
    return units


def _unit(decimals: int) -> int:
    """Atoms in one on-chain minimal unit of a token with `decimals`."""
    return int(10 ** (SCALE - decimals))


def floor_to_step(atoms: int, step: int) -> int:
    """The largest multiple of `step` that is not above `atoms`."""
    return atoms - atoms % step


def ceil_to_step(atoms: int, step: int) -> int:
    """The smallest multiple of `step` that is not below `atoms`."""
    return atoms + -atoms % step


def mul_floor(left: int, right: int) -> int:
    """Product of two numbers of atoms, in atoms, rounded towards minus infinity."""
    return left * right // ATOMS


def mul_ceil(left: int, right: int) -> int:
    """Product of two numbers of atoms, in atoms, rounded towards plus infinity."""
    return -(-left * right // ATOMS)


def div_floor(left: int, right: int) -> int:
    """Quotient of two numbers of atoms, in atoms, rounded towards minus infinity."""
    return left * ATOMS // right


def div_ceil(left: int, right: int) -> int:
    """Quotient of two numbers of atoms, in atoms, rounded towards plus infinity."""
    return -(-left * ATOMS // right)


def split_pro_rata(total: int, weights: Mapping[K, int] | Sequence[tuple[K, int]]) -> dict[K, int]:
    """Split `total` (atoms, not negative) by weights so that the parts sum to it exactly.

    Largest remainder: each part is floored, and the atoms left over go one each to the largest remainders; equal
    remainders are served in the order of `weights`, so the result is deterministic. With all weights zero the
    first key takes everything.
    """
    items = list(weights.items()) if isinstance(weights, Mapping) else list(weights)
    if not items:
        if total:
            raise MoneyError("nothing to split between")
        return {}
    whole = sum(weight for _, weight in items)
    if whole == 0:
        return {key: total if index == 0 else 0 for index, (key, _) in enumerate(items)}
    parts = {key: total * weight // whole for key, weight in items}
    left = total - sum(parts.values())
    order = sorted(range(len(items)), key=lambda i: (-(total * items[i][1] % whole), i))
    for index in order[:left]:
        parts[items[index][0]] += 1
    return parts
