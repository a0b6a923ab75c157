"""Changing the terms of an open order. What was spent, or is in a batch, cannot be taken back by it."""

from __future__ import annotations

from indexmaker.identifiers import IdentifierError, check_client_order_id
from indexmaker.money import format_atoms
from indexmaker.solver.commands import IndexOrderReport
from indexmaker.solver.events import OrderAmendRequested
from indexmaker.solver.handlers.funding import fund
from indexmaker.solver.handlers.limits import beyond_life, beyond_limits, count_growth
from indexmaker.solver.handlers.quote_claims import objection_to_loosening
from indexmaker.solver.handlers.terms import (
    Objection,
    Terms,
    apply_price_limit,
    objection_to,
    tradable_amount,
)
from indexmaker.solver.state import IndexOrder, TransferStage, order_id_of
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side

__all__ = ["least_amount", "on_amend", "resize"]

_WAITING = (OrderState.PENDING_COLLATERAL, OrderState.PENDING_TOKENS)
_TRADING = (OrderState.READY, OrderState.ENGAGED)
_NONE: Objection = (RejectReason.NONE, "")


def on_amend(step: Step, event: OrderAmendRequested) -> None:
    """Take the new terms as a whole, or refuse them as a whole."""
    order = step.state.orders.get(order_id_of(event.account, event.client_order_id))
    if order is None:
        step.report(_unknown(step, event))
        return
    known = order.amendments.get(event.amend_id)
    if known is not None:
        step.report(known)
        return
    terms = _new_terms(order, event)
    reason, text = _objection(step, order, event, terms)
    if reason is not RejectReason.NONE:
        answer = step.tell(order, ExecType.REPLACE_REJECTED, reason=reason, text=text, amend_id=event.amend_id)
    else:
        count_growth(step, order, terms.amount - order.amount)
        _apply(order, terms)
        answer = step.tell(order, ExecType.REPLACED, text="the terms were changed", amend_id=event.amend_id)
    if reason is not RejectReason.BAD_CLIENT_ORDER_ID:
        order.amendments[event.amend_id] = answer
    if order.state in _WAITING:
        fund(step, order)


def resize(order: IndexOrder, amount: int) -> None:
    """Give an order another amount, which must be at least `least_amount`.

    Its least units were for the whole amount and change with it, rounded up.
    """
    if order.side is Side.BUY and order.amount:
        order.min_units = -(-order.min_units * amount // order.amount)
    order.amount = amount
    if order.state not in _TRADING:
        return
    if order.side is Side.SELL:
        order.tradable = amount
        return
    order.tradable = tradable_amount(order)
    if order.max_price or order.min_units:
        apply_price_limit(order)


def least_amount(step: Step, order: IndexOrder) -> int:
    """What is traded already or in a batch now: below it the amount cannot go. 0 when nothing is."""
    if order.state not in _TRADING:
        return 0
    if order.side is Side.SELL:
        engaged = 0
        if order.state is OrderState.ENGAGED:
            engaged = sum(
                units for batch in step.batches_open() for name, units, _ in batch.orders if name == order.order_id
            )
        return order.units + engaged
    # the amount behind a tradable T is T + its management fee (rounded up) + the routing fee
    used = order.spent + order.reserved
    fee = -(-used * order.management_fee // 10**18)
    return order.routing_fee + used + fee


def _new_terms(order: IndexOrder, event: OrderAmendRequested) -> Terms:
    return Terms(
        amount=order.amount if event.amount is None else event.amount,
        max_price=order.max_price if event.max_price is None else event.max_price,
        min_units=order.min_units,
        max_fee=order.max_fee if event.max_fee is None else event.max_fee,
        expires_at=order.expires_at if event.expires_at is None else event.expires_at,
    )


def _objection(step: Step, order: IndexOrder, event: OrderAmendRequested, terms: Terms) -> Objection:
    try:
        check_client_order_id(event.amend_id)
    except IdentifierError as error:
        return RejectReason.BAD_CLIENT_ORDER_ID, str(error)
    if order.state not in (*_WAITING, *_TRADING, OrderState.ROUTING) or order.ending is not None:
        return RejectReason.TOO_LATE, f"the order is {order.state.lower()}{', about to end' * bool(order.ending)}"
    if terms == _new_terms(order, OrderAmendRequested(account="", client_order_id="", amend_id="")):
        return RejectReason.NOTHING_TO_AMEND, "the terms are those that the order has already"
    objection = objection_to(terms, index=step.index_of(order), side=order.side, at=step.at)
    if objection != _NONE:
        return objection
    if event.expires_at == 0:
        return RejectReason.EXPIRY_IN_PAST, "an expiry cannot be taken away; name a later one"
    objection = objection_to_loosening(step, order, terms)
    if objection == _NONE and terms.expires_at != order.expires_at and order.first is not None:
        objection = beyond_life(step, terms.expires_at, since=order.first.at)
    if objection == _NONE and terms.max_fee != order.max_fee:
        objection = _objection_to_fee(step, order)
    if objection == _NONE and terms.amount != order.amount:
        objection = _objection_to_amount(step, order, terms.amount)
    return objection


def _objection_to_amount(step: Step, order: IndexOrder, amount: int) -> Objection:
    least = least_amount(step, order)
    if amount < least:
        return RejectReason.ALREADY_USED, f"{format_atoms(least)} is traded already or in a batch"
    if order.lot_key and amount > order.deposit:
        text = f"the request that funds the order holds {format_atoms(order.deposit)}; place another order for more"
        return RejectReason.AMOUNT_ABOVE_MAXIMUM, text
    if amount < order.amount:
        return _NONE
    added = amount - order.amount
    index = step.index_of(order)
    return beyond_limits(step, index, account=order.account, side=order.side, amount=added, grows=True)


def _objection_to_fee(step: Step, order: IndexOrder) -> Objection:
    transfer = step.state.transfers.get(order.transfer_id)
    if order.state in _WAITING or transfer is None or transfer.stage is TransferStage.QUOTING:
        return _NONE
    return RejectReason.TOO_LATE, "the fees were quoted within the limit and agreed when the collateral left"


def _apply(order: IndexOrder, terms: Terms) -> None:
    order.max_price = terms.max_price
    order.max_fee = terms.max_fee
    order.expires_at = terms.expires_at
    resize(order, terms.amount)
    if order.state in _TRADING:
        apply_price_limit(order)


def _unknown(step: Step, event: OrderAmendRequested) -> IndexOrderReport:
    return IndexOrderReport(
        order_id="",
        account=event.account,
        client_order_id=event.client_order_id,
        index="",
        side=Side.BUY,
        exec_type=ExecType.REPLACE_REJECTED,
        state=OrderState.REJECTED,
        amount=0,
        reason=RejectReason.UNKNOWN_ORDER,
        text="no such order of this account",
        amend_id=event.amend_id,
        at=step.at,
    )
