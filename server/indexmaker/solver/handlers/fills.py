"""Venue trades: each is booked once, whatever it is told with and whenever it comes."""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.events import ExecutionReported
from indexmaker.solver.handlers.asset_orders import finish
from indexmaker.solver.inventory import put_back
from indexmaker.solver.state import AssetOrder, AssetOrderState, Batch, Fill, InventoryLot, Leg
from indexmaker.solver.step import Step

__all__ = ["on_execution"]


def on_execution(step: Step, event: ExecutionReported) -> None:
    """Book a trade of ours. One whose leg is closed already becomes house inventory, with an alert."""
    key = f"{event.venue}:{event.symbol}:{event.trade_id}"
    if key in step.state.trades or event.quantity <= 0 or event.price <= 0:
        return
    order = step.state.asset_orders.get(event.client_order_id)
    if order is None or (order.venue, order.symbol) != (event.venue, event.symbol):
        step.state.trades[key] = ""
        step.alert("FOREIGN_FILL", key, "a trade of an order that was not sent from here: not booked")
        return
    step.state.trades[key] = order.batch_id
    batch = step.state.batches[order.batch_id]
    leg = next(leg for leg in batch.legs if leg.asset == order.asset)
    fill = _fill(step, event, leg.asset, batch.collateral)
    _book(step, event, batch, fill, leg.asset)
    order.executed += event.quantity
    if leg.closed:
        leg.late.append(fill)
        _late(step, batch, leg, fill, order)
        return
    leg.fills.append(fill)
    if order.state in (AssetOrderState.SENT, AssetOrderState.UNKNOWN):
        order.asked_at = step.at
    finish(step, order)


def _fill(step: Step, event: ExecutionReported, asset: str, collateral: str) -> Fill:
    """Split the payment into what was kept and the commission; one in a third asset is valued at its last
    mid.
    """
    commission = max(0, event.commission)
    paid = mul_ceil(event.price, event.quantity)
    net, cost, fee = event.quantity, paid, 0 if not commission else None
    if event.commission_asset == asset:
        commission = min(commission, event.quantity)
        net = event.quantity - commission
        fee = mul_floor(event.price, commission)
        cost = paid - fee
    elif event.commission_asset == collateral:
        fee = commission
    elif commission and event.commission_asset in step.state.marks:
        fee = mul_ceil(commission, step.state.marks[event.commission_asset])
    return Fill(
        symbol=event.symbol,
        trade_id=event.trade_id,
        client_order_id=event.client_order_id,
        at=event.at,
        price=event.price,
        quantity=event.quantity,
        net=net,
        cost=cost,
        commission=commission,
        commission_asset=event.commission_asset,
        fee=fee,
    )


def _book(step: Step, event: ExecutionReported, batch: Batch, fill: Fill, asset: str) -> None:
    venue = batch.venue
    cash = accounts.house_cash(accounts.venue_place(venue), batch.collateral)
    paid = mul_ceil(event.price, event.quantity)
    movements = [
        Movement.between(cash, accounts.venue_world(venue, batch.collateral), amount=paid),
        Movement.between(accounts.venue_world(venue, asset), accounts.trading(venue, asset), amount=fill.net),
    ]
    if fill.commission and fill.commission_asset != asset:
        source = accounts.house_cash(accounts.venue_place(venue), fill.commission_asset)
        world = accounts.venue_world(venue, fill.commission_asset)
        movements.append(Movement.between(source, world, amount=fill.commission))
    step.post(*movements)


def _late(step: Step, batch: Batch, leg: Leg, fill: Fill, order: AssetOrder) -> None:
    step.alert("LATE_FILL", order.client_order_id, f"{leg.asset} bought after its leg was closed: to inventory")
    source = accounts.trading(batch.venue, leg.asset)
    target = accounts.house_inventory(batch.venue, leg.asset)
    step.post(Movement.between(source, target, amount=fill.net))
    put_back(
        step.state.inventory,
        InventoryLot(
            sequence=step.sequence,
            venue=batch.venue,
            asset=leg.asset,
            symbol=leg.symbol,
            trade_id=fill.trade_id,
            quantity=fill.net,
            cost=fill.cost + (fill.fee or 0),
        ),
    )
