"""Commands of the sell path, and the account of a redemption."""

from __future__ import annotations

from indexmaker.solver.commands.base import Command, Report
from indexmaker.solver.commands.invoices import InvoiceLot, TrailStep
from indexmaker.solver.vocabulary import Value

__all__ = [
    "CommitRedemptions",
    "RedemptionInvoice",
    "RedemptionReport",
    "SettleRedemption",
    "SignRedemption",
    "WithdrawCollateral",
]


class CommitRedemptions(Command, frozen=True, kw_only=True):
    """Lock these escrows of a gate before anything is sold. Answered by `CollateralCommitted` or `CommitFailed`."""

    chain_id: int
    gate: str
    request_ids: tuple[int, ...]


class WithdrawCollateral(Command, frozen=True, kw_only=True):
    """Have a venue send money out, once per command id. Answered by `WithdrawalUpdated` until COMPLETED or FAILED."""

    transfer_id: str
    venue: str
    asset: str
    amount: int
    network: str
    address: str


class RedemptionInvoice(Value, frozen=True, kw_only=True):
    """The final account of one sell order:

    `proceeds = paid + venue_fees + routing_fees + redemption_fee + rounding` and
    `escrowed = burned + returned`, exactly. On chain `fee = routing_fees + redemption_fee`. `proceeds` is the value
    of `lots`, which are what was sold, in canonical order.
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
    request_tx: str
    transfer_id: str
    escrowed: int
    burned: int
    returned: int
    proceeds: int
    venue_fees: int
    routing_fees: int
    redemption_fee: int
    rounding: int
    paid: int
    fee: int
    deadline: int
    lots: tuple[InvoiceLot, ...]


class SignRedemption(Command, frozen=True, kw_only=True):
    """Have the guardian recompute and sign. Answered by `InvoiceSigned` or `InvoiceVetoed`."""

    invoice: RedemptionInvoice


class SettleRedemption(Command, frozen=True, kw_only=True):
    """Burn and pay on chain, once per request. Answered by `SettlementUpdated` until FINAL or REVERTED."""

    chain_id: int
    gate: str
    invoice: RedemptionInvoice
    lots_root: str
    signer: str
    signature: str


class RedemptionReport(Report, frozen=True, kw_only=True):
    """A redemption invoice after its payment: `final` once the chain's finality is reached.

    `trail` are the transactions before the payment: request, withdrawal, hops.
    """

    invoice: RedemptionInvoice
    lots_root: str
    tx_hash: str
    block: int
    final: bool
    at: int
    signer: str = ""
    signature: str = ""
    trail: tuple[TrailStep, ...] = ()
