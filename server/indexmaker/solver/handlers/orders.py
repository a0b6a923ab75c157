"""The door: new index orders and cancels."""

from __future__ import annotations

from indexmaker.identifiers import AccountId, IdentifierError, check_client_order_id
from indexmaker.solver.commands import IndexOrderReport
from indexmaker.solver.events import OrderCancelRequested, OrderSubmitted
from indexmaker.solver.handlers.endings import request_end
from indexmaker.solver.handlers.funding import fund
from indexmaker.solver.handlers.limits import beyond_life, beyond_limits, count_order
from indexmaker.solver.handlers.quote_claims import claim_quote, objection_to_claim
from indexmaker.solver.handlers.terms import Terms, objection_to
from indexmaker.solver.state import IndexOrder, order_id_of
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, IndexState, OrderState, RejectReason, Side

__all__ = ["objection_to_order", "on_cancel", "on_submitted", "order_id_of"]

_AFTER_TRADING = (
    OrderState.MINTABLE,
    OrderState.MINT_SUBMITTED,
    OrderState.MINTED,
    OrderState.PAYABLE,
    OrderState.PAYOUT_ROUTING,
    OrderState.PAID,
)


def on_submitted(step: Step, event: OrderSubmitted) -> None:
    """Take or refuse an order. The same client order id gets the first answer again, whatever else it says."""
    order_id = order_id_of(event.account, event.client_order_id)
    known = step.state.orders.get(order_id)
    if known is not None:
        if known.first is not None:
            step.report(known.first)
        return
    closed = step.state.closed_orders.get(order_id)
    if closed is not None:
        _answer_again(step, event, order_id, closed)
        return
    reason, text = objection_to_order(step, event)
    order = _record(step, event, order_id)
    if reason is RejectReason.NONE:
        step.state.orders[order_id] = order
        index = step.index_of(order)
        sells = order.side is Side.SELL
        order.management_fee = index.redemption_fee if sells else index.management_fee
        step.enter(order, OrderState.PENDING_TOKENS if sells else OrderState.PENDING_COLLATERAL)
        count_order(step, order)
        claim_quote(step, order)
        order.first = step.tell(order, ExecType.NEW)
        fund(step, order)
        return
    order.state = OrderState.REJECTED
    order.first = step.tell(order, ExecType.REJECTED, reason=reason, text=text)
    if reason not in (RejectReason.BAD_ACCOUNT, RejectReason.BAD_CLIENT_ORDER_ID):
        step.state.orders[order_id] = order


def _answer_again(step: Step, event: OrderSubmitted, order_id: str, state: OrderState) -> None:
    """The order ended so long ago that no more is kept of it."""
    taken = state is not OrderState.REJECTED
    step.report(
        IndexOrderReport(
            order_id=order_id,
            account=event.account.lower(),
            client_order_id=event.client_order_id,
            index=event.index,
            side=event.side,
            exec_type=ExecType.NEW if taken else ExecType.REJECTED,
            state=state,
            amount=event.amount,
            text="this client order id was used before; that order has ended",
            at=step.at,
        )
    )


def on_cancel(step: Step, event: OrderCancelRequested) -> None:
    """End an order at once, or as soon as its batch or transfer allows; refused once it is being minted."""
    order = step.state.orders.get(order_id_of(event.account, event.client_order_id))
    if order is None:
        _refuse_unknown(step, event)
    elif order.state in _AFTER_TRADING:
        how = "returned with the payment" if order.side is Side.SELL else "refunded with the mint"
        text = f"trading is over; the rest is {how}"
        step.tell(order, ExecType.CANCEL_REJECTED, reason=RejectReason.TOO_LATE, text=text)
    elif order.state.final:
        text = f"the order is already {order.state}"
        step.tell(order, ExecType.CANCEL_REJECTED, reason=RejectReason.TOO_LATE, text=text)
    else:
        request_end(step, order, OrderState.CANCELLED, reason=RejectReason.CANCELLED_BY_USER)


def _refuse_unknown(step: Step, event: OrderCancelRequested) -> None:
    step.report(
        IndexOrderReport(
            order_id="",
            account=event.account,
            client_order_id=event.client_order_id,
            index="",
            side=Side.BUY,
            exec_type=ExecType.CANCEL_REJECTED,
            state=OrderState.REJECTED,
            amount=0,
            reason=RejectReason.UNKNOWN_ORDER,
            text="no such order of this account",
            at=step.at,
        )
    )


def _record(step: Step, event: OrderSubmitted, order_id: str) -> IndexOrder:
    return IndexOrder(
        order_id=order_id,
        sequence=step.sequence,
        account=event.account.lower(),
        client_order_id=event.client_order_id,
        index=event.index,
        side=event.side,
        amount=event.amount,
        max_price=event.max_price,
        min_units=event.min_units,
        max_fee=event.max_fee,
        expires_at=event.expires_at or step.at + step.state.config.order_life_ns,
        signature_digest=event.signature_digest,
        quote_id=event.quote_id,
        state=OrderState.PENDING_COLLATERAL,
        state_since=step.at,
    )


def objection_to_order(step: Step, event: OrderSubmitted) -> tuple[RejectReason, str]:
    """The first rule of the door that an order breaks; (NONE, "") for none."""
    try:
        account = AccountId.parse(event.account)
        check_client_order_id(event.client_order_id)
    except IdentifierError as error:
        bad_account = str(error).startswith("account")
        return (RejectReason.BAD_ACCOUNT if bad_account else RejectReason.BAD_CLIENT_ORDER_ID), str(error)
    index = step.state.indices.get(event.index)
    if index is None:
        return RejectReason.UNKNOWN_INDEX, f"no index {event.index[:32]!r}; ask for the list of indices"
    redeems_still = event.side is Side.SELL and index.state is IndexState.RETIRED
    if index.state is not IndexState.ACTIVE and not redeems_still:
        return RejectReason.INDEX_NOT_ACTIVE, f"{index.symbol} is {index.state.lower()}"
    if account.chain_id != index.chain_id:
        return RejectReason.WRONG_CHAIN, f"{index.symbol} lives on chain {index.chain_id}"
    terms = Terms(
        amount=event.amount,
        max_price=event.max_price,
        min_units=event.min_units,
        max_fee=event.max_fee,
        expires_at=event.expires_at,
    )
    objection = objection_to(terms, index=index, side=event.side, at=step.at)
    if objection[0] is RejectReason.NONE:
        objection = beyond_life(step, event.expires_at, since=step.at)
    if objection[0] is RejectReason.NONE:
        objection = beyond_limits(step, index, account=event.account, side=event.side, amount=event.amount)
    if objection[0] is RejectReason.NONE:
        objection = objection_to_claim(step, event)
    return objection
