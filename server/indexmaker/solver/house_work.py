"""Whether the house has something to trade when no order is ready: what it owes, and inventory above its limit."""

from __future__ import annotations

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver.inventory import free_quantities, owed_quantities
from indexmaker.solver.state import SolverState

__all__ = ["house_assets", "house_groups"]


def house_groups(state: SolverState, known: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The (venue, collateral) of batches for the house alone, beside those that are made anyway (`known`)."""
    wanted: set[tuple[str, str]] = set()
    served = {collateral for _, collateral in known}
    for rules in house_assets(state):
        if rules.quote not in served:
            wanted.add((rules.venue, rules.quote))
    homes = {(index.venue, index.collateral) for index in state.indices.values()}
    chosen: dict[str, tuple[str, str]] = {}
    for venue, collateral in sorted(wanted, key=lambda key: (key not in homes, key)):
        chosen.setdefault(collateral, (venue, collateral))
    return sorted(chosen.values())


def house_assets(state: SolverState) -> list[Instrument]:
    """Instruments in which the house has enough to buy back, or to sell off, for the venue's minimum."""
    free, owed = free_quantities(state.inventory), owed_quantities(state.shorts)
    held: dict[str, int] = {}
    for (asset, _), quantity in free.items():
        held[asset] = held.get(asset, 0) + quantity
    collaterals = {index.collateral for index in state.indices.values()}
    found = []
    for _, rules in sorted(state.instruments.items()):
        if rules.quote not in collaterals:
            continue
        mid = state.marks.get(rules.base, 0)
        key = (rules.base, rules.venue)
        excess = 0
        if mid:
            limit = state.config.inventory_limit_of(rules.base) * ATOMS // mid
            excess = min(free.get(key, 0), held.get(rules.base, 0) - limit)
        if any(_takes(rules, quantity, mid) for quantity in (owed.get(key, 0), excess)):
            found.append(rules)
    return found


def _takes(rules: Instrument, quantity: int, mid: int) -> bool:
    quantity = rules.quantity_down(max(0, quantity))
    if quantity < max(rules.min_quantity, rules.lot_step):
        return False
    return mul_floor(quantity, mid) > rules.min_notional or not rules.min_notional
