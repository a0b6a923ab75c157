"""A user's own opposite orders on one index meet each other before they meet a market.

An order is matched once, when it is funded, against those parts of the user's other funded orders that have not been
engaged, newest first, at the index's value at the last known mid prices. Both get smaller by the same value; nothing is
bought, sold or moved for it. An order of which nothing is left ends; one that is larger goes on with the rest (a flip).
"""

from __future__ import annotations

from indexmaker.money import ATOMS, format_atoms
from indexmaker.solver.handlers.amendments import least_amount, resize
from indexmaker.solver.handlers.endings import request_end
from indexmaker.solver.state import Index, IndexOrder, TransferStage
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side

__all__ = ["match_funded"]

_OPEN = (OrderState.PENDING_COLLATERAL, OrderState.PENDING_TOKENS, OrderState.ROUTING, OrderState.READY)


def match_funded(step: Step) -> None:
    """Match the orders that were funded since the last time, oldest first."""
    for order in step.orders_in(*_OPEN):
        if order.lot_key and not order.matched and order.ending is None:
            order.matched = True
            _match(step, order)


def _match(step: Step, order: IndexOrder) -> None:
    """Match against the user's own opposite orders; without a known value of the index nothing happens."""
    index = step.index_of(order)
    price = _mark_of(step, index)
    if not price:
        return
    for other in _opposites(step, order):
        free = _reducible(step, other)
        if not free or order.ending is not None:
            continue
        wanted = _value(order, order.amount, price)
        matched = min(wanted, _value(other, free, price))
        if matched <= 0:
            continue
        _reduce(step, other, index, matched, price, by=order.client_order_id)
        if wanted - matched < _least(step, index):
            request_end(step, order, OrderState.CANCELLED, reason=RejectReason.SELF_MATCHED)
            return
        _shrink(order, index, matched, price)
        step.tell(order, ExecType.REPLACED, reason=RejectReason.SELF_MATCHED, text=_text(other.client_order_id, order))


def _opposites(step: Step, order: IndexOrder) -> list[IndexOrder]:
    found = [
        other
        for other in step.orders_in(*_OPEN)
        if (other.account, other.index) == (order.account, order.index)
        and other.side is not order.side
        and other.ending is None
    ]
    return found[::-1]


def _mark_of(step: Step, index: Index) -> int:
    """Collateral per index unit at the last mids; 0 when one is not known."""
    marks = step.state.marks
    if any(asset not in marks for asset, _ in index.quantities):
        return 0
    return sum(quantity * marks[asset] for asset, quantity in index.quantities) // ATOMS


def _reducible(step: Step, order: IndexOrder) -> int:
    """The part of a funded order that nothing has been done for yet, in its own measure."""
    if not order.lot_key:
        return 0
    if order.state is OrderState.PENDING_TOKENS:
        commit = step.state.token_commits.get(order.commit_id)
        return 0 if commit is not None and commit.committing else order.amount
    if order.state is OrderState.ROUTING:
        transfer = step.state.transfers.get(order.transfer_id)
        return order.amount if transfer is None or transfer.stage is TransferStage.QUOTING else 0
    if order.state is OrderState.READY and order.side is Side.BUY:
        return max(0, order.amount - least_amount(step, order))
    return order.amount - least_amount(step, order)


def _value(order: IndexOrder, amount: int, price: int) -> int:
    """Collateral that an amount stands for, rounded down."""
    return amount if order.side is Side.BUY else amount * price // ATOMS


def _reduce(step: Step, other: IndexOrder, index: Index, matched: int, price: int, *, by: str) -> None:
    """Make an older order smaller; one with too little left ends instead."""
    whole = matched >= _value(other, _reducible(step, other), price)
    untouched = least_amount(step, other) == 0
    if whole or (untouched and _value(other, other.amount, price) - matched < _least(step, index)):
        request_end(step, other, OrderState.CANCELLED, reason=RejectReason.SELF_MATCHED)
        return
    _shrink(other, index, matched, price)
    step.tell(other, ExecType.REPLACED, reason=RejectReason.SELF_MATCHED, text=_text(by, other))


def _least(step: Step, index: Index) -> int:
    """The value from which a rest is worth going on with."""
    return max(1, index.min_order, step.state.config.minimum_progress)


def _shrink(order: IndexOrder, index: Index, matched: int, price: int) -> None:
    """Take the matched value off an order; what is finer than its measure stays with the order."""
    if order.side is Side.BUY:
        resize(order, order.amount - matched + matched % index.unit)
        return
    units = matched * ATOMS // price
    resize(order, order.amount - units + units % 10 ** (18 - index.token_decimals))


def _text(other: str, order: IndexOrder) -> str:
    return f"matched against the user's own order {other}; {format_atoms(order.amount)} is left"
