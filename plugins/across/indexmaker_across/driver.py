"""Moves the transfers of a lane on: looks at both chains, journals what it saw, takes each one's next step."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.errors import TransientError
from indexmaker_across import events as ev
from indexmaker_across.collecting import Collector
from indexmaker_across.config import AcrossConfig
from indexmaker_across.ends import Departure, DepartureView, Landing, LandingView
from indexmaker_across.journal import TransferJournal
from indexmaker_across.judgement import is_overdue, transaction_event
from indexmaker_across.lanes import Lane
from indexmaker_across.machine import apply
from indexmaker_across.plan import bridge_call, claim_call, payment_call, plan_deposit
from indexmaker_across.quotes import QuoteSource
from indexmaker_across.refunds import RefundBook
from indexmaker_across.transfer import Leg, Phase, Transfer
from indexmaker_evm.chain import ServedChain
from indexmaker_evm.transactions.commands import PreparedCall
from indexmaker_evm.transactions.journal import TransactionJournal

__all__ = ["Driver"]

log = structlog.get_logger(__name__)

_DEPOSITED = (Phase.BRIDGING, Phase.FILLING, Phase.REFUND_PENDING)
_LEGS = dict.fromkeys(_DEPOSITED, Leg.DEPOSIT) | {
    Phase.PAYING: Leg.PAYMENT,
    Phase.SENT: Leg.PAYMENT,
    Phase.CLAIMING: Leg.CLAIM,
}


class Driver:
    """The only writer of its lane's transfers besides the desk; one look at a time."""

    def __init__(
        self,
        journal: TransferJournal,
        transactions: TransactionJournal,
        departure: Departure,
        landing: Landing,
        lane: Lane,
        *,
        quotes: QuoteSource,
        config: AcrossConfig,
        clock: Clock,
    ) -> None:
        self._journal = journal
        self._transactions = transactions
        self._departure = departure
        self._landing = landing
        self._lane = lane
        self._config = config
        self._clock = clock
        self._collector = Collector(journal, departure, quotes, clock=clock)
        self._refunds = RefundBook(journal, departure, clock=clock)
        self._trouble: dict[str, str] = {}
        self.route_cap_bps: int | None = None
        """The route contract's own fee cap; None until it was read."""
        self.blind = ""
        """Why the last look at the chains failed; empty when it did not."""

    async def run(self) -> None:
        """Work until cancelled; raises `RouteMismatchError` when the chains are not as configured."""
        while True:
            seen = self._journal.changed.count
            try:
                if self.route_cap_bps is None:
                    await self._survey()
                await self.step()
                self.blind = ""
            except TransientError as error:
                if error.message != self.blind:
                    log.warning("look_failed", reason=error.message)
                self.blind = error.message
            await self._pause(seen)

    async def step(self) -> None:
        """Take one look, and at most one step for each open transfer; raises `TransientError`."""
        for transfer in self._open():
            self._note_transaction(transfer)
        transfers = self._open()
        if not transfers:
            return
        hashes = [t.deposit.relay_hash for t in transfers if t.deposit and t.phase in _DEPOSITED]
        departure = await self._departure.look()
        landing = await self._landing.look(hashes)
        for transfer in transfers:
            if transfer.phase is Phase.COLLECTING:
                await self._collector.look(transfer, newest=departure.number)
            await self._note_fill(transfer, landing)
            self._note_claim(transfer, departure)
        pending = [t for t in self._open() if t.phase is Phase.REFUND_PENDING]
        if pending:
            last = departure.number - self._departure.chain.config.confirmations + 1
            await self._refunds.look(pending, last=last)
        await self._act(self._open(), departure, landing)

    def _open(self) -> list[Transfer]:
        return [transfer for transfer in self._journal.open() if transfer.returns is self._lane.returns]

    async def _survey(self) -> None:
        cap_bps = await self._departure.survey()
        await self._landing.survey()
        self.route_cap_bps = cap_bps
        log.info("route_found", route=self._lane.route, cap_bps=self.route_cap_bps)

    async def _pause(self, seen: int) -> None:
        """Until a caller or this driver has changed something, or the chains may have."""
        try:
            async with asyncio.timeout(self._config.poll_interval_ms / 1_000):
                await self._journal.changed.after(seen)
        except TimeoutError:
            return

    # ---- what was seen --------------------------------------------------------------------------------------------

    def _note_transaction(self, transfer: Transfer) -> None:
        leg = _LEGS.get(transfer.phase)
        record = leg and self._transactions.get(transfer.command_id(leg))
        if leg and record:
            self._record(transfer, transaction_event(transfer, leg, record, at=self._clock.now()))

    async def _note_fill(self, transfer: Transfer, view: LandingView) -> None:
        deposit = transfer.deposit
        if deposit is None or transfer.phase not in _DEPOSITED:
            return
        if deposit.relay_hash not in view.filled:
            if transfer.phase is Phase.FILLING and view.timestamp > deposit.fill_deadline:
                self._record(transfer, ev.FillExpired())
            return
        fill = await self._landing.fill(
            deposit.deposit_id, relay_hash=deposit.relay_hash, first=deposit.destination_block, last=view.number
        )
        depth = 0 if fill is None else view.number - fill.block_number + 1
        if fill is not None and depth >= self._landing.chain.config.confirmations:
            self._record(transfer, ev.FillSeen(tx_hash=fill.tx_hash, amount=fill.amount))

    def _note_claim(self, transfer: Transfer, view: DepartureView) -> None:
        """Anyone may claim a refund, so what the SpokePool still keeps tells the end of it, not our transaction."""
        if transfer.phase is Phase.CLAIMING and view.owed == 0 and view.number >= transfer.refund_block:
            self._record(transfer, ev.RefundSeen(tx_hash=transfer.refund_tx))

    # ---- what is done ---------------------------------------------------------------------------------------------

    async def _act(self, transfers: Sequence[Transfer], departure: DepartureView, landing: LandingView) -> None:
        free = departure.collateral
        for transfer in transfers:
            if transfer.phase is Phase.BRIDGING or (transfer.phase is Phase.CREATED and transfer.deposit_attempt):
                free -= transfer.amount
        for transfer in transfers:
            if transfer.phase is Phase.CREATED:
                own = transfer.amount if transfer.deposit_attempt else 0
                if self._may_act(transfer) and free + own >= transfer.amount:
                    free -= transfer.amount - own
                    self._plan(transfer, departure, landing)
                    continue
            elif self._may_act(transfer):
                await self._send(transfer)
            reason = is_overdue(transfer, limits=self._config.limits, at=self._clock.now())
            if reason:
                trouble = self._trouble.get(transfer.transfer_id, "")
                self._record(transfer, ev.Overdue(reason=f"{reason}; {trouble}" if trouble else reason))

    def _may_act(self, transfer: Transfer) -> bool:
        return not transfer.alarm and transfer.output > 0 and transfer.retry_at <= self._clock.now()

    def _plan(self, transfer: Transfer, departure: DepartureView, landing: LandingView) -> None:
        deposit = plan_deposit(transfer, self._lane, departure, landing, fill_s=self._config.limits.fill_s)
        self._record(transfer, ev.DepositPlanned(deposit=deposit))

    async def _send(self, transfer: Transfer) -> None:
        if transfer.phase is Phase.BRIDGING:
            call = bridge_call(transfer, self._lane)
            await self._submit(transfer, Leg.DEPOSIT, self._departure.chain, call)
        elif transfer.phase is Phase.CLAIMING:
            await self._submit(transfer, Leg.CLAIM, self._departure.chain, claim_call(self._lane))
        elif transfer.phase is Phase.PAYING:
            call = payment_call(transfer, self._lane)
            await self._submit(transfer, Leg.PAYMENT, self._landing.chain, call)

    async def _submit(self, transfer: Transfer, leg: Leg, chain: ServedChain, call: PreparedCall) -> None:
        """Hand a call to the transaction manager, which sends it once however often it is asked."""
        assert chain.manager is not None, "both chains have the router's key"
        command_id = transfer.command_id(leg)
        if self._transactions.get(command_id) is not None:
            return
        digest = hashlib.blake2b(call.to.encode() + call.data, digest_size=16).digest()
        try:
            record = await chain.manager.submit(command_id, call, digest=digest)
        except TransientError as error:
            self._trouble[transfer.transfer_id] = error.message
            log.warning("send_waits", transfer_id=transfer.transfer_id, leg=leg, reason=error.message)
            return
        self._trouble.pop(transfer.transfer_id, None)
        self._record(transfer, transaction_event(transfer, leg, record, at=self._clock.now()))

    def _record(self, transfer: Transfer, event: ev.Event) -> None:
        """Apply an event to the transfer as it stands now: a caller may have changed it while the chains were asked."""
        current = self._journal.get(transfer.transfer_id)
        assert current is not None, "open transfers are in the journal"
        changed = apply(current, event, at=self._clock.now())
        if changed is current:
            return
        self._journal.record(changed, event)
        log.info(
            "transfer_state",
            transfer_id=changed.transfer_id,
            phase=changed.phase,
            alarm=changed.alarm,
            reason=changed.reason,
        )
