"""The final account of an index order, its signature and its settlement."""

from __future__ import annotations

from indexmaker.solver.commands.base import Command, Report
from indexmaker.solver.vocabulary import LotSource, Value

__all__ = ["Invoice", "InvoiceLot", "InvoiceReport", "SettleInvoice", "SignInvoice", "TrailStep"]


class InvoiceLot(Value, frozen=True, kw_only=True):
    """Part of one venue trade given to one index order.

    `value` is the charge for the assets, `fee` the venue's commission valued in collateral. `batch_id` is the
    batch that assigned it; a lot from house inventory or from another order is charged at the mid price of that
    batch's book.
    """

    asset: str
    venue: str
    symbol: str
    trade_id: str
    batch_id: str
    quantity: int
    price: int
    value: int
    fee: int
    source: LotSource = LotSource.TRADE


class Invoice(Value, frozen=True, kw_only=True):
    """The final account of one index order:

    `deposit = assets + venue_fees + routing_fees + management_fee + rounding + refund`, exactly.
    On chain `spent = assets + venue_fees + rounding`, `fee = routing_fees + management_fee`, `back = refund`
    and `out = units`; these four are whole units of their tokens. `lots` are in canonical order (asset,
    venue, symbol, trade id, batch id); the signing edge makes the Merkle root of them.
    """

    invoice_id: str
    order_id: str
    client_order_id: str
    account: str
    index: str
    basket_version: int
    chain_id: int
    gate: str
    request_id: int
    deposit_tx: str
    transfer_id: str
    deposit: int
    assets: int
    venue_fees: int
    routing_fees: int
    management_fee: int
    rounding: int
    refund: int
    units: int
    spent: int
    fee: int
    deadline: int
    lots: tuple[InvoiceLot, ...]


class SignInvoice(Command, frozen=True, kw_only=True):
    """Have the guardian recompute and sign. Answered by `InvoiceSigned` or `InvoiceVetoed`."""

    invoice: Invoice


class SettleInvoice(Command, frozen=True, kw_only=True):
    """Settle on chain, once per request. Answered by `SettlementUpdated` until FINAL or REVERTED."""

    chain_id: int
    gate: str
    invoice: Invoice
    lots_root: str
    signer: str
    signature: str


class TrailStep(Value, frozen=True, kw_only=True):
    """A transaction on the way of the money; `chain_id` 0 where it is not known."""

    step: str
    chain_id: int
    tx_hash: str


class InvoiceReport(Report, frozen=True, kw_only=True):
    """An invoice after its mint: `final` once the chain's finality is reached.

    `trail` are the transactions before the mint: deposit, commit, hops.
    """

    invoice: Invoice
    lots_root: str
    tx_hash: str
    block: int
    final: bool
    at: int
    signer: str = ""
    signature: str = ""
    trail: tuple[TrailStep, ...] = ()
