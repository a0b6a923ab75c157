"""Awaits what venues withdraw: a named transaction, deep enough, with a payment to the route contract."""

from __future__ import annotations

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker_across import events as ev
from indexmaker_across.ends import Departure
from indexmaker_across.journal import TransferJournal
from indexmaker_across.judgement import withdrawn
from indexmaker_across.machine import apply
from indexmaker_across.quotes import QuoteSource
from indexmaker_across.relay import Payment
from indexmaker_across.transfer import Transfer

__all__ = ["Collector"]

log = structlog.get_logger(__name__)


class Collector:
    """Books each payment to the route contract for one transfer, once."""

    def __init__(self, journal: TransferJournal, departure: Departure, quotes: QuoteSource, *, clock: Clock) -> None:
        self._journal = journal
        self._departure = departure
        self._quotes = quotes
        self._clock = clock

    async def look(self, transfer: Transfer, *, newest: int) -> None:
        """See whether the withdrawal of a transfer has come; raises `TransientError`."""
        receipt = await self._departure.receipt(transfer.terms.source_tx)
        if receipt is None or newest - receipt.block_number + 1 < self._departure.chain.config.confirmations:
            return
        if not receipt.succeeded:
            self._record(transfer, ev.CollectionRefused(reason="the withdrawal's transaction failed"))
            return
        free = [payment for payment in receipt.payments if not self._journal.is_withdrawal_used(payment.key)]
        found = withdrawn(transfer.terms.amount, free)
        if isinstance(found, str):
            self._record(transfer, ev.CollectionRefused(reason=found))
            return
        charges = transfer.charges
        if found.amount != transfer.terms.amount:
            charges = await self._quotes.charges(found.amount)
        if not self._journal.is_withdrawal_used(found.key):
            event = ev.Collected(log_index=found.log_index, amount=found.amount, charges=charges)
            self._record(transfer, event, payment=found)

    def _record(self, transfer: Transfer, event: ev.Event, *, payment: Payment | None = None) -> None:
        current = self._journal.get(transfer.transfer_id) or transfer
        changed = apply(current, event, at=self._clock.now())
        if changed is current:
            return
        self._journal.record_all([(changed, event)], withdrawal_key=payment.key if payment else "")
        log.info(
            "withdrawal_looked_at",
            transfer_id=changed.transfer_id,
            phase=changed.phase,
            amount=changed.collected,
            reason=changed.reason,
        )
