"""Sharing the fee of a transfer among its orders. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.money import split_pro_rata

__all__ = ["split_in_units"]


def split_in_units(total: int, weights: Sequence[tuple[str, int]], *, unit: int) -> dict[str, int]:
    """Split a fee in whole token units by weight, largest remainder; what is finer than a unit goes to the
    first.
    """
    units, rest = divmod(total, unit)
    parts = {key: part * unit for key, part in split_pro_rata(units, weights).items()}
    if weights:
        parts[weights[0][0]] += rest
    return parts
