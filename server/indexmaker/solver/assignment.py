"""Giving what a batch obtained to its orders: weakest leg first, one average price for each side, to the last
atom. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from indexmaker.money import ATOMS, split_pro_rata
from indexmaker.solver.batching.filling import Share, fill_fairly
from indexmaker.solver.batching.strategy import asset_release, asset_use
from indexmaker.solver.vocabulary import Side, Value

__all__ = ["HOUSE", "Obtained", "Part", "Planned", "Source", "Trader", "fill_units", "flows", "split_sources"]

HOUSE = ""
"""The key under which the house takes part in a split."""

_ROUNDS = 12


class Trader(Protocol):
    """Whoever trades a basket: an order as asked for, or as planned."""

    @property
    def order_id(self) -> str:
        """Its name."""
        ...

    @property
    def side(self) -> Side:
        """Whether it takes assets or gives them."""
        ...

    @property
    def quantities(self) -> tuple[tuple[str, int], ...]:
        """Assets per unit."""
        ...


class Planned(Value, frozen=True, kw_only=True):
    """An order of the batch: the units planned, their price as its weight, and the grid of its units."""

    order_id: str
    side: Side = Side.BUY
    units: int
    price: int
    quantities: tuple[tuple[str, int], ...]
    grid: int = 1


class Obtained(Value, frozen=True, kw_only=True):
    """One asset: what venues gave and took for the orders, the inventory that buyers may have, and what the house
    takes from sellers.
    """

    bought: int = 0
    sold: int = 0
    inventory: int = 0
    absorb: int = 0


class Source(Value, frozen=True, kw_only=True):
    """Something to share out: a quantity, what it cost (or brought) and the commission on it."""

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


def flows(traders: Sequence[Trader], units: Mapping[str, int]) -> tuple[dict[str, int], dict[str, int]]:
    """What buyers need (rounded up) and what sellers give (rounded down) of each asset at these units."""
    needed: dict[str, int] = {}
    given: dict[str, int] = {}
    for order in traders:
        for asset, quantity in order.quantities:
            if order.side is Side.BUY:
                needed[asset] = needed.get(asset, 0) + asset_use(quantity, units=units[order.order_id])
            else:
                given[asset] = given.get(asset, 0) + asset_release(quantity, units=units[order.order_id])
    return needed, given


def fill_units(planned: Sequence[Planned], obtained: Mapping[str, Obtained]) -> dict[str, int]:
    """Units each order is filled with: max-min fair on each side, at most its plan, in basket proportion.

    Buyers share what was bought, the inventory and what sellers give; sellers what was sold, what the house absorbs
    and what buyers take. Each side bounds the other, so both are filled in turn, never with more than before. Should
    they not agree within a few rounds, buyers go without the sellers' assets. Units are rounded down to their grid; the
    few atoms that this leaves of the sellers' assets are the house's.
    """
    units = {order.order_id: _on_grid(order, order.units) for order in planned}
    if _fits(planned, units, obtained):
        return units
    buyers = [order for order in planned if order.side is Side.BUY]
    sellers = [order for order in planned if order.side is Side.SELL]
    for number in range(_ROUNDS):
        before = dict(units)
        _, given = flows(sellers, units)
        units |= _filled(buyers, {a: o.bought + o.inventory + given.get(a, 0) for a, o in obtained.items()}, units)
        if _fits(planned, units, obtained, dust=number > 0):
            return units
        taken, _ = flows(buyers, units)
        units |= _filled(sellers, {a: o.sold + o.absorb + taken.get(a, 0) for a, o in obtained.items()}, units)
        if units == before or _fits(planned, units, obtained):
            return units
    units |= _filled(buyers, {a: o.bought + o.inventory for a, o in obtained.items()}, units)
    taken, _ = flows(buyers, units)
    return units | _filled(sellers, {a: o.sold + o.absorb + taken.get(a, 0) for a, o in obtained.items()}, units)


def _fits(
    planned: Sequence[Planned], units: Mapping[str, int], obtained: Mapping[str, Obtained], *, dust: bool = False
) -> bool:
    """Buyers never need more than there is; of the sellers' assets the house may take what rounding leaves over."""
    needed, given = flows(planned, units)
    nothing = Obtained()
    for asset in needed.keys() | given.keys():
        known = obtained.get(asset, nothing)
        net = needed.get(asset, 0) - given.get(asset, 0)
        if net > known.bought + known.inventory or -net > known.sold + known.absorb + (
            _dust(planned, asset) if dust else 0
        ):
            return False
    return True


def _dust(planned: Sequence[Planned], asset: str) -> int:
    """What rounding can come to: units to their grids, values and quantities to atoms, which the quantity of the
    scarcest asset turns into units.
    """
    total = 0
    for order in planned:
        held = {name: quantity for name, quantity in order.quantities if quantity > 0}
        if asset in held:
            units = order.grid + ATOMS // max(1, order.price) + 3 * len(planned) * ATOMS // min(held.values()) + 2
            total += asset_use(held[asset], units=units) + 2
    return total


def _filled(orders: Sequence[Planned], room: Mapping[str, int], most: Mapping[str, int]) -> dict[str, int]:
    shares = [
        Share(
            order_id=order.order_id,
            price=max(1, order.price),
            quantities=order.quantities,
            cap=-(-most[order.order_id] * max(1, order.price) // ATOMS),
        )
        for order in orders
    ]
    allowed = fill_fairly(shares, room=room)
    return {order.order_id: _on_grid(order, min(most[order.order_id], allowed[order.order_id])) for order in orders}


def _on_grid(order: Planned, units: int) -> int:
    """Round down to the grid; a sale so small that it frees no atom of some asset is none."""
    units -= units % order.grid
    sells = order.side is Side.SELL
    nothing = sells and any(
        quantity > 0 and not asset_release(quantity, units=units) for _, quantity in order.quantities
    )
    return 0 if nothing else units


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
