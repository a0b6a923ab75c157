"""Everything the solver says: commands for the connectors, and reports for whoever watches.

A command's `command_id` follows from its business key, so a second sending is harmless when the receiver
keeps the ids it has seen. A command stays in `SolverEngine.pending()` until the event that answers it was
applied; the docstring of each names that event. Reports are not repeated after a restart; they can be had
from the journal.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side, Value

__all__ = [
    "Alert",
    "BatchReport",
    "Command",
    "CommitCollateral",
    "ConfirmArrival",
    "Contribution",
    "IndexOrderReport",
    "IndexReport",
    "Invoice",
    "InvoiceLot",
    "InvoiceReport",
    "LegReport",
    "Output",
    "PlaceAssetOrder",
    "QueryAssetOrder",
    "QuoteRoute",
    "Report",
    "SettleInvoice",
    "SignInvoice",
    "SolverCommand",
    "SolverReport",
    "StartTransfer",
]


class Output(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Parent of commands and reports; the class name is the tag."""


class Command(Output, frozen=True, kw_only=True):
    """Something a connector has to do; the same `command_id` is the same deed."""

    command_id: str


class Report(Output, frozen=True, kw_only=True):
    """Something to tell; nobody has to act for the books to be right."""


class QuoteRoute(Command, frozen=True, kw_only=True):
    """Ask what a transfer would cost. Answered by `RouteQuoted` or `RouteRefused`."""

    transfer_id: str
    source: str
    destination: str
    route: str
    asset: str
    amount: int


class CommitCollateral(Command, frozen=True, kw_only=True):
    """Move these requests of a gate to its route. Answered by `CollateralCommitted` or `CommitFailed`."""

    transfer_id: str
    chain_id: int
    gate: str
    request_ids: tuple[int, ...]
    route: str
    amount: int


class Contribution(Value, frozen=True, kw_only=True):
    """What one index order has in a shared transfer."""

    order_id: str
    request_id: int
    amount: int


class StartTransfer(Command, frozen=True, kw_only=True):
    """Carry committed collateral (idempotent by `transfer_id`; a repeat means: go on watching).

    Answered by `TransferUpdated` until COMPLETED, FAILED or REFUNDED.
    """

    transfer_id: str
    source: str
    destination: str
    route: str
    asset: str
    amount: int
    min_out: int
    commit_tx: str
    contributions: tuple[Contribution, ...]


class ConfirmArrival(Command, frozen=True, kw_only=True):
    """The venue has credited the transfer. Answered by `TransferUpdated` COMPLETED."""

    transfer_id: str
    external_id: str
    amount: int


class PlaceAssetOrder(Command, frozen=True, kw_only=True):
    """A LIMIT IOC order. `client_order_id` is the command id; a repeat must look the id up before it sends.

    Answered by `AssetOrderAccepted`, `AssetOrderDone`, `AssetOrderRejected` or `AssetOrderUnknown`.
    """

    batch_id: str
    venue: str
    symbol: str
    side: Side
    price: int
    quantity: int
    client_order_id: str
    order_type: str = "LIMIT"
    time_in_force: str = "IOC"


class QueryAssetOrder(Command, frozen=True, kw_only=True):
    """Ask the venue what became of an order, with its trades.

    Answered by `AssetOrderDone` (after its `ExecutionReported`), or `AssetOrderRejected` NOT_FOUND.
    """

    venue: str
    symbol: str
    client_order_id: str


class InvoiceLot(Value, frozen=True, kw_only=True):
    """Part of one venue trade given to one index order.

    `value` is the charge for the assets, `fee` the venue's commission valued in collateral. `batch_id` is the
    batch that assigned it; a lot from house inventory (`inventory`) is charged at the mid price of that
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
    inventory: bool = False


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


class IndexReport(Report, frozen=True, kw_only=True):
    """An index was taken in (with its quantities per unit) or refused."""

    symbol: str
    version: int
    accepted: bool
    reason: str = ""
    quantities: tuple[tuple[str, int], ...] = ()


class IndexOrderReport(Report, frozen=True, kw_only=True):
    """A change of an index order, in the manner of a FIX execution report.

    `spent` is the collateral used for assets and venue fees so far, `leaves` what may still be used, `fees`
    routing plus management fee, `refund` what comes back (known with the invoice), `units` the index units
    filled so far, `last_units` those of this report and `last_value` what they cost.
    """

    order_id: str
    account: str
    client_order_id: str
    index: str
    side: Side
    exec_type: ExecType
    state: OrderState
    amount: int
    spent: int = 0
    leaves: int = 0
    units: int = 0
    last_units: int = 0
    last_value: int = 0
    fees: int = 0
    refund: int = 0
    reason: RejectReason = RejectReason.NONE
    text: str = ""
    tx_hash: str = ""
    at: int = 0


class LegReport(Value, frozen=True, kw_only=True):
    """One asset of a batch: what was sent to the venue, what came of it."""

    asset: str
    venue: str
    symbol: str
    ordered: int
    limit_price: int
    from_inventory: int
    executed: int = 0
    cost: int = 0
    fee: int = 0
    surplus: int = 0


class BatchReport(Report, frozen=True, kw_only=True):
    """A batch began (`closed` false), ended, or was not worth beginning (`reason`, no legs)."""

    batch_id: str
    closed: bool
    legs: tuple[LegReport, ...] = ()
    orders: tuple[tuple[str, int], ...] = ()
    """Index orders with the units planned (open) or filled (closed)."""
    waiting: tuple[tuple[str, str], ...] = ()
    """Index orders left out, each with the reason."""
    unusable: tuple[tuple[str, str], ...] = ()
    """Assets that could not be traded, each with the reason."""
    reason: str = ""
    at: int = 0


class InvoiceReport(Report, frozen=True, kw_only=True):
    """An invoice after its mint: `final` once the chain's finality is reached."""

    invoice: Invoice
    lots_root: str
    tx_hash: str
    block: int
    final: bool
    at: int


class Alert(Report, frozen=True, kw_only=True):
    """Something a person should see. `kind` is stable (STUCK_ORDER, TRANSFER, LATE_FILL, ...)."""

    kind: str
    subject: str
    text: str
    order_ids: tuple[str, ...] = ()
    age_ns: int = 0
    at: int = 0


SolverCommand: TypeAlias = (
    QuoteRoute
    | CommitCollateral
    | StartTransfer
    | ConfirmArrival
    | PlaceAssetOrder
    | QueryAssetOrder
    | SignInvoice
    | SettleInvoice
)
SolverReport: TypeAlias = IndexReport | IndexOrderReport | BatchReport | InvoiceReport | Alert
