"""What operators decide about things that cannot go on by themselves. A decision that does not apply changes nothing
and is answered by an alert.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Movement
from indexmaker.solver import accounts
from indexmaker.solver.events import (
    AssetOrderResolved,
    ClaimCollected,
    InvoiceReviewed,
    PayoutRestarted,
    PositionsCompared,
    PriceStated,
    SettlementRetried,
    TradingHalted,
    TradingResumed,
    TransferWrittenOff,
)
from indexmaker.solver.handlers.asset_orders import finish
from indexmaker.solver.handlers.closing import close_if_done
from indexmaker.solver.handlers.payouts import restart_payout
from indexmaker.solver.handlers.redemption_settlement import renew_redemption
from indexmaker.solver.handlers.settlement import make_mintable, renew_invoice
from indexmaker.solver.state import AssetOrderState, Reconciliation, Transfer, TransferStage
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState, PositionStatus, RejectReason, TransferState

__all__ = [
    "on_asset_order_resolved",
    "on_claim_collected",
    "on_halted",
    "on_invoice_reviewed",
    "on_payout_restarted",
    "on_positions_compared",
    "on_price_stated",
    "on_resumed",
    "on_settlement_retried",
    "on_transfer_written_off",
]

_PAYING = (OrderState.PAYABLE, OrderState.PAYOUT_ROUTING)
_STOPPED = (TransferState.FAILED, TransferState.REFUNDED, TransferState.NEEDS_OPERATOR)


def on_halted(step: Step, event: TradingHalted) -> None:
    """Make no new batches."""
    step.state.halted = f"{event.operator}: {event.reason}"
    step.alert("HALTED", "trading", step.state.halted)


def on_resumed(step: Step, event: TradingResumed) -> None:
    """Make batches again."""
    if step.state.halted:
        step.state.halted = ""
        step.alert("RESUMED", "trading", f"{event.operator}: {event.reason}")


def on_invoice_reviewed(step: Step, event: InvoiceReviewed) -> None:
    """Make a vetoed invoice anew and offer it again."""
    for order in step.orders_in(OrderState.MINTABLE, *_PAYING):
        account = order.invoice or order.redemption
        if order.vetoed and account is not None and account.invoice_id == event.invoice_id:
            order.vetoed = ""
            (renew_redemption if order.redemption is not None else renew_invoice)(step, order)
            return
    _not_applicable(step, event.invoice_id, "no vetoed invoice of this id waits")


def on_settlement_retried(step: Step, event: SettlementRetried) -> None:
    """Sign and submit again what was reverted too often."""
    order = step.state.orders.get(event.order_id)
    exhausted = (
        order is not None
        and (order.state is OrderState.MINTABLE or (order.state in _PAYING and order.redemption is not None))
        and not order.vetoed
        and order.retry_at
        and order.invoice_attempts >= step.state.config.settlement_attempts
    )
    waiting = order is not None and order.invoice is not None and _signing(step, order.invoice.invoice_id)
    if order is None or not exhausted or waiting:
        _not_applicable(step, event.order_id, "its settlement is not given up")
        return
    (renew_redemption if order.redemption is not None else renew_invoice)(step, order)


def on_payout_restarted(step: Step, event: PayoutRestarted) -> None:
    """Bring proceeds on their way again."""
    if not restart_payout(step, event.payout_id):
        _not_applicable(step, event.payout_id, "no payout of this id has failed")


def on_transfer_written_off(step: Step, event: TransferWrittenOff) -> None:
    """Refund the users of a stopped transfer out of the house's money, which takes over the claim."""
    transfer = step.state.transfers.get(event.transfer_id)
    if transfer is None or transfer.stage is not TransferStage.MOVING or transfer.last not in _STOPPED:
        _not_applicable(step, event.transfer_id, "only a transfer of deposits that has stopped can be written off")
        return
    _take_over(step, transfer)
    for order_id, _ in transfer.shares:
        order = step.state.orders[order_id]
        order.routing_fee = 0
        order.tradable = 0
        order.ending = order.ending or OrderState.CANCELLED
        if order.ending_reason is RejectReason.NONE:
            order.ending_reason = RejectReason.TRANSFER_FAILED
        make_mintable(step, order)


def _take_over(step: Step, transfer: Transfer) -> None:
    index = step.state.indices[transfer.index]
    asset = index.collateral
    cash = accounts.house_cash(accounts.venue_place(index.venue), asset)
    movements = []
    for order_id, share in transfer.shares:
        account = step.state.orders[order_id].account
        claim = Movement.between(accounts.in_transit(account, asset), accounts.house_claims(asset), amount=share)
        free = accounts.at_venue(account, "routed", index.venue, asset)
        movements += [claim, Movement.between(cash, free, amount=share)]
    step.post(*movements)
    transfer.stage = TransferStage.WRITTEN_OFF
    step.state.moving_transfers.discard(transfer.transfer_id)
    step.confirm(derived_id("ts", transfer.transfer_id))


def on_claim_collected(step: Step, event: ClaimCollected) -> None:
    """Book what came back, once per reference, and no more than is claimed."""
    reference = f"claim:{event.reference}"
    claimed = step.ledger.balance(accounts.house_claims(event.asset))
    if reference in step.state.capital_references:
        return
    if not 0 < event.amount <= claimed:
        _not_applicable(step, event.reference, f"more than the {event.asset} that is claimed, or nothing")
        return
    step.state.capital_references.add(reference)
    target = accounts.house_cash(event.place, event.asset)
    step.post(Movement.between(accounts.house_claims(event.asset), target, amount=event.amount))


def on_asset_order_resolved(step: Step, event: AssetOrderResolved) -> None:
    """End an order that the venue does not answer for; trades that are missing are still waited for."""
    order = step.state.asset_orders.get(event.client_order_id)
    if order is None or order.state is AssetOrderState.DONE or event.executed_quantity < order.executed:
        _not_applicable(step, event.client_order_id, "no such open order, or less than its known trades")
        return
    order.done_quantity = event.executed_quantity
    step.confirm(order.client_order_id)
    step.confirm(order.query_command)
    order.query_command = ""
    finish(step, order)


def on_price_stated(step: Step, event: PriceStated) -> None:
    """Value what waits for a price."""
    if event.price <= 0:
        _not_applicable(step, event.asset, "a price is above zero")
        return
    step.state.marks[event.asset] = event.price
    for batch in step.batches_open():
        close_if_done(step, batch)


def on_positions_compared(step: Step, event: PositionsCompared) -> None:
    """Keep what differs; what is unexplained halts trading until somebody has looked."""
    differences = tuple(check for check in event.checks if check.status is not PositionStatus.MATCHED)
    step.state.reconciliation = Reconciliation(
        sequence=event.sequence, at=step.at, compared=len(event.checks), differences=differences
    )
    unexplained = [check for check in differences if check.status is PositionStatus.UNEXPLAINED]
    if not unexplained:
        return
    names = ", ".join(f"{check.asset} at {check.place}" for check in unexplained)
    step.alert("RECONCILIATION", names, f"the outside differs from the ledger without an explanation: {names}")
    if not step.state.halted:
        step.state.halted = f"reconciliation: {names}"
        step.alert("HALTED", "trading", step.state.halted)


def _signing(step: Step, invoice_id: str) -> bool:
    return step.waiting(derived_id("si", invoice_id)) is not None


def _not_applicable(step: Step, subject: str, text: str) -> None:
    step.alert("DECISION", subject, f"the decision changes nothing: {text}")
