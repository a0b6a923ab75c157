"""From the arrival of the proceeds to the payment: account, signature, settlement on chain, and the final books.

Nothing is final before the chain says so; a reorg takes the final booking back. An order that sold nothing is settled
in the same way, with nothing burned and nothing paid.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Movement
from indexmaker.solver import accounts
from indexmaker.solver.commands import RedemptionInvoice, RedemptionReport, SettleRedemption, SignRedemption
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed, SettlementUpdated
from indexmaker.solver.handlers.lots import gate_account, terms_key
from indexmaker.solver.handlers.trails import redemption_trail
from indexmaker.solver.redemption_invoice import build_redemption
from indexmaker.solver.state import IndexOrder, RedemptionLimits
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, Finality, OrderState, RejectReason, SettlementState

__all__ = [
    "limits_of",
    "on_invoice_signed",
    "on_invoice_vetoed",
    "on_settlement_updated",
    "renew_redemption",
    "retry_redemptions",
]

_SETTLING = (OrderState.PAYABLE, OrderState.PAYOUT_ROUTING)


def limits_of(step: Step, order: IndexOrder) -> RedemptionLimits | None:
    """The price protection of the request that an order sells; None when none was told."""
    lot = step.state.token_lots[order.lot_key]
    return step.state.redemption_limits.get(terms_key(lot.chain_id, lot.gate, lot.request_id))


def renew_redemption(step: Step, order: IndexOrder) -> None:
    """Make the invoice of the next attempt (only the deadline differs) and send it for signature."""
    order.invoice_attempts += 1
    order.retry_at = 0
    order.redemption = build_redemption(
        order,
        step.index_of(order),
        step.state.token_lots[order.lot_key],
        limits=limits_of(step, order),
        deadline=step.at + step.state.config.invoice_life_ns,
    )
    command_id = derived_id("si", order.redemption.invoice_id)
    step.send(SignRedemption(command_id=command_id, invoice=order.redemption))


def _awaiting_signature(step: Step, invoice_id: str) -> IndexOrder | None:
    for order in step.orders_in(*_SETTLING):
        if order.redemption is not None and order.redemption.invoice_id == invoice_id:
            return order
    return None


def on_invoice_signed(step: Step, event: InvoiceSigned) -> None:
    """Settle on chain. The gate settles each request once, whatever is sent."""
    order = _awaiting_signature(step, event.invoice_id)
    if order is None or order.redemption is None or order.vetoed or order.settle_command:
        return
    if order.retry_at:
        return
    step.confirm(derived_id("si", event.invoice_id))
    order.lots_root, order.signer, order.signature = event.lots_root, event.signer, event.signature
    order.settle_command = derived_id("st", event.invoice_id)
    step.state.redemption_settlements[order.settle_command] = order.order_id
    step.send(_settle_command(order, order.redemption))
    step.tell(order, ExecType.STATUS, text="invoice signed; payment submitted")


def _settle_command(order: IndexOrder, invoice: RedemptionInvoice) -> SettleRedemption:
    return SettleRedemption(
        command_id=order.settle_command,
        chain_id=invoice.chain_id,
        gate=invoice.gate,
        invoice=invoice,
        lots_root=order.lots_root,
        signer=order.signer,
        signature=order.signature,
    )


def on_invoice_vetoed(step: Step, event: InvoiceVetoed) -> None:
    """Stop: nothing is paid until somebody has looked."""
    order = _awaiting_signature(step, event.invoice_id)
    if order is None or order.vetoed:
        return
    step.confirm(derived_id("si", event.invoice_id))
    order.vetoed = event.reason or "no reason given"
    step.alert("INVOICE_VETOED", event.invoice_id, order.vetoed, order.order_id)


def on_settlement_updated(step: Step, event: SettlementUpdated) -> None:
    """Follow the settling transaction to its finality, and back if the chain takes it back."""
    order = step.state.orders.get(step.state.redemption_settlements.get(event.command_id, ""))
    if order is None or order.settle_command != event.command_id or order.settle_final:
        return
    paid = order.state.final
    if event.state is SettlementState.REVERTED and not paid:
        _reverted(step, order, event)
    elif event.state is SettlementState.REORGED and paid:
        _reorged(step, order)
    elif event.state is SettlementState.SUBMITTED and not paid:
        order.settle_tx = event.tx_hash or order.settle_tx
    elif event.state in (SettlementState.CONFIRMED, SettlementState.FINAL):
        order.settle_tx = event.tx_hash or order.settle_tx
        order.settle_block = event.block or order.settle_block
        final = event.state is SettlementState.FINAL
        if not paid and (final or step.state.config.settlement_finality is not Finality.FINAL):
            _paid(step, order)
        if final:
            order.settle_final = True
            step.confirm(event.command_id)
            _report_invoice(step, order)


def _paid(step: Step, order: IndexOrder) -> None:
    assert order.redemption is not None
    step.post(_final_booking(step, order, order.redemption))
    if order.units:
        step.enter(order, OrderState.PAID)
        ended = order.ending_reason is not RejectReason.NONE
        text = f"ended by {order.ending_reason.lower()}, the rest of the tokens returned" if ended else ""
        step.tell(order, ExecType.PAID, reason=order.ending_reason, text=text)
    else:
        state = order.ending or OrderState.CANCELLED
        step.enter(order, state)
        step.tell(order, ExecType(state), reason=order.ending_reason, text="all index tokens were returned")
    if not order.settle_final:
        _report_invoice(step, order)


def _final_booking(step: Step, order: IndexOrder, invoice: RedemptionInvoice) -> Movement:
    """Tokens are burned or back with their owner, the fees are the house's, and the keeper has paid.

    What the payment is above the user's money at the keeper's is added by the house.
    """
    index = step.index_of(order)
    lot = step.state.token_lots[order.lot_key]
    tokens = gate_account(lot, "committed")
    asset, venue = index.collateral, index.venue
    charges = accounts.payout_charges(order.account, venue, asset)
    wallets = accounts.paid_out(invoice.chain_id, asset)
    from_user = order.payout_share - order.routing_fee
    kept = invoice.proceeds - invoice.venue_fees - order.payout_share
    return Movement.of(
        (
            Movement.between(tokens, accounts.burned(invoice.chain_id, lot.asset), amount=invoice.burned),
            Movement.between(tokens, accounts.paid_out(invoice.chain_id, lot.asset), amount=invoice.returned),
            Movement.between(charges, accounts.house_fees(venue, asset), amount=invoice.redemption_fee),
            Movement.between(charges, accounts.house_rounding(venue, asset), amount=kept - invoice.redemption_fee),
            Movement.between(accounts.payable(order.account, invoice.chain_id, asset), wallets, amount=from_user),
            Movement.between(accounts.keeper(invoice.chain_id, asset), wallets, amount=invoice.paid - from_user),
        )
    )


def _report_invoice(step: Step, order: IndexOrder) -> None:
    assert order.redemption is not None
    step.report(
        RedemptionReport(
            invoice=order.redemption,
            lots_root=order.lots_root,
            tx_hash=order.settle_tx,
            block=order.settle_block,
            final=order.settle_final,
            at=step.at,
            signer=order.signer,
            signature=order.signature,
            trail=redemption_trail(step, order),
        )
    )


def _reverted(step: Step, order: IndexOrder, event: SettlementUpdated) -> None:
    step.confirm(event.command_id)
    order.settle_command = ""
    order.retry_at = step.at + step.state.config.retry_delay_ns
    text = f"settlement reverted: {event.reason or 'no reason given'}"
    step.alert("SETTLEMENT", order.order_id, text, order.order_id)


def _reorged(step: Step, order: IndexOrder) -> None:
    assert order.redemption is not None
    step.post(_final_booking(step, order, order.redemption).reversed())
    step.enter(order, OrderState.PAYOUT_ROUTING if order.units else OrderState.PAYABLE)
    step.send(_settle_command(order, order.redemption))
    step.tell(order, ExecType.STATUS, text="the chain took the payment back; it is submitted again")
    step.alert("REORG", order.order_id, "a confirmed payment was reorganised away", order.order_id)


def retry_redemptions(step: Step) -> None:
    """Sign reverted settlements anew, with a new deadline, as often as configured."""
    for order in step.orders_in(*_SETTLING):
        due = order.redemption is not None and not order.settle_command and 0 < order.retry_at <= step.at
        if due and not order.vetoed and order.invoice_attempts < step.state.config.settlement_attempts:
            renew_redemption(step, order)
