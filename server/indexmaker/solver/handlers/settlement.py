"""From the last fill to the mint: account, signature, settlement on chain, and the final books.

Nothing is final before the chain says so; a reorg takes the final booking back.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Movement
from indexmaker.solver import accounts
from indexmaker.solver.commands import Invoice, InvoiceReport, SettleInvoice, SignInvoice
from indexmaker.solver.events import InvoiceSigned, InvoiceVetoed, SettlementUpdated
from indexmaker.solver.handlers.lots import terms_key
from indexmaker.solver.handlers.trails import mint_trail
from indexmaker.solver.handlers.usage import count_minted
from indexmaker.solver.invoice import build_invoice
from indexmaker.solver.state import Index, IndexOrder
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, Finality, OrderState, SettlementState

__all__ = [
    "make_mintable",
    "on_invoice_signed",
    "on_invoice_vetoed",
    "on_settlement_updated",
    "renew_invoice",
    "retry_settlements",
]


def make_mintable(step: Step, order: IndexOrder) -> None:
    """End the trading of an order: make its invoice and have it signed. Without units it is a refund alone."""
    step.enter(order, OrderState.MINTABLE)
    index = step.index_of(order)
    free = accounts.at_venue(order.account, "routed", index.venue, index.collateral)
    if not order.units and order.routing_fee:
        house = accounts.house_cash(accounts.venue_place(index.venue), index.collateral)
        step.post(Movement.between(house, free, amount=order.routing_fee))
        order.routing_fee = 0
    invoice = renew_invoice(step, order)
    if invoice.routing_fees < order.routing_fee:
        house = accounts.house_cash(accounts.venue_place(index.venue), index.collateral)
        step.post(Movement.between(house, free, amount=order.routing_fee - invoice.routing_fees))
        order.routing_fee = invoice.routing_fees
    refunded = accounts.at_venue(order.account, "refunded", index.venue, index.collateral)
    spent = accounts.at_venue(order.account, "spent", index.venue, index.collateral)
    step.post(
        Movement.between(free, refunded, amount=invoice.refund),
        Movement.between(free, spent, amount=invoice.management_fee + invoice.rounding),
    )
    filled = order.units and order.ending is None
    exec_type = ExecType.FILL if filled else ExecType.STATUS
    step.tell(order, exec_type, reason=order.ending_reason, text="trading is over; invoice made")


def renew_invoice(step: Step, order: IndexOrder) -> Invoice:
    """Make the invoice of the next attempt (only the deadline differs) and send it for signature."""
    order.invoice_attempts += 1
    index = step.index_of(order)
    deadline = step.at + step.state.config.invoice_life_ns
    lot = step.state.lots[order.lot_key]
    terms = step.state.terms.get(terms_key(lot.chain_id, lot.gate, lot.request_id))
    order.invoice = build_invoice(order, index, lot, deadline=deadline, terms=terms)
    step.send(SignInvoice(command_id=derived_id("si", order.invoice.invoice_id), invoice=order.invoice))
    return order.invoice


def _awaiting_signature(step: Step, invoice_id: str) -> IndexOrder | None:
    for order in step.orders_in(OrderState.MINTABLE):
        if order.invoice is not None and order.invoice.invoice_id == invoice_id:
            return order
    return None


def on_invoice_signed(step: Step, event: InvoiceSigned) -> None:
    """Settle on chain. The gate settles each request once, whatever is sent."""
    order = _awaiting_signature(step, event.invoice_id)
    if order is None or order.invoice is None or order.vetoed or order.settle_command:
        return
    step.confirm(derived_id("si", event.invoice_id))
    order.lots_root, order.signer, order.signature = event.lots_root, event.signer, event.signature
    order.settle_command = derived_id("st", event.invoice_id)
    step.state.settlements[order.settle_command] = order.order_id
    step.enter(order, OrderState.MINT_SUBMITTED)
    step.send(_settle_command(order, order.invoice))
    step.tell(order, ExecType.STATUS, text="invoice signed; mint submitted")


def _settle_command(order: IndexOrder, invoice: Invoice) -> SettleInvoice:
    return SettleInvoice(
        command_id=order.settle_command,
        chain_id=invoice.chain_id,
        gate=invoice.gate,
        invoice=invoice,
        lots_root=order.lots_root,
        signer=order.signer,
        signature=order.signature,
    )


def on_invoice_vetoed(step: Step, event: InvoiceVetoed) -> None:
    """Stop: nothing is minted until somebody has looked."""
    order = _awaiting_signature(step, event.invoice_id)
    if order is None or order.vetoed:
        return
    step.confirm(derived_id("si", event.invoice_id))
    order.vetoed = event.reason or "no reason given"
    step.alert("INVOICE_VETOED", event.invoice_id, order.vetoed, order.order_id)


def on_settlement_updated(step: Step, event: SettlementUpdated) -> None:
    """Follow the settling transaction to its finality, and back if the chain takes it back."""
    order = step.state.orders.get(step.state.settlements.get(event.command_id, ""))
    if order is None or order.settle_command != event.command_id or order.settle_final:
        return
    minted = order.state is not OrderState.MINT_SUBMITTED
    if event.state is SettlementState.REVERTED and not minted:
        _reverted(step, order, event)
    elif event.state is SettlementState.REORGED and minted:
        _reorged(step, order)
    elif event.state is SettlementState.SUBMITTED and not minted:
        order.settle_tx = event.tx_hash or order.settle_tx
    elif event.state in (SettlementState.CONFIRMED, SettlementState.FINAL):
        order.settle_tx = event.tx_hash or order.settle_tx
        order.settle_block = event.block or order.settle_block
        final = event.state is SettlementState.FINAL
        if not minted and (final or step.state.config.settlement_finality is not Finality.FINAL):
            _minted(step, order)
        if final:
            order.settle_final = True
            step.confirm(event.command_id)
            _report_invoice(step, order)


def _minted(step: Step, order: IndexOrder) -> None:
    assert order.invoice is not None
    step.post(_final_booking(step.index_of(order), order, order.invoice))
    count_minted(step, step.index_of(order), order.invoice.units)
    if order.units:
        step.enter(order, OrderState.MINTED)
        text = f"ended by {order.ending_reason.lower()}, the rest refunded" if order.ending else ""
        step.tell(order, ExecType.MINTED, reason=order.ending_reason, text=text)
    else:
        state = order.ending or OrderState.CANCELLED
        step.enter(order, state)
        step.tell(order, ExecType(state), reason=order.ending_reason, text="the collateral was refunded")
    if not order.settle_final:
        _report_invoice(step, order)


def _final_booking(index: Index, order: IndexOrder, invoice: Invoice) -> Movement:
    """What was spent becomes the house's, what was bought backs the units, and the keeper pays the refund."""
    venue, asset = index.venue, index.collateral
    spent = accounts.at_venue(order.account, "spent", venue, asset)
    refunded = accounts.at_venue(order.account, "refunded", venue, asset)
    cash = accounts.house_cash(accounts.venue_place(venue), asset)
    movements = [
        Movement.between(spent, cash, amount=invoice.assets + invoice.venue_fees),
        Movement.between(spent, accounts.house_fees(venue, asset), amount=invoice.management_fee),
        Movement.between(spent, accounts.house_rounding(venue, asset), amount=invoice.rounding),
        Movement.between(refunded, cash, amount=invoice.refund),
        Movement.between(
            accounts.keeper(invoice.chain_id, asset),
            accounts.paid_out(invoice.chain_id, asset),
            amount=invoice.refund,
        ),
    ]
    for lot in invoice.lots:
        source = accounts.owned_assets(order.account, lot.venue, lot.asset)
        target = accounts.backing(index.symbol, lot.venue, lot.asset)
        movements.append(Movement.between(source, target, amount=lot.quantity))
    return Movement.of(movements)


def _report_invoice(step: Step, order: IndexOrder) -> None:
    assert order.invoice is not None
    step.report(
        InvoiceReport(
            invoice=order.invoice,
            lots_root=order.lots_root,
            tx_hash=order.settle_tx,
            block=order.settle_block,
            final=order.settle_final,
            at=step.at,
            signer=order.signer,
            signature=order.signature,
            trail=mint_trail(step, order),
        )
    )


def _reverted(step: Step, order: IndexOrder, event: SettlementUpdated) -> None:
    step.confirm(event.command_id)
    order.settle_command = ""
    order.retry_at = step.at + step.state.config.retry_delay_ns
    step.enter(order, OrderState.MINTABLE)
    text = f"settlement reverted: {event.reason or 'no reason given'}"
    step.alert("SETTLEMENT", order.order_id, text, order.order_id)


def _reorged(step: Step, order: IndexOrder) -> None:
    assert order.invoice is not None
    step.post(_final_booking(step.index_of(order), order, order.invoice).reversed())
    count_minted(step, step.index_of(order), -order.invoice.units)
    step.enter(order, OrderState.MINT_SUBMITTED)
    step.send(_settle_command(order, order.invoice))
    step.tell(order, ExecType.STATUS, text="the chain took the mint back; it is submitted again")
    step.alert("REORG", order.order_id, "a confirmed mint was reorganised away", order.order_id)


def retry_settlements(step: Step) -> None:
    """Sign reverted settlements anew, with a new deadline, as often as configured."""
    for order in step.orders_in(OrderState.MINTABLE):
        if order.vetoed or order.settle_command or not order.retry_at or order.retry_at > step.at:
            continue
        signing = order.invoice is not None and step.waiting(derived_id("si", order.invoice.invoice_id))
        if not signing and order.invoice_attempts < step.state.config.settlement_attempts:
            renew_invoice(step, order)
