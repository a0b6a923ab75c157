"""The legs of a batch on the venue: place, take answers, ask when nobody answers. A refusal concerns its leg
alone.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.instruments import RuleViolation
from indexmaker.money import ATOMS, format_atoms
from indexmaker.solver.commands import PlaceAssetOrder, QueryAssetOrder
from indexmaker.solver.events import (
    AssetOrderAccepted,
    AssetOrderDone,
    AssetOrderRejected,
    AssetOrderUnknown,
)
from indexmaker.solver.handlers.closing import close_if_done
from indexmaker.solver.handlers.reference import instrument_key
from indexmaker.solver.state import AssetOrder, AssetOrderState, Batch, Leg
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import RejectClass, Side

__all__ = [
    "finish",
    "on_accepted",
    "on_done",
    "on_rejected",
    "on_unknown",
    "place_leg",
    "retry_and_query",
]


def place_leg(step: Step, batch: Batch, leg: Leg) -> None:
    """Send the leg's order, as the instrument's rules are now; a leg that they forbid is closed."""
    instrument = step.state.instruments[instrument_key(leg.venue, leg.symbol)]
    price = instrument.price_within(leg.limit_price, buy=leg.side is Side.BUY)
    quantity = instrument.quantity_down(leg.quantity)
    try:
        instrument.check(quantity=quantity, price=price)
    except RuleViolation as violation:
        leg.closed = True
        step.alert("LEG", _name(leg, batch.batch_id), str(violation))
        return
    leg.attempts += 1
    client_order_id = derived_id("a", batch.batch_id, leg.venue, leg.asset, leg.attempts)
    order = AssetOrder(
        client_order_id=client_order_id,
        batch_id=batch.batch_id,
        asset=leg.asset,
        venue=leg.venue,
        symbol=leg.symbol,
        side=leg.side,
        price=price,
        quantity=quantity,
        state=AssetOrderState.SENT,
        asked_at=step.at,
    )
    step.state.asset_orders[client_order_id] = order
    step.state.live_asset_orders.add(client_order_id)
    step.send(
        PlaceAssetOrder(
            command_id=client_order_id,
            batch_id=batch.batch_id,
            venue=leg.venue,
            symbol=leg.symbol,
            side=leg.side,
            price=price,
            quantity=quantity,
            client_order_id=client_order_id,
        )
    )


def on_accepted(step: Step, event: AssetOrderAccepted) -> None:
    """The venue has it; after a restart it is asked what became of it."""
    order = step.state.asset_orders.get(event.client_order_id)
    if order is None or order.state not in (AssetOrderState.SENT, AssetOrderState.UNKNOWN):
        return
    order.state = AssetOrderState.LIVE
    step.confirm(order.client_order_id)
    if not order.query_command:
        step.await_answer(_query(order))


def on_done(step: Step, event: AssetOrderDone) -> None:
    """The order is over; the leg too, once all its trades are known."""
    order = step.state.asset_orders.get(event.client_order_id)
    if order is None or order.done_quantity >= 0:
        return
    order.done_quantity = max(0, event.executed_quantity)
    if order.state is AssetOrderState.DONE:
        if order.executed < order.done_quantity:
            text = "an order given up was executed after all; its trades are expected"
            step.alert("LATE_FILL", order.client_order_id, text)
        return
    _forget_commands(step, order)
    finish(step, order)


def finish(step: Step, order: AssetOrder) -> None:
    """Close the leg when the venue's word and the trades agree; until then the trades are still on their way."""
    if order.state is AssetOrderState.DONE or order.done_quantity < 0:
        return
    if order.executed >= order.done_quantity:
        _give_up(step, order)
    else:
        order.state = AssetOrderState.LIVE
        if not order.query_command:
            step.await_answer(_query(order))


def on_rejected(step: Step, event: AssetOrderRejected) -> None:
    """Decide by class; the other legs go on."""
    order = step.state.asset_orders.get(event.client_order_id)
    if order is None or order.state in (AssetOrderState.DONE, AssetOrderState.RETRY):
        return
    if event.reject_class is RejectClass.UNKNOWN:
        on_unknown(step, AssetOrderUnknown(client_order_id=event.client_order_id, reason=event.reason))
        return
    if event.reject_class is RejectClass.NOT_FOUND:
        _not_found(step, order)
        return
    _forget_commands(step, order)
    if event.reject_class is RejectClass.FILTER and _requantise(step, order):
        return
    if event.reject_class is RejectClass.RATE and _leg(step, order).attempts < step.state.config.leg_attempts:
        order.state = AssetOrderState.RETRY
        order.retry_at = step.at + step.state.config.rate_backoff_ns * 2 ** (_leg(step, order).attempts - 1)
        return
    if event.reject_class is RejectClass.BALANCE:
        step.state.holds[instrument_key(order.venue, order.symbol)] = step.at + step.state.config.hold_ns
    text = f"{event.reject_class}: {event.reason or 'no reason given'}"
    step.alert("LEG_REJECTED", _name(order, order.batch_id), text)
    _give_up(step, order)


def on_unknown(step: Step, event: AssetOrderUnknown) -> None:
    """Nothing is decided before the venue was asked."""
    order = step.state.asset_orders.get(event.client_order_id)
    if order is not None and order.state in (AssetOrderState.SENT, AssetOrderState.LIVE):
        _ask(step, order)


def retry_and_query(step: Step) -> None:
    """Replace the orders whose back-off is over; ask about those that have been silent too long."""
    silence = step.state.config.order_timeout_ns
    for order in step.asset_orders_live():
        if order.state is AssetOrderState.RETRY and order.retry_at <= step.at:
            _retire(step, order)
            batch = step.state.batches[order.batch_id]
            place_leg(step, batch, _leg(step, order))
            close_if_done(step, batch)
        elif order.state is not AssetOrderState.RETRY and step.at - order.asked_at >= silence:
            _ask(step, order)


def _leg(step: Step, order: AssetOrder) -> Leg:
    return step.state.batches[order.batch_id].leg(order.asset, order.venue)


def _name(traded: Leg | AssetOrder, batch_id: str) -> str:
    return f"{batch_id}:{traded.venue}:{traded.asset}"


def _query(order: AssetOrder) -> QueryAssetOrder:
    order.queries += 1
    order.query_command = derived_id("aq", order.client_order_id, order.queries)
    return QueryAssetOrder(
        command_id=order.query_command,
        venue=order.venue,
        symbol=order.symbol,
        client_order_id=order.client_order_id,
    )


def _ask(step: Step, order: AssetOrder) -> None:
    _forget_commands(step, order)
    order.state = AssetOrderState.UNKNOWN
    order.asked_at = step.at
    step.send(_query(order))


def _forget_commands(step: Step, order: AssetOrder) -> None:
    step.confirm(order.client_order_id)
    if order.query_command:
        step.confirm(order.query_command)
        order.query_command = ""


def _not_found(step: Step, order: AssetOrder) -> None:
    """Asked often enough without an answer, the leg ends with the trades that are known; what still appears is the
    house's.
    """
    _forget_commands(step, order)
    if order.queries < step.state.config.query_attempts:
        return
    known = f"with {format_atoms(order.executed)} executed" if order.executed else "unfilled"
    step.alert("LEG_LOST", order.client_order_id, f"the venue does not know the order; its leg ends {known}")
    _give_up(step, order)


def _requantise(step: Step, order: AssetOrder) -> bool:
    """Send again when the rules known now ask for other numbers; False when they do not."""
    leg = _leg(step, order)
    batch = step.state.batches[order.batch_id]
    instrument = step.state.instruments[instrument_key(order.venue, order.symbol)]
    price = instrument.price_within(leg.limit_price, buy=leg.side is Side.BUY)
    quantity = instrument.quantity_down(leg.quantity)
    if instrument.max_notional and price:
        quantity = instrument.quantity_down(min(quantity, instrument.max_notional * ATOMS // price))
    if (price, quantity) == (order.price, order.quantity) or leg.attempts >= step.state.config.leg_attempts:
        return False
    leg.quantity = quantity
    _retire(step, order)
    place_leg(step, batch, leg)
    close_if_done(step, batch)
    return True


def _retire(step: Step, order: AssetOrder) -> None:
    _forget_commands(step, order)
    order.state = AssetOrderState.DONE
    step.state.live_asset_orders.discard(order.client_order_id)


def _give_up(step: Step, order: AssetOrder) -> None:
    """No more is expected of this order."""
    _retire(step, order)
    _leg(step, order).closed = True
    close_if_done(step, step.state.batches[order.batch_id])
