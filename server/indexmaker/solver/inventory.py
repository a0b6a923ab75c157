"""The house's surplus lots: kept oldest first, one for each venue trade, and taken in that order."""

from __future__ import annotations

import msgspec

from indexmaker.solver.state import InventoryLot

__all__ = ["free_quantities", "put_back", "take"]


def free_quantities(inventory: list[InventoryLot], *, venue: str) -> dict[str, int]:
    """What is free of each asset at a venue."""
    free: dict[str, int] = {}
    for lot in inventory:
        if lot.venue == venue:
            free[lot.asset] = free.get(lot.asset, 0) + lot.quantity
    return free


def put_back(inventory: list[InventoryLot], lot: InventoryLot) -> None:
    """Add a lot at its place by age; a part of a trade that is there already joins it."""
    for known in inventory:
        if (known.venue, known.symbol, known.trade_id) == (lot.venue, lot.symbol, lot.trade_id):
            known.quantity += lot.quantity
            known.cost += lot.cost
            return
    inventory.append(lot)
    inventory.sort(key=lambda each: (each.sequence, each.venue, each.symbol, each.trade_id))


def take(inventory: list[InventoryLot], *, venue: str, asset: str, quantity: int) -> list[InventoryLot]:
    """Remove `quantity` (or all there is), oldest first, splitting the last lot; its cost is split pro rata."""
    taken: list[InventoryLot] = []
    kept: list[InventoryLot] = []
    for lot in inventory:
        wanted = min(quantity, lot.quantity) if (lot.venue, lot.asset) == (venue, asset) else 0
        if not wanted:
            kept.append(lot)
            continue
        quantity -= wanted
        cost = lot.cost * wanted // lot.quantity
        taken.append(msgspec.structs.replace(lot, quantity=wanted, cost=cost))
        if lot.quantity > wanted:
            rest = msgspec.structs.replace(lot, quantity=lot.quantity - wanted, cost=lot.cost - cost)
            kept.append(rest)
    inventory[:] = kept
    return taken
