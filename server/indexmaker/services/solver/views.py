"""The solver's state as the protos show it."""

from __future__ import annotations

from collections.abc import Sequence

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.operations.v1 import operations_pb2
from indexmaker.api.solver.v1 import collateral_pb2, invoices_pb2, solver_pb2
from indexmaker.identifiers import AccountId
from indexmaker.ledger import Account
from indexmaker.money import format_atoms
from indexmaker.solver.commands import IndexOrderReport, Invoice, InvoiceLot
from indexmaker.solver.state import (
    AssetOrder,
    Batch,
    DepositLot,
    IndexOrder,
    RequestLot,
    SolverState,
    Transfer,
)
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side

__all__ = [
    "account_view",
    "batch_view",
    "deposit_view",
    "fee_kind",
    "fee_messages",
    "invoice_view",
    "ledger_name",
    "log_id",
    "lot_views",
    "order_view",
    "report_view",
    "transfer_view",
]

_KINDS = {
    ExecType.NEW: solver_pb2.IndexOrderReport.KIND_NEW,
    ExecType.STATUS: solver_pb2.IndexOrderReport.KIND_STATE,
    ExecType.PARTIAL_FILL: solver_pb2.IndexOrderReport.KIND_FILL,
    ExecType.FILL: solver_pb2.IndexOrderReport.KIND_FILL,
    ExecType.MINTED: solver_pb2.IndexOrderReport.KIND_MINTED,
    ExecType.PAID: solver_pb2.IndexOrderReport.KIND_PAID,
    ExecType.PENDING_CANCEL: solver_pb2.IndexOrderReport.KIND_PENDING_CANCEL,
    ExecType.CANCEL_REJECTED: solver_pb2.IndexOrderReport.KIND_CANCEL_REJECTED,
    ExecType.REPLACED: solver_pb2.IndexOrderReport.KIND_REPLACED,
    ExecType.REPLACE_REJECTED: solver_pb2.IndexOrderReport.KIND_REPLACE_REJECTED,
    ExecType.CANCELLED: solver_pb2.IndexOrderReport.KIND_CANCELLED,
    ExecType.EXPIRED: solver_pb2.IndexOrderReport.KIND_EXPIRED,
    ExecType.REJECTED: solver_pb2.IndexOrderReport.KIND_REJECTED,
}


def account_view(account: str) -> common_pb2.AccountId:
    """`42161:0x…` as a message."""
    parsed = AccountId.parse(account)
    return common_pb2.AccountId(chain_id=parsed.chain_id, address=parsed.address)


def _state(state: OrderState) -> solver_pb2.IndexOrderState.ValueType:
    return solver_pb2.IndexOrderState.Value(f"INDEX_ORDER_STATE_{state.value}")


def _side(side: Side) -> solver_pb2.IndexSide.ValueType:
    return solver_pb2.IndexSide.Value(f"INDEX_SIDE_{side.value}")


def _optional(atoms: int) -> str:
    return format_atoms(atoms) if atoms else ""


def _fees(order: IndexOrder, asset: str) -> list[common_pb2.Fee]:
    invoice, redemption = order.invoice, order.redemption
    if redemption is not None:
        amounts = [
            (common_pb2.FEE_KIND_VENUE, redemption.venue_fees),
            (common_pb2.FEE_KIND_ROUTING, redemption.routing_fees),
            (common_pb2.FEE_KIND_REDEMPTION, redemption.redemption_fee),
            (common_pb2.FEE_KIND_ROUNDING, redemption.rounding),
        ]
    elif invoice is None:
        amounts = [(common_pb2.FEE_KIND_VENUE, order.sale_fees), (common_pb2.FEE_KIND_ROUTING, order.routing_fee)]
    else:
        amounts = [
            (common_pb2.FEE_KIND_VENUE, invoice.venue_fees),
            (common_pb2.FEE_KIND_ROUTING, invoice.routing_fees),
            (common_pb2.FEE_KIND_MANAGEMENT, invoice.management_fee),
            (common_pb2.FEE_KIND_ROUNDING, invoice.rounding),
        ]
    return fee_messages(amounts, asset)


def fee_messages(amounts: Sequence[tuple[common_pb2.FeeKind.ValueType, int]], asset: str) -> list[common_pb2.Fee]:
    """Fees of one asset by kind; those of nothing are left out."""
    return [common_pb2.Fee(kind=kind, asset=asset, amount=format_atoms(amount)) for kind, amount in amounts if amount]


def fee_kind(name: str) -> common_pb2.FeeKind.ValueType:
    """A fee's kind by the name that the bridge's edge gave it."""
    return common_pb2.FeeKind.Value(f"FEE_KIND_{name.upper()}")


def order_view(state: SolverState, order: IndexOrder) -> solver_pb2.IndexOrder:
    """An index order as it stands."""
    index = state.indices.get(order.index)
    invoice, redemption = order.invoice, order.redemption
    reason = order.ending_reason.value if order.ending_reason is not RejectReason.NONE else ""
    if order.state is OrderState.REJECTED and order.first is not None:
        reason = order.first.text or order.first.reason.value or reason
    view = solver_pb2.IndexOrder(
        terms=solver_pb2.IndexOrderTerms(
            client_order_id=order.client_order_id,
            account=account_view(order.account),
            side=_side(order.side),
            index=order.index,
            amount=format_atoms(order.amount),
            limit_price=_optional(order.max_price),
            max_fee=_optional(order.max_fee),
            expires_at=order.expires_at,
        ),
        state=_state(order.state),
        deposit_amount=_optional(order.deposit),
        units=format_atoms(invoice.units if invoice else order.units),
        assets_value=format_atoms(invoice.assets if invoice else order.proceeds or order.spent),
        fees=_fees(order, index.collateral if index else "USDC"),
        refund=format_atoms(invoice.refund if invoice else 0),
        invoice_id=invoice.invoice_id if invoice else redemption.invoice_id if redemption else "",
        reason=reason or order.vetoed,
        created_at=order.first.at if order.first is not None else 0,
        changed_at=order.state_since,
        cancel_pending=order.ending is not None and not order.state.final,
        paid=format_atoms(redemption.paid) if redemption else "",
        returned=format_atoms(redemption.returned) if redemption else "",
    )
    lot = (state.token_lots if order.side is Side.SELL else state.lots).get(order.lot_key)
    if lot is not None:
        view.deposit.CopyFrom(log_id(lot))
    return view


def report_view(sequence: int, index: int, report: IndexOrderReport) -> solver_pb2.IndexOrderReport:
    """A report with the order as the report itself tells it; the same one whenever it is read."""
    order = solver_pb2.IndexOrder(
        terms=solver_pb2.IndexOrderTerms(
            client_order_id=report.client_order_id,
            account=account_view(report.account),
            side=_side(report.side),
            index=report.index,
            amount=format_atoms(report.amount),
        ),
        state=_state(report.state),
        units=format_atoms(report.units),
        assets_value=format_atoms(report.proceeds if report.side is Side.SELL else report.spent),
        refund=format_atoms(report.refund),
        reason=report.reason.value,
        changed_at=report.at,
        paid=_optional(report.paid),
        returned=_optional(report.returned),
    )
    return solver_pb2.IndexOrderReport(
        cursor=solver_pb2.ReportCursor(sequence=sequence, index=index),
        reported_at=report.at,
        kind=_KINDS[report.exec_type],
        order=order,
        last_units=_optional(report.last_units),
        last_value=_optional(report.last_value),
        text=report.text,
        tx_hash=report.tx_hash,
        amend_id=report.amend_id,
    )


def log_id(lot: RequestLot) -> common_pb2.LogId:
    """The log that a request was told by."""
    log_index = int(lot.key.rpartition(":")[2])
    return common_pb2.LogId(chain_id=lot.chain_id, tx_hash=lot.tx_hash, log_index=log_index)


def deposit_view(state: SolverState, lot: DepositLot) -> collateral_pb2.Deposit:
    """A deposit with the bucket that its money is in."""
    order = state.orders.get(lot.order_id)
    index = next((one.symbol for one in state.indices.values() if one.gate == lot.gate), "")
    return collateral_pb2.Deposit(
        id=log_id(lot),
        account=account_view(lot.account),
        index=index,
        request_id=str(lot.request_id),
        amount=format_atoms(lot.amount),
        buckets={name: format_atoms(amount) for name, amount in _buckets(lot, order).items() if amount},
        client_order_id=order.client_order_id if order is not None else "",
    )


def _buckets(lot: DepositLot, order: IndexOrder | None) -> dict[str, int]:
    if order is None or lot.state.value != "COMMITTED":
        return {lot.state.value.lower(): lot.amount}
    if order.invoice is not None and order.state is OrderState.MINTED:
        return {"spent": lot.amount - order.invoice.refund, "refunded": order.invoice.refund}
    return {"routed": lot.amount - order.reserved - order.spent, "reserved": order.reserved, "spent": order.spent}


def transfer_view(state: SolverState, transfer: Transfer) -> collateral_pb2.CollateralTransfer:
    """A transfer of collateral."""
    index = state.indices[transfer.index]
    arrived = state.venue_deposits.get(transfer.deposit_id)
    amount_out = arrived.amount if arrived is not None else transfer.quoted_out
    orders = [state.orders[order_id] for order_id, _ in transfer.shares if order_id in state.orders]
    fees = []
    if amount_out:
        charged = transfer.amount - amount_out
        known = sum(fee.amount for fee in transfer.fees) == charged
        parts = [(fee_kind(fee.kind), fee.amount) for fee in transfer.fees]
        fees = fee_messages(parts if known else [(common_pb2.FEE_KIND_ROUTING, charged)], index.collateral)
    return collateral_pb2.CollateralTransfer(
        transfer_id=transfer.transfer_id,
        source=index.custody,
        destination=index.destination,
        state=transfer.stage.value,
        amount_in=format_atoms(transfer.amount),
        amount_out=_optional(amount_out),
        fees=fees,
        client_order_ids=[order.client_order_id for order in orders],
    )


def ledger_name(account: Account) -> str:
    """Name of a ledger account for people."""
    return f"{account.kind.value.lower()}/{account.owner}/{account.bucket}@{account.place}"


def invoice_view(state: SolverState, invoice: Invoice, order: IndexOrder) -> invoices_pb2.Invoice:
    """An invoice with its lots."""
    view = invoices_pb2.Invoice(
        invoice_id=invoice.invoice_id,
        number=order.sequence,
        account=account_view(invoice.account),
        client_order_id=invoice.client_order_id,
        index=invoice.index,
        request_id=str(invoice.request_id),
        deposit=format_atoms(invoice.deposit),
        assets_value=format_atoms(invoice.assets),
        venue_fees=format_atoms(invoice.venue_fees),
        routing_fees=format_atoms(invoice.routing_fees),
        management_fee=format_atoms(invoice.management_fee),
        rounding=format_atoms(invoice.rounding),
        refund=format_atoms(invoice.refund),
        units=format_atoms(invoice.units),
        lots=lot_views(invoice.lots),
        kind=invoices_pb2.INVOICE_KIND_MINT,
        lots_root=order.lots_root,
        mint_tx_hash=order.settle_tx,
        final=order.state is OrderState.MINTED,
        created_at=order.state_since,
        signer=order.signer,
    )
    if (lot := state.lots.get(order.lot_key)) is not None:
        view.deposit_id.CopyFrom(log_id(lot))
    return view


def lot_views(lots: Sequence[InvoiceLot]) -> list[invoices_pb2.InvoiceLot]:
    """The lots of an invoice."""
    return [
        invoices_pb2.InvoiceLot(
            asset=lot.asset,
            venue=lot.venue,
            symbol=lot.symbol,
            trade_id=lot.trade_id,
            quantity=format_atoms(lot.quantity),
            price=format_atoms(lot.price),
            value=format_atoms(lot.value),
            fee=format_atoms(lot.fee),
            batch_id=lot.batch_id,
            source=lot.source.value,
        )
        for lot in lots
    ]


def batch_view(state: SolverState, batch: Batch) -> operations_pb2.Batch:
    """A batch with its asset orders."""
    members = [state.orders[order_id].client_order_id for order_id, _, _ in batch.orders if order_id in state.orders]
    sent = sorted(
        (order for order in state.asset_orders.values() if order.batch_id == batch.batch_id),
        key=lambda order: order.client_order_id,
    )
    return operations_pb2.Batch(
        batch_id=batch.batch_id,
        solved_at=batch.opened_at,
        closed=batch.closed,
        index_orders=members,
        asset_orders=[_asset_order(batch, order) for order in sent],
    )


def _asset_order(batch: Batch, order: AssetOrder) -> operations_pb2.AssetOrder:
    fills = sum(len(leg.fills) for leg in batch.legs if (leg.venue, leg.symbol) == (order.venue, order.symbol))
    return operations_pb2.AssetOrder(
        client_order_id=order.client_order_id,
        venue=order.venue,
        symbol=order.symbol,
        side=order.side.value,
        price=format_atoms(order.price),
        quantity=format_atoms(order.quantity),
        executed_quantity=format_atoms(order.executed),
        status=order.state.value,
        fills=fills,
    )
