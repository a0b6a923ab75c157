"""What batches leave to the house and take from it: surplus covers what it owes and then becomes inventory, what is
missing comes from inventory and is then owed.
"""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.solver import accounts
from indexmaker.solver.inventory import cover, put_back, take
from indexmaker.solver.state import InventoryLot, Short
from indexmaker.solver.step import Step

__all__ = ["gain", "give_up"]


def gain(step: Step, lot: InventoryLot) -> int:
    """Move assets from the trading pot to the house; returns how much of them covered what it owed there."""
    pot = accounts.trading(lot.venue, lot.asset)
    covered = cover(step.state.shorts, asset=lot.asset, venue=lot.venue, quantity=lot.quantity)
    kept = lot.quantity - covered
    step.post(
        Movement.between(pot, accounts.house_short(lot.venue, lot.asset), amount=covered),
        Movement.between(pot, accounts.house_inventory(lot.venue, lot.asset), amount=kept),
    )
    if kept:
        lot.cost = lot.cost * kept // lot.quantity
        lot.quantity = kept
        put_back(step.state.inventory, lot)
    return covered


def give_up(step: Step, short: Short) -> int:
    """Bring assets that were sold without being there into the trading pot; returns how much of it is owed now."""
    pot = accounts.trading(short.venue, short.asset)
    lots = take(step.state.inventory, asset=short.asset, quantity=short.quantity, venue=short.venue)
    held = sum(lot.quantity for lot in lots)
    owed = short.quantity - held
    step.post(
        Movement.between(accounts.house_inventory(short.venue, short.asset), pot, amount=held),
        Movement.between(accounts.house_short(short.venue, short.asset), pot, amount=owed),
    )
    if owed:
        short.proceeds = short.proceeds * owed // short.quantity
        short.quantity = owed
        step.state.shorts.append(short)
    return owed
