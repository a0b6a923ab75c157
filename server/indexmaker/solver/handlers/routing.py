"""Moving collateral from the gate to the venue: group, quote, commit, carry, and wait for the venue's own
record.

Orders of one gate that are funded within the routing window share a transfer. Nothing is charged that was not
quoted: an order pays its share of the quoted or the real fee, whichever is less, and the house pays what is
above.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Movement
from indexmaker.money import mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.commands import CommitCollateral, Contribution, QuoteRoute, StartTransfer
from indexmaker.solver.events import CollateralCommitted, CommitFailed, RouteQuoted, RouteRefused
from indexmaker.solver.handlers.funding import free_and_end, retry_or_reject, unbind
from indexmaker.solver.handlers.lots import commit_lot, terms_key
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import GateTerms, IndexOrder, Transfer, TransferStage
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import CommitFailure, OrderState, RejectReason

__all__ = [
    "form_transfers",
    "leave_transfer",
    "on_commit_failed",
    "on_committed",
    "on_route_quoted",
    "on_route_refused",
]


def form_transfers(step: Step) -> None:
    """Group the funded orders whose window has passed, and ask what their transfers cost."""
    config = step.state.config
    groups: dict[str, list[IndexOrder]] = {}
    for order in step.orders_in(OrderState.ROUTING):
        if not order.transfer_id and order.retry_at <= step.at:
            key = f"{order.index}:{order.order_id if order.alone else ''}"
            groups.setdefault(key, []).append(order)
    for key in sorted(groups):
        waiting = groups[key]
        while waiting:
            due = waiting[0].state_since + config.routing_window_ns <= step.at
            if not due and len(waiting) < config.routing_max_orders:
                break
            _quote(step, waiting[: config.routing_max_orders])
            waiting = waiting[config.routing_max_orders :]


def _quote(step: Step, orders: list[IndexOrder]) -> None:
    index = step.index_of(orders[0])
    transfer = Transfer(
        transfer_id=step.name("t", orders[0].order_id),
        sequence=step.sequence,
        index=index.symbol,
        amount=sum(order.deposit for order in orders),
        shares=tuple((order.order_id, order.deposit) for order in orders),
        stage=TransferStage.QUOTING,
    )
    step.state.transfers[transfer.transfer_id] = transfer
    for order in orders:
        order.transfer_id = transfer.transfer_id
    step.send(
        QuoteRoute(
            command_id=derived_id("rq", transfer.transfer_id),
            transfer_id=transfer.transfer_id,
            source=index.custody,
            destination=index.destination,
            route=index.route,
            asset=index.collateral,
            amount=transfer.amount,
        )
    )


def leave_transfer(step: Step, order: IndexOrder) -> bool:
    """Take an order out before its collateral is committed, and free its lot; False when it is too late.

    The other orders of its transfer are grouped anew, since the amount has changed.
    """
    if order.state is not OrderState.ROUTING:
        return False
    transfer = step.state.transfers.get(order.transfer_id)
    if transfer is not None:
        if transfer.stage is not TransferStage.QUOTING:
            return False
        _drop(step, transfer)
    unbind(step, order)
    return True


def _drop(step: Step, transfer: Transfer) -> None:
    """Give a transfer up before anything moved; its orders may be grouped again."""
    transfer.stage = TransferStage.DROPPED
    step.confirm(derived_id("rq", transfer.transfer_id))
    step.confirm(derived_id("cc", transfer.transfer_id))
    for order_id, _ in transfer.shares:
        step.state.orders[order_id].transfer_id = ""


def _orders(step: Step, transfer: Transfer) -> list[IndexOrder]:
    return [step.state.orders[order_id] for order_id, _ in transfer.shares]


def on_route_quoted(step: Step, event: RouteQuoted) -> None:
    """Check everybody's fee limit, then commit; an order that the fee is too high for is refused alone."""
    transfer = step.state.transfers.get(event.transfer_id)
    if transfer is None or transfer.stage is not TransferStage.QUOTING:
        return
    index = step.state.indices[transfer.index]
    if event.amount_in != transfer.amount or (event.expires_at and event.expires_at <= step.at):
        _drop(step, transfer)
        return
    fee = max(0, transfer.amount - event.amount_out)
    shares = split_in_units(fee, list(transfer.shares), unit=index.unit)
    for order in _orders(step, transfer):
        _heed_minimum(step, order)
    refused = [order for order in _orders(step, transfer) if _too_dear(step, order, shares[order.order_id])]
    if refused:
        _drop(step, transfer)
        for order in refused:
            text = "routing and management fee would be above the order's limit"
            free_and_end(step, order, OrderState.REJECTED, reason=RejectReason.FEE_ABOVE_LIMIT, text=text)
        return
    transfer.stage = TransferStage.COMMITTING
    transfer.quoted_out = event.amount_out
    step.confirm(derived_id("rq", transfer.transfer_id))
    lots = [step.state.lots[order.lot_key] for order in _orders(step, transfer)]
    step.send(
        CommitCollateral(
            command_id=derived_id("cc", transfer.transfer_id),
            transfer_id=transfer.transfer_id,
            chain_id=index.chain_id,
            gate=index.gate,
            request_ids=tuple(lot.request_id for lot in lots),
            route=index.route,
            amount=transfer.amount,
        )
    )


def _terms(step: Step, order: IndexOrder) -> GateTerms | None:
    lot = step.state.lots[order.lot_key]
    return step.state.terms.get(terms_key(lot.chain_id, lot.gate, lot.request_id))


def _heed_minimum(step: Step, order: IndexOrder) -> None:
    """The gate would revert a mint of less than the request's own minimum, so the order takes it over."""
    terms = _terms(step, order)
    if terms is not None and terms.min_units:
        deposit = step.state.lots[order.lot_key].amount
        order.min_units = max(order.min_units, -(-terms.min_units * order.amount // deposit))


def _too_dear(step: Step, order: IndexOrder, fee: int) -> bool:
    charged = fee + mul_floor(order.amount, order.management_fee)
    terms = _terms(step, order)
    above = bool(order.max_fee) and charged > order.max_fee
    return above or fee >= order.amount or (terms is not None and charged > terms.max_fee)


def on_route_refused(step: Step, event: RouteRefused) -> None:
    """Try again later, or reject the orders; nothing has moved."""
    transfer = step.state.transfers.get(event.transfer_id)
    if transfer is None or transfer.stage is not TransferStage.QUOTING:
        return
    _drop(step, transfer)
    for order in _orders(step, transfer):
        retry_or_reject(step, order, event.reason, retryable=event.retryable)


def on_committed(step: Step, event: CollateralCommitted) -> None:
    """The collateral left the gate: it is the route's now, and is started on its way."""
    transfer = _by_commit(step, event.command_id)
    if transfer is None or transfer.stage is not TransferStage.COMMITTING:
        return
    index = step.state.indices[transfer.index]
    step.confirm(event.command_id)
    transfer.stage = TransferStage.MOVING
    step.state.moving_transfers.add(transfer.transfer_id)
    transfer.commit_tx = event.tx_hash
    contributions: list[Contribution] = []
    movements: list[Movement] = []
    place = accounts.gate_place(index.chain_id, index.gate)
    for order in _orders(step, transfer):
        lot = step.state.lots[order.lot_key]
        commit_lot(step, lot)
        source = accounts.at_gate(order.account, "confirmed", place, lot.asset)
        target = accounts.in_transit(order.account, lot.asset)
        movements.append(Movement.between(source, target, amount=lot.amount))
        contributions.append(Contribution(order_id=order.order_id, request_id=lot.request_id, amount=lot.amount))
    step.post(*movements)
    step.send(
        StartTransfer(
            command_id=derived_id("ts", transfer.transfer_id),
            transfer_id=transfer.transfer_id,
            source=index.custody,
            destination=index.destination,
            route=index.route,
            asset=index.collateral,
            amount=transfer.amount,
            min_out=transfer.quoted_out,
            commit_tx=event.tx_hash,
            contributions=tuple(contributions),
        )
    )


def on_commit_failed(step: Step, event: CommitFailed) -> None:
    """Nothing moved: orders that should end do so, the others try again.

    When a request was gone, each of them tries alone, so that the missing one holds nobody up.
    """
    transfer = _by_commit(step, event.command_id)
    if transfer is None or transfer.stage is not TransferStage.COMMITTING:
        return
    _drop(step, transfer)
    for order in _orders(step, transfer):
        order.alone = order.alone or event.failure is CommitFailure.REQUEST_GONE
        if order.ending is None:
            retry_or_reject(step, order, event.reason, retryable=True)
            continue
        text = "the collateral was not touched"
        free_and_end(step, order, order.ending, reason=order.ending_reason, text=text)


def _by_commit(step: Step, command_id: str) -> Transfer | None:
    command = step.waiting(command_id)
    return step.state.transfers[command.transfer_id] if isinstance(command, CommitCollateral) else None
