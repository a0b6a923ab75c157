"""Ending a batch: fill its orders in basket proportion, give them their lots, keep the surplus for next time."""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import mul_ceil
from indexmaker.solver import accounts
from indexmaker.solver.assignment import HOUSE, Part, Source, fill_units, split_sources
from indexmaker.solver.batching.strategy import asset_use
from indexmaker.solver.commands import BatchReport, InvoiceLot, LegReport
from indexmaker.solver.handlers.progress import conclude
from indexmaker.solver.inventory import put_back
from indexmaker.solver.state import Batch, IndexOrder, InventoryLot, Leg
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, LotSource, OrderState

__all__ = ["close_if_done"]


def close_if_done(step: Step, batch: Batch) -> None:
    """Close a batch whose legs are all over; a commission without a known price keeps it open."""
    if batch.closed or not all(leg.closed for leg in batch.legs):
        return
    if not _fees_known(step, batch):
        return
    batch.closed = True
    step.state.open_batches.discard(batch.batch_id)
    orders = [step.state.orders[order_id] for order_id, _, _ in batch.orders]
    units = _fill(step, batch, orders)
    reports = tuple(_share_out(step, batch, leg, orders, units) for leg in batch.legs)
    step.report(
        BatchReport(
            batch_id=batch.batch_id,
            closed=True,
            legs=reports,
            orders=tuple((order.order_id, units[order.order_id]) for order in orders),
            at=step.at,
        )
    )
    for order in orders:
        _release(step, batch, order, units[order.order_id])
    for order in orders:
        conclude(step, order)


def _fees_known(step: Step, batch: Batch) -> bool:
    for leg in batch.legs:
        for fill in leg.fills:
            if fill.fee is None and fill.commission_asset in step.state.marks:
                fill.fee = mul_ceil(fill.commission, step.state.marks[fill.commission_asset])
            if fill.fee is None:
                if not batch.fee_told:
                    batch.fee_told = True
                    text = f"a commission in {fill.commission_asset} has no known price: the batch waits for one"
                    step.alert("FEE_UNVALUED", batch.batch_id, text, *(o for o, _, _ in batch.orders))
                return False
    return True


def _fill(step: Step, batch: Batch, orders: list[IndexOrder]) -> dict[str, int]:
    supplies = {leg.asset: leg.held_quantity + sum(f.net for f in leg.fills) for leg in batch.legs}
    planned = [
        (order.order_id, units, price, order.quantities)
        for order, (_, units, price) in zip(orders, batch.orders, strict=True)
    ]
    decimals = min(step.index_of(order).token_decimals for order in orders)
    return fill_units(planned, supplies=supplies, step=10 ** (18 - decimals))


def _share_out(step: Step, batch: Batch, leg: Leg, orders: list[IndexOrder], units: dict[str, int]) -> LegReport:
    """Inventory first, at the book's mid price; then the fills, the house taking its surplus at the same
    average.
    """
    needs: dict[str, int] = {}
    for order in orders:
        for asset, quantity in order.quantities:
            if asset == leg.asset:
                needs[order.order_id] = asset_use(quantity, units=units[order.order_id])
    stock = [Source(quantity=i.quantity, cost=mul_ceil(i.quantity, leg.mid), fee=0) for i in leg.held]
    from_stock = split_sources(stock, list(needs.items()))
    for part in from_stock:
        needs[part.taker] -= part.quantity
        held = leg.held[part.source]
        _give(step, batch, leg, part, held.trade_id, price=leg.mid, source=LotSource.INVENTORY)
    used = _use_stock(step, batch, leg, from_stock)
    fills = [Source(quantity=f.net, cost=f.cost, fee=f.fee or 0) for f in leg.fills]
    surplus = sum(f.quantity for f in fills) - sum(needs.values())
    for part in split_sources(fills, [*needs.items(), (HOUSE, surplus)]):
        fill = leg.fills[part.source]
        if part.taker == HOUSE:
            _keep(step, batch, leg, part, fill.trade_id)
        else:
            _give(step, batch, leg, part, fill.trade_id, price=fill.price, source=LotSource.TRADE)
    return LegReport(
        asset=leg.asset,
        venue=batch.venue,
        symbol=leg.symbol,
        ordered=leg.quantity,
        limit_price=leg.limit_price,
        from_inventory=used,
        executed=sum(f.quantity for f in leg.fills),
        cost=sum(f.cost for f in leg.fills),
        fee=sum(f.fee or 0 for f in leg.fills),
        surplus=surplus,
    )


def _give(step: Step, batch: Batch, leg: Leg, part: Part, trade_id: str, *, price: int, source: LotSource) -> None:
    order = step.state.orders[part.taker]
    cost = min(part.cost, order.reserved)
    fee = min(part.fee, order.reserved - cost)
    if (cost, fee) != (part.cost, part.fee):
        text = f"{leg.asset} cost more than its limit allows: the house pays the difference"
        step.alert("OVERCHARGE", batch.batch_id, text, order.order_id)
    order.lots.append(
        InvoiceLot(
            asset=leg.asset,
            venue=batch.venue,
            symbol=leg.symbol,
            trade_id=trade_id,
            batch_id=batch.batch_id,
            quantity=part.quantity,
            price=price,
            value=cost,
            fee=fee,
            source=source,
        )
    )
    order.spent += cost + fee
    pot = accounts.house_inventory if source is LotSource.INVENTORY else accounts.trading
    target = accounts.owned_assets(order.account, batch.venue, leg.asset)
    reserved = accounts.at_venue(order.account, "reserved", batch.venue, batch.collateral)
    spent = accounts.at_venue(order.account, "spent", batch.venue, batch.collateral)
    step.post(
        Movement.between(pot(batch.venue, leg.asset), target, amount=part.quantity),
        Movement.between(reserved, spent, amount=cost + fee),
    )
    order.reserved -= cost + fee


def _use_stock(step: Step, batch: Batch, leg: Leg, parts: list[Part]) -> int:
    """Return what was set aside and not used; it keeps its place in the queue."""
    taken: dict[int, int] = {}
    for part in parts:
        taken[part.source] = taken.get(part.source, 0) + part.quantity
    for number, held in enumerate(leg.held):
        rest = held.quantity - taken.get(number, 0)
        if rest:
            held.cost = held.cost * rest // held.quantity
            held.quantity = rest
            put_back(step.state.inventory, held)
    leg.held = []
    return sum(taken.values())


def _keep(step: Step, batch: Batch, leg: Leg, part: Part, trade_id: str) -> None:
    source = accounts.trading(batch.venue, leg.asset)
    target = accounts.house_inventory(batch.venue, leg.asset)
    step.post(Movement.between(source, target, amount=part.quantity))
    put_back(
        step.state.inventory,
        InventoryLot(
            sequence=step.sequence,
            venue=batch.venue,
            asset=leg.asset,
            symbol=leg.symbol,
            trade_id=trade_id,
            quantity=part.quantity,
            cost=part.cost + part.fee,
        ),
    )


def _release(step: Step, batch: Batch, order: IndexOrder, units: int) -> None:
    """Give back what was reserved and not spent, and put the order in line again."""
    reserved = accounts.at_venue(order.account, "reserved", batch.venue, batch.collateral)
    free = accounts.at_venue(order.account, "routed", batch.venue, batch.collateral)
    step.post(Movement.between(reserved, free, amount=order.reserved))
    order.reserved = 0
    order.units += units
    order.idle = 0 if units else order.idle + 1
    step.enter(order, OrderState.READY)
    exec_type = ExecType.PARTIAL_FILL if units else ExecType.STATUS
    value = sum(lot.value + lot.fee for lot in order.lots if lot.batch_id == batch.batch_id)
    step.tell(order, exec_type, last_units=units, last_value=value, text=f"batch {batch.batch_id} closed")
