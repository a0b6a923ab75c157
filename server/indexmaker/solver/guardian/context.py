"""What accounts of both sides are held against besides their arithmetic: names, transaction, deadline, lots' origin."""

from __future__ import annotations

from collections.abc import Iterator

from indexmaker.identifiers import derived_id
from indexmaker.solver.commands import Invoice, RedemptionInvoice
from indexmaker.solver.guardian.facts import ContextFacts, trade_key
from indexmaker.solver.guardian.findings import Check, Discrepancy, unequal
from indexmaker.solver.vocabulary import LotSource

__all__ = ["verify_context"]

_ATTEMPTS = 256
"""How often an account may have been made anew; each attempt has an id of its own."""


def verify_context(invoice: Invoice | RedemptionInvoice, facts: ContextFacts) -> tuple[Discrepancy, ...]:
    """What speaks against signing."""
    return (*_identity(invoice, facts), *_origins(invoice, facts))


def _identity(invoice: Invoice | RedemptionInvoice, facts: ContextFacts) -> Iterator[Discrepancy]:
    ids = (derived_id("i", invoice.order_id, attempt) for attempt in range(1, _ATTEMPTS + 1))
    if invoice.invoice_id not in ids:
        text = f"{invoice.invoice_id} is no id of an invoice of order {invoice.order_id}"
        yield Discrepancy(check=Check.IDENTITY, text=text)
    arrival_tx = invoice.deposit_tx if isinstance(invoice, Invoice) else invoice.request_tx
    yield from unequal(
        Check.IDENTITY,
        (
            ("transaction of the request", arrival_tx, facts.arrival_tx),
            ("transfer", invoice.transfer_id, facts.transfer_id),
        ),
    )
    if not 0 < invoice.deadline <= facts.deadline_until:
        text = f"deadline {invoice.deadline} is beyond {facts.deadline_until}, the life of an invoice from now on"
        yield Discrepancy(check=Check.IDENTITY, text=text)


def _origins(invoice: Invoice | RedemptionInvoice, facts: ContextFacts) -> Iterator[Discrepancy]:
    for lot in invoice.lots:
        name = trade_key(lot.venue, lot.symbol, lot.trade_id)
        if facts.bases.get(f"{lot.venue}:{lot.symbol}") != lot.asset:
            yield Discrepancy(check=Check.LOT, text=f"{name} is no trade in {lot.asset}")
        batch = facts.batches.get(name)
        if lot.source is LotSource.TRADE and batch != lot.batch_id:
            text = f"batch of {name}: invoice says {lot.batch_id!r}, known is {batch!r}"
            yield Discrepancy(check=Check.LOT, text=text)
