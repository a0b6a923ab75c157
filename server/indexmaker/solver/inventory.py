"""The house's lots: surplus kept oldest first, one for each venue trade, and taken in that order; and what it owes."""

from __future__ import annotations

import msgspec

from indexmaker.solver.state import InventoryLot, Short

__all__ = ["cover", "free_quantities", "owed_quantities", "put_back", "take"]


def free_quantities(inventory: list[InventoryLot]) -> dict[tuple[str, str], int]:
    """What is free by asset and venue."""
    free: dict[tuple[str, str], int] = {}
    for lot in inventory:
        free[lot.asset, lot.venue] = free.get((lot.asset, lot.venue), 0) + lot.quantity
    return free


def owed_quantities(shorts: list[Short]) -> dict[tuple[str, str], int]:
    """What has to be bought back, by asset and venue."""
    owed: dict[tuple[str, str], int] = {}
    for short in shorts:
        owed[short.asset, short.venue] = owed.get((short.asset, short.venue), 0) + short.quantity
    return owed


def put_back(inventory: list[InventoryLot], lot: InventoryLot) -> None:
    """Add a lot at its place by age; a part of a trade that is there already joins it."""
    for known in inventory:
        if (known.venue, known.symbol, known.trade_id) == (lot.venue, lot.symbol, lot.trade_id):
            known.quantity += lot.quantity
            known.cost += lot.cost
            return
    inventory.append(lot)
    inventory.sort(key=lambda each: (each.sequence, each.venue, each.symbol, each.trade_id))


def take(inventory: list[InventoryLot], *, asset: str, quantity: int, venue: str = "") -> list[InventoryLot]:
    """Remove `quantity` (or all there is) at a venue or anywhere, oldest first, splitting the last lot; its cost is
    split pro rata.
    """
    taken: list[InventoryLot] = []
    kept: list[InventoryLot] = []
    for lot in inventory:
        wanted = min(quantity, lot.quantity) if lot.asset == asset and venue in ("", lot.venue) else 0
        if wanted <= 0:
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


def cover(shorts: list[Short], *, asset: str, venue: str, quantity: int) -> int:
    """Strike out what is bought back at a venue, oldest first; returns how much of `quantity` was owed."""
    covered = 0
    kept: list[Short] = []
    for short in shorts:
        part = min(quantity - covered, short.quantity) if (short.asset, short.venue) == (asset, venue) else 0
        covered += part
        if short.quantity > part:
            proceeds = short.proceeds - short.proceeds * part // short.quantity
            kept.append(msgspec.structs.replace(short, quantity=short.quantity - part, proceeds=proceeds))
    shorts[:] = kept
    return covered
