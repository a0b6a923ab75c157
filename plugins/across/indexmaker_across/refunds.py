"""Finds the refunds of expired deposits on a lane's departure chain and books each once."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker_across import events as ev
from indexmaker_across.ends import Departure
from indexmaker_across.journal import TransferJournal
from indexmaker_across.judgement import refund_shares
from indexmaker_across.machine import apply
from indexmaker_across.relay import Refund
from indexmaker_across.transfer import Transfer

__all__ = ["RefundBook"]

log = structlog.get_logger(__name__)


class RefundBook:
    """Remembers how far the chain was read, and the refunds that fitted nothing yet."""

    def __init__(self, journal: TransferJournal, departure: Departure, *, clock: Clock) -> None:
        self._journal = journal
        self._departure = departure
        self._clock = clock
        self._waiting: frozenset[str] = frozenset()
        self._next = 0
        self._unbooked: dict[str, Refund] = {}

    async def look(self, pending: Sequence[Transfer], *, last: int) -> None:
        """Read on to block `last` and book what came back for the pending transfers, the oldest first."""
        waiting = frozenset(transfer.transfer_id for transfer in pending)
        blocks = [transfer.deposit.origin_block for transfer in pending if transfer.deposit]
        first = self._next if waiting <= self._waiting else min(blocks, default=last)
        for refund in await self._departure.refunds(first, last):
            if not self._journal.is_refund_used(refund.key):
                self._unbooked[refund.key] = refund
        self._waiting, self._next = waiting, last + 1
        left = list(pending)
        for refund in list(self._unbooked.values()):
            shares = refund_shares(refund.amount, left)
            if shares:
                self._book(refund, shares)
                left = [transfer for transfer in left if transfer not in shares]

    def _book(self, refund: Refund, shares: Sequence[Transfer]) -> None:
        event: ev.Event = ev.RefundSeen(tx_hash=refund.tx_hash)
        if refund.deferred:
            event = ev.RefundDeferred(tx_hash=refund.tx_hash, block=refund.block_number)
        at = self._clock.now()
        # a caller may have changed them while the chain was asked
        current = [self._journal.get(transfer.transfer_id) or transfer for transfer in shares]
        self._journal.record_all([(apply(t, event, at=at), event) for t in current], refund_key=refund.key)
        del self._unbooked[refund.key]
        for transfer in shares:
            log.info("refund_booked", transfer_id=transfer.transfer_id, tx_hash=refund.tx_hash, sum=refund.amount)
