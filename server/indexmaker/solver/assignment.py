"""Giving the assets of a batch to its orders: weakest leg first, one average price for all, to the last atom.
Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexmaker.money import ATOMS, split_pro_rata
from indexmaker.solver.batching.filling import Share, fill_fairly
from indexmaker.solver.vocabulary import Value

__all__ = ["HOUSE", "Part", "Source", "fill_units", "split_sources"]

HOUSE = ""
"""The key under which the house takes part in a split."""


class Source(Value, frozen=True, kw_only=True):
    """Something to share out: a quantity, what it cost and the commission on it."""

    quantity: int
    cost: int
    fee: int


class Part(Value, frozen=True, kw_only=True):
    """What one taker gets of one source (by position)."""

    source: int
    taker: str
    quantity: int
    cost: int
    fee: int


def fill_units(
    planned: Sequence[tuple[str, int, int, tuple[tuple[str, int], ...]]],
    *,
    supplies: Mapping[str, int],
    step: int,
) -> dict[str, int]:
    """Units each order is filled with, given what was obtained: max-min fair, at most its plan, in basket
    proportion.

    `planned` are (order, units, price, quantities per unit); units are rounded down to `step`.
    """
    shares = [
        Share(order_id=order_id, price=price, quantities=quantities, cap=-(-units * price // ATOMS))
        for order_id, units, price, quantities in planned
    ]
    allowed = fill_fairly(shares, room=supplies)
    filled = {order_id: min(units, allowed[order_id]) for order_id, units, _, _ in planned}
    return {order_id: units - units % step for order_id, units in filled.items()}


def split_sources(sources: Sequence[Source], needs: Sequence[tuple[str, int]]) -> list[Part]:
    """Share the sources out, each in proportion to what the takers still need, so that all pay the same
    average.

    The needs must sum to the quantity of the sources, except that sources are used up in turn when it is
    more.
    """
    left = dict(needs)
    parts: list[Part] = []
    for number, source in enumerate(sources):
        quantity = min(source.quantity, sum(left.values()))
        if quantity <= 0:
            continue
        quantities = split_pro_rata(quantity, left)
        costs = split_pro_rata(_share(source.cost, quantity, source.quantity), quantities)
        fees = split_pro_rata(_share(source.fee, quantity, source.quantity), quantities)
        for taker, taken in quantities.items():
            left[taker] -= taken
            if taken:
                cost, fee = costs[taker], fees[taker]
                parts.append(Part(source=number, taker=taker, quantity=taken, cost=cost, fee=fee))
    return parts


def _share(amount: int, quantity: int, whole: int) -> int:
    return -(-amount * quantity // whole)
