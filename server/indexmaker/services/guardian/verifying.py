"""Verifying an invoice after the fact, by whoever has the journal; venue and chain are asked where they can be."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

import grpc.aio
import msgspec

from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.errors import TransientError
from indexmaker.runtime import Committed, Journal, recover
from indexmaker.services.guardian.chain_watch import ChainWatch
from indexmaker.services.guardian.judge import JOURNAL_CHECKS, Outcome, outcomes
from indexmaker.services.guardian.reading import CheckpointedJournal
from indexmaker.services.guardian.signing import signer_of
from indexmaker.services.guardian.venue_watch import VenueWatch
from indexmaker.services.solver.lots_root import lots_root
from indexmaker.solver.commands import (
    InvoiceReport,
    RedemptionReport,
    SignInvoice,
    SignRedemption,
    SolverCommand,
    SolverReport,
)
from indexmaker.solver.events import ExecutionReported, InvoiceSigned, SolverEvent
from indexmaker.solver.evidence import Account, Evidence
from indexmaker.solver.guardian import ChainRequest, Check, verify_on_chain, verify_settlement, verify_trades

__all__ = ["Found", "Sources", "UnknownInvoiceError", "find_invoice", "verify_found"]


class UnknownInvoiceError(Exception):
    """The journal has no such invoice."""


class Sources(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of the connectors to ask; what is empty is not asked. `patience` is how long a chain may take."""

    chain: str = ""
    venues: Mapping[str, str] = {}
    patience: float = 60.0


class Found(msgspec.Struct, kw_only=True):
    """An invoice as the journal tells it, with what was folded of the journal."""

    invoice_id: str
    account: Account | None = None
    signed: InvoiceSigned | None = None
    settled: InvoiceReport | RedemptionReport | None = None
    evidence: Evidence

    def take(self, committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> None:
        """Note what one entry says of the invoice."""
        event = committed.event
        if isinstance(event, InvoiceSigned) and event.invoice_id == self.invoice_id:
            self.signed = self.signed or event
        for output in committed.outputs:
            if isinstance(output, SignInvoice | SignRedemption) and output.invoice.invoice_id == self.invoice_id:
                self.account = output.invoice
            elif isinstance(output, InvoiceReport | RedemptionReport) and (
                output.invoice.invoice_id == self.invoice_id
            ):
                self.settled = output


def find_invoice(journal: Journal, invoice_id: str) -> Found:
    """Fold a journal from its first entry, checking its hash chain, and pick an invoice out of it.

    Raises:
        UnknownInvoiceError: it is not there.
        JournalError: the journal was altered.
    """
    found = Found(invoice_id=invoice_id, evidence=Evidence())
    recover(found.evidence, CheckpointedJournal(journal), on_committed=found.take)
    if found.account is None:
        raise UnknownInvoiceError(
            f"the journal has no invoice {invoice_id[:64]!r}; `indexmaker invoice list` shows all"
        )
    return found


async def verify_found(found: Found, sources: Sources) -> tuple[Outcome, ...]:
    """Every check with what it found; those whose source was not given, or gave no answer, are not asked."""
    assert found.account is not None
    judged = outcomes(JOURNAL_CHECKS, found.evidence.review(found.account, deadlines=False))
    chain_checks = await _ask_chain(found, sources)
    return (Outcome(check=Check.JOURNAL), *judged, *_signature(found), await _ask_venues(found, sources), *chain_checks)


def _signature(found: Found) -> tuple[Outcome, ...]:
    account, signed = found.account, found.signed
    assert account is not None
    if signed is None:
        unsigned = "not signed"
        return (
            Outcome(check=Check.ROOT, asked=False, note=unsigned),
            Outcome(check=Check.SIGNATURE, asked=False, note=unsigned),
        )
    root, signer = lots_root(account.lots), signer_of(account, signature=signed.signature)
    wrong_root = f"signed was {signed.lots_root}, the lots have {root}"
    wrong_signer = f"signed by {signer or 'nobody'}, the journal says {signed.signer}"
    return (
        Outcome(check=Check.ROOT, findings=() if root == signed.lots_root else (wrong_root,)),
        Outcome(check=Check.SIGNATURE, findings=() if signer == signed.signer.lower() else (wrong_signer,)),
    )


async def _ask_venues(found: Found, sources: Sources) -> Outcome:
    assert found.account is not None
    trades = found.evidence.trades_of(found.account)
    venues = {trade.venue for trade in trades.values()}
    if missing := sorted(venues - set(sources.venues)):
        return Outcome(check=Check.VENUE, asked=False, note=f"no connector given for {', '.join(missing)}")
    told: dict[str, ExecutionReported] = {}
    try:
        for venue in sorted(venues):
            mine = {name: trade for name, trade in trades.items() if trade.venue == venue}
            async with open_channel(sources.venues[venue]) as channel:
                told |= await VenueWatch(venue, channel).trades(mine)
    except TransientError as error:
        return Outcome(check=Check.VENUE, asked=False, note=error.message)
    return outcomes((Check.VENUE,), verify_trades(trades, told))[0]


async def _ask_chain(found: Found, sources: Sources) -> tuple[Outcome, ...]:
    account = found.account
    assert account is not None
    if not sources.chain:
        return _unasked("no connector given")
    try:
        request = await _request(account, sources)
    except TransientError as error:
        return _unasked(error.message)
    before = msgspec.structs.replace(request, settled=None) if request is not None else None
    (on_chain,) = outcomes((Check.CHAIN,), verify_on_chain(account, before))
    if found.settled is None or found.signed is None:
        return on_chain, Outcome(check=Check.SETTLEMENT, asked=False, note="not settled yet")
    settlement = verify_settlement(account, request, lots_root=found.signed.lots_root, tx_hash=found.settled.tx_hash)
    return on_chain, *outcomes((Check.SETTLEMENT,), settlement)


def _unasked(note: str) -> tuple[Outcome, ...]:
    return tuple(Outcome(check=check, asked=False, note=note) for check in (Check.CHAIN, Check.SETTLEMENT))


async def _request(account: Account, sources: Sources) -> ChainRequest | None:
    """What the gate logged; its settlement comes after the request, so it is waited for as well."""
    gate = (account.chain_id, account.gate)
    async with AsyncExitStack() as stack:
        channel: grpc.aio.Channel = await stack.enter_async_context(open_channel(sources.chain))
        watch = ChainWatch(channel, gates=lambda: {gate}, signer="", patience=sources.patience)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(watch.run())
            try:
                return await watch.request(*gate, account.request_id, until=_settled)
            finally:
                running.cancel()


def _settled(request: ChainRequest) -> bool:
    return request.settled is not None
