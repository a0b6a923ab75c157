"""Bringing journal, chain, venue and register together: the judgement of one account, and its signature."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
import structlog

from indexmaker.connectors.errors import TransientError
from indexmaker.runtime import JournalError
from indexmaker.services.guardian.chain_watch import ChainWatch
from indexmaker.services.guardian.reading import Reading
from indexmaker.services.guardian.register import Register
from indexmaker.services.guardian.signing import GuardianKey, Signature
from indexmaker.services.guardian.venue_watch import VenueWatch
from indexmaker.solver.events import ExecutionReported
from indexmaker.solver.evidence import Account
from indexmaker.solver.guardian import Check, Discrepancy, verify_on_chain, verify_trades
from indexmaker.storage import DatabaseUnavailableError, SchemaOutdatedError, check

__all__ = ["JOURNAL_CHECKS", "Judge", "Outcome", "outcomes"]

_log = structlog.get_logger(__name__)

JOURNAL_CHECKS = (
    *(Check.IDENTITY, Check.BALANCE, Check.PRECISION, Check.ROUTING_FEE, Check.MANAGEMENT_FEE),
    *(Check.LOT, Check.OVERASSIGNED, Check.UNITS, Check.LIMIT, Check.RELIEF),
)
"""What the journal alone is enough for."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to; one whose source was not asked found nothing, and `note` says why not."""

    check: Check
    asked: bool = True
    findings: tuple[str, ...] = ()
    note: str = ""


def outcomes(checks: tuple[Check, ...], found: tuple[Discrepancy, ...]) -> tuple[Outcome, ...]:
    """Every check that was made, with what it found."""
    return tuple(
        Outcome(check=check, findings=tuple(one.text for one in found if one.check is check)) for check in checks
    )


class Judge:
    """Judges accounts one after another; signs those in which nothing is wrong."""

    def __init__(
        self,
        key: GuardianKey,
        *,
        database: str,
        reading: Reading,
        register: Register,
        chain: ChainWatch,
        venues: Mapping[str, VenueWatch],
    ) -> None:
        self._key = key
        self._database = database
        self._reading = reading
        self._register = register
        self._chain = chain
        self._venues = venues
        self._checked = False
        self._turn = asyncio.Lock()

    async def catch_up(self) -> None:
        """Read the journal to its head.

        Raises:
            TransientError: there is no such database yet, or not with this program's tables.
            JournalError: the journal contradicts itself or what was read before.
        """
        async with self._turn:
            await self._read()

    async def review(self, account: Account) -> tuple[Outcome, ...]:
        """Judge an account by everything that can be asked; raises as `catch_up`, and when a source does not answer."""
        async with self._turn:
            await self._read()
            evidence = self._reading.evidence
            found = [*evidence.review(account), *self._signed_elsewhere(account)]
            trades = evidence.trades_of(account)
        before = self._register.objection(account)
        request = await self._chain.request(account.chain_id, account.gate, account.request_id)
        found += verify_on_chain(account, request)
        found += await self._ask_venues(trades)
        found += [before] if before is not None else []
        checks = (*JOURNAL_CHECKS, Check.CHAIN, Check.VENUE, Check.SIGNED_BEFORE)
        return outcomes(checks, tuple(found))

    async def sign(self, account: Account) -> Signature | tuple[Discrepancy, ...]:
        """Judge and, when nothing was found, register and sign; otherwise everything that was found."""
        judged = await self.review(account)
        found = tuple(Discrepancy(check=one.check, text=text) for one in judged for text in one.findings)
        if found:
            return found
        async with self._turn:
            objection = self._register.objection(account)  # another call may have signed meanwhile
            if objection is not None:
                return (objection,)
            signature = self._key.sign(account)
            await asyncio.to_thread(self._register.enter, account, digest=signature.digest)
        return signature

    def _signed_elsewhere(self, account: Account) -> list[Discrepancy]:
        """The guardian's own second count: what it signed away of a trade before, whatever the journal says."""
        taken = self._register.assigned(account)
        found = []
        for name, trade in self._reading.evidence.trades_of(account).items():
            mine = sum(lot.quantity for lot in account.lots if name == f"{lot.venue}:{lot.symbol}:{lot.trade_id}")
            if taken.get(name, 0) and taken[name] + mine > trade.quantity:
                text = f"{name}: more than the trade brought, with the accounts signed before"
                found.append(Discrepancy(check=Check.OVERASSIGNED, text=text))
        return found

    async def _ask_venues(self, trades: Mapping[str, ExecutionReported]) -> tuple[Discrepancy, ...]:
        told: dict[str, ExecutionReported] = {}
        for venue in sorted({trade.venue for trade in trades.values()}):
            mine = {name: trade for name, trade in trades.items() if trade.venue == venue}
            watch = self._venues.get(venue)
            told |= await watch.trades(mine) if watch is not None else {}
        return verify_trades(trades, told)

    async def _read(self) -> None:
        if not self._checked:
            try:
                await asyncio.to_thread(check, self._database)
            except (DatabaseUnavailableError, SchemaOutdatedError) as error:
                raise TransientError(f"the journal cannot be read yet: {error}") from None
            self._checked = True
        gates = self._reading.gates()
        try:
            await asyncio.to_thread(self._reading.catch_up)
        except JournalError as error:
            _log.error("journal_refused", reason=str(error))
            raise
        if self._reading.gates() != gates:
            self._chain.gates_changed()
