"""Sell orders' tokens and payouts as the protos show them, and who must act for an order to go on."""

from __future__ import annotations

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import collateral_pb2, invoices_pb2
from indexmaker.money import format_atoms
from indexmaker.services.solver.views import account_view, fee_kind, fee_messages, log_id, lot_views
from indexmaker.solver.commands import RedemptionInvoice
from indexmaker.solver.state import IndexOrder, LotState, Payout, PayoutStage, SolverState, TokenLot
from indexmaker.solver.vocabulary import OrderState

__all__ = ["payout_view", "redemption_invoice_view", "redemption_view", "stuck_owner"]

_OWNERS = {
    OrderState.PENDING_COLLATERAL: "user",
    OrderState.ROUTING: "router",
    OrderState.READY: "venue",
    OrderState.ENGAGED: "venue",
    OrderState.MINTABLE: "guardian",
    OrderState.MINT_SUBMITTED: "chain",
    OrderState.PAYABLE: "router",
}
_PAYOUT_OWNERS = {
    PayoutStage.QUOTING: "router",
    PayoutStage.WITHDRAWING: "venue",
    PayoutStage.MOVING: "router",
    PayoutStage.FAILED: "operator",
}


def stuck_owner(state: SolverState, order: IndexOrder) -> str:
    """Who must act for an order to leave its state."""
    if order.vetoed:
        return "operator"
    if order.settle_command:
        return "chain"
    if order.redemption is not None:
        return "guardian"
    if order.state is OrderState.PENDING_TOKENS:
        return "chain" if order.lot_key else "user"
    payout = state.payouts.get(order.transfer_id)
    if payout is not None:
        return _PAYOUT_OWNERS.get(payout.stage, "operator")
    return _OWNERS.get(order.state, "operator")


def redemption_view(state: SolverState, lot: TokenLot) -> collateral_pb2.Redemption:
    """Index tokens in a gate with the bucket that they are in."""
    order = state.orders.get(lot.order_id)
    index = next((one.symbol for one in state.indices.values() if one.gate == lot.gate), "")
    return collateral_pb2.Redemption(
        id=log_id(lot),
        account=account_view(lot.account),
        index=index,
        request_id=str(lot.request_id),
        units=format_atoms(lot.amount),
        buckets={name: format_atoms(amount) for name, amount in _buckets(lot, order).items() if amount},
        client_order_id=order.client_order_id if order is not None else "",
    )


def _buckets(lot: TokenLot, order: IndexOrder | None) -> dict[str, int]:
    settled = order is not None and order.state.final and order.redemption is not None
    if order is None or order.redemption is None or not settled or lot.state is not LotState.COMMITTED:
        return {lot.state.value.lower(): lot.amount}
    return {"burned": order.redemption.burned, "returned": order.redemption.returned}


def redemption_invoice_view(state: SolverState, invoice: RedemptionInvoice, order: IndexOrder) -> invoices_pb2.Invoice:
    """A redemption invoice with the lots that were sold."""
    view = invoices_pb2.Invoice(
        invoice_id=invoice.invoice_id,
        number=order.sequence,
        account=account_view(invoice.account),
        client_order_id=invoice.client_order_id,
        index=invoice.index,
        request_id=str(invoice.request_id),
        kind=invoices_pb2.INVOICE_KIND_REDEMPTION,
        escrowed=format_atoms(invoice.escrowed),
        burned=format_atoms(invoice.burned),
        returned=format_atoms(invoice.returned),
        proceeds=format_atoms(invoice.proceeds),
        venue_fees=format_atoms(invoice.venue_fees),
        routing_fees=format_atoms(invoice.routing_fees),
        redemption_fee=format_atoms(invoice.redemption_fee),
        rounding=format_atoms(invoice.rounding),
        paid=format_atoms(invoice.paid),
        units=format_atoms(invoice.burned),
        lots=lot_views(invoice.lots),
        lots_root=order.lots_root,
        mint_tx_hash=order.settle_tx,
        final=order.state.final,
        created_at=order.state_since,
        signer=order.signer,
    )
    if (lot := state.token_lots.get(order.lot_key)) is not None:
        view.deposit_id.CopyFrom(log_id(lot))
    return view


def payout_view(state: SolverState, payout: Payout) -> collateral_pb2.CollateralTransfer:
    """A transfer of proceeds from a venue to the keeper."""
    amount_out = payout.arrived or payout.quoted_out
    charged = payout.amount - amount_out
    parts = [(fee_kind(fee.kind), fee.amount) for fee in payout.fees]
    known = sum(amount for _, amount in parts) == charged
    orders = [state.orders[order_id] for order_id, _ in payout.shares if order_id in state.orders]
    return collateral_pb2.CollateralTransfer(
        transfer_id=payout.payout_id,
        source=payout.source,
        destination=payout.destination,
        state=payout.stage.value,
        amount_in=format_atoms(payout.amount),
        amount_out=format_atoms(amount_out) if amount_out else "",
        fees=fee_messages(parts if known else [(common_pb2.FEE_KIND_ROUTING, charged)], payout.asset)
        if amount_out
        else [],
        client_order_ids=[order.client_order_id for order in orders],
    )
