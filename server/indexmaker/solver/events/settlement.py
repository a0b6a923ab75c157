"""Signatures of invoices and their way onto the chain."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import SettlementState

__all__ = ["InvoiceSigned", "InvoiceVetoed", "SettlementUpdated"]


class InvoiceSigned(Event, frozen=True, kw_only=True):
    """Guardian and issuer agree with an invoice. `lots_root` is the Merkle root the signing edge made from
    its lots.
    """

    invoice_id: str
    signer: str
    signature: str
    lots_root: str
    digest: str = ""


class InvoiceVetoed(Event, frozen=True, kw_only=True):
    """The guardian found a difference; nothing is minted until somebody looks."""

    invoice_id: str
    reason: str


class SettlementUpdated(Event, frozen=True, kw_only=True):
    """The transaction of a `SettleInvoice` as the chain shows it now."""

    command_id: str
    state: SettlementState
    tx_hash: str = ""
    block: int = 0
    confirmations: int = 0
    reason: str = ""
