"""Booking a part of a batch's assets: to a buyer who pays for it, or from a seller who gets its value."""

from __future__ import annotations

from indexmaker.ledger import Account, Movement
from indexmaker.solver import accounts
from indexmaker.solver.assignment import Part
from indexmaker.solver.commands import InvoiceLot
from indexmaker.solver.state import Batch, HouseDemand
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import LotSource, Value

__all__ = ["Origin", "give", "receive"]


class Origin(Value, frozen=True, kw_only=True):
    """Where a part comes from, or went to."""

    asset: str
    venue: str
    symbol: str
    trade_id: str
    price: int
    source: LotSource


def give(step: Step, batch: Batch, origin: Origin, part: Part) -> None:
    """Hand assets to a buyer against its reserved money, or to an index against its cash."""
    demand = step.state.demands.get(part.taker)
    if demand is not None:
        _give_index(step, batch, origin, part, demand)
        return
    order = step.state.orders[part.taker]
    cost = min(part.cost, order.reserved)
    fee = min(part.fee, order.reserved - cost)
    if (cost, fee) != (part.cost, part.fee):
        text = f"{origin.asset} cost more than its limit allows: the house pays the difference"
        step.alert("OVERCHARGE", batch.batch_id, text, order.order_id)
    order.lots.append(_lot(batch, origin, part, cost=cost, fee=fee))
    order.spent += cost + fee
    target = accounts.owned_assets(order.account, origin.venue, origin.asset)
    reserved = accounts.at_venue(order.account, "reserved", batch.venue, batch.collateral)
    spent = accounts.at_venue(order.account, "spent", batch.venue, batch.collateral)
    step.post(
        Movement.between(_pot(origin), target, amount=part.quantity),
        Movement.between(reserved, spent, amount=cost + fee),
    )
    order.reserved -= cost + fee


def _give_index(step: Step, batch: Batch, origin: Origin, part: Part, demand: HouseDemand) -> None:
    demand.value += part.cost
    demand.fees += part.fee
    target = accounts.backing(demand.index, origin.venue, origin.asset)
    cash = accounts.index_cash(demand.index, batch.venue, batch.collateral)
    house = accounts.house_cash(accounts.venue_place(batch.venue), batch.collateral)
    step.post(
        Movement.between(_pot(origin), target, amount=part.quantity),
        Movement.between(cash, house, amount=part.cost + part.fee),
    )


def receive(step: Step, batch: Batch, origin: Origin, part: Part) -> None:
    """Credit a seller, or an index, with the value of what it gave; the assets were pledged when the batch began."""
    cash = accounts.house_cash(accounts.venue_place(batch.venue), batch.collateral)
    demand = step.state.demands.get(part.taker)
    if demand is not None:
        demand.value += part.cost
        demand.fees += part.fee
        target = accounts.index_cash(demand.index, batch.venue, batch.collateral)
        step.post(Movement.between(cash, target, amount=part.cost - part.fee))
        return
    order = step.state.orders[part.taker]
    fee = min(part.fee, part.cost)
    if fee != part.fee:
        text = f"the commission on {origin.asset} is more than it brought: the house pays the difference"
        step.alert("OVERCHARGE", batch.batch_id, text, order.order_id)
    order.lots.append(_lot(batch, origin, part, cost=part.cost, fee=fee))
    order.proceeds += part.cost
    order.sale_fees += fee
    target = accounts.proceeds(order.account, batch.venue, batch.collateral)
    step.post(Movement.between(cash, target, amount=part.cost - fee))


def _pot(origin: Origin) -> Account:
    pot = accounts.house_inventory if origin.source is LotSource.INVENTORY else accounts.trading
    return pot(origin.venue, origin.asset)


def _lot(batch: Batch, origin: Origin, part: Part, *, cost: int, fee: int) -> InvoiceLot:
    return InvoiceLot(
        asset=origin.asset,
        venue=origin.venue,
        symbol=origin.symbol,
        trade_id=origin.trade_id,
        batch_id=batch.batch_id,
        quantity=part.quantity,
        price=origin.price,
        value=cost,
        fee=fee,
        source=origin.source,
    )
