"""Venue trades: each is booked once, whatever it is told with and whenever it comes."""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.events import ExecutionReported
from indexmaker.solver.handlers.asset_orders import finish
from indexmaker.solver.handlers.house import gain, give_up
from indexmaker.solver.state import AssetOrderState, Fill, InventoryLot, Leg, Short
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Side

__all__ = ["on_execution"]


def on_execution(step: Step, event: ExecutionReported) -> None:
    """Book a trade of ours. One whose leg is closed already is the house's, with an alert."""
    key = f"{event.venue}:{event.symbol}:{event.trade_id}"
    if key in step.state.trades or event.quantity <= 0 or event.price <= 0:
        return
    order = step.state.asset_orders.get(event.client_order_id)
    if order is None and _is_pruned(step, event):
        return
    if order is None or (order.venue, order.symbol) != (event.venue, event.symbol):
        step.state.trades[key] = ""
        step.alert("FOREIGN_FILL", key, "a trade of an order that was not sent from here: not booked")
        return
    step.state.trades[key] = order.batch_id
    batch = step.state.batches[order.batch_id]
    leg = batch.leg(order.asset, order.venue)
    fill = _fill(step, event, leg, batch.collateral)
    _book(step, event, leg, batch.collateral)
    order.executed += event.quantity
    if leg.closed:
        leg.late.append(fill)
        _late(step, leg, fill)
        return
    leg.fills.append(fill)
    if order.state in (AssetOrderState.SENT, AssetOrderState.UNKNOWN):
        order.asked_at = step.at
    finish(step, order)


def _is_pruned(step: Step, event: ExecutionReported) -> bool:
    """Whether it is told again after its order was let go of."""
    floor = step.state.trade_floors.get(f"{event.venue}:{event.symbol}", 0)
    return event.trade_id.isdecimal() and int(event.trade_id) <= floor


def _fill(step: Step, event: ExecutionReported, leg: Leg, collateral: str) -> Fill:
    """Split the payment into what was kept and the commission.

    One in a third asset is valued at that asset's last mid; where none is known the house bears it.
    """
    commission = max(0, event.commission)
    sold = leg.side is Side.SELL
    net, fee = event.quantity, 0
    cost = mul_floor(event.price, event.quantity) if sold else mul_ceil(event.price, event.quantity)
    if event.commission_asset == leg.asset and not sold:
        commission = min(commission, event.quantity)
        net = event.quantity - commission
        fee = mul_floor(event.price, commission)
        cost -= fee
    elif event.commission_asset == leg.asset:
        fee = mul_ceil(event.price, commission)
    elif event.commission_asset == collateral:
        fee = commission
    elif commission:
        fee = mul_ceil(commission, step.state.marks.get(event.commission_asset, 0))
        if not fee:
            text = f"a commission in {event.commission_asset} has no known price: the house bears it"
            step.alert("FEE_UNVALUED", f"{event.venue}:{event.symbol}:{event.trade_id}", text)
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


def _book(step: Step, event: ExecutionReported, leg: Leg, collateral: str) -> None:
    """Assets against money; a commission leaves whatever it was taken from."""
    venue, asset = leg.venue, leg.asset
    cash = accounts.house_cash(accounts.venue_place(venue), collateral)
    others_cash, others = accounts.venue_world(venue, collateral), accounts.venue_world(venue, asset)
    pot = accounts.trading(venue, asset)
    commission = max(0, event.commission)
    if leg.side is Side.SELL:
        received = mul_floor(event.price, event.quantity)
        movements = [
            Movement.between(others_cash, cash, amount=received),
            Movement.between(pot, others, amount=event.quantity),
        ]
    else:
        inside = min(commission, event.quantity) if event.commission_asset == asset else 0
        movements = [
            Movement.between(cash, others_cash, amount=mul_ceil(event.price, event.quantity)),
            Movement.between(others, pot, amount=event.quantity - inside),
        ]
        commission = 0 if event.commission_asset == asset else commission
    if commission:
        source = accounts.house_cash(accounts.venue_place(venue), event.commission_asset)
        world = accounts.venue_world(venue, event.commission_asset)
        movements.append(Movement.between(source, world, amount=commission))
    step.post(*movements)


def _late(step: Step, leg: Leg, fill: Fill) -> None:
    """The batch is shared out: what was bought is the house's, what was sold the house owes."""
    if leg.side is Side.SELL:
        step.alert("LATE_FILL", fill.client_order_id, f"{leg.asset} sold after its leg was closed: to be bought back")
        give_up(
            step,
            Short(
                sequence=step.sequence,
                venue=leg.venue,
                asset=leg.asset,
                symbol=leg.symbol,
                trade_id=fill.trade_id,
                quantity=fill.quantity,
                proceeds=fill.cost - fill.fee,
            ),
        )
        return
    step.alert("LATE_FILL", fill.client_order_id, f"{leg.asset} bought after its leg was closed: to inventory")
    if not fill.net:
        return
    gain(
        step,
        InventoryLot(
            sequence=step.sequence,
            venue=leg.venue,
            asset=leg.asset,
            symbol=leg.symbol,
            trade_id=fill.trade_id,
            quantity=fill.net,
            cost=fill.cost + fill.fee,
        ),
    )
