"""The single writer: orders what waits, makes it durable as a group, applies it, hands it out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Generic

import structlog

from indexmaker.runtime.clock import Clock
from indexmaker.runtime.codec import Codec
from indexmaker.runtime.engine import C, Committed, E, Engine
from indexmaker.runtime.errors import (
    EngineFailure,
    RuntimeFault,
    SequencerBusyError,
    SequencerStoppedError,
    SubscriberError,
)
from indexmaker.runtime.intake import Closed, Full, Intake
from indexmaker.runtime.journal import Head, Journal, Record
from indexmaker.runtime.lease import Lease
from indexmaker.runtime.recovery import Recovered, Recovery, apply
from indexmaker.runtime.snapshots import take

__all__ = ["Sequencer"]

_log = structlog.get_logger(__name__)

_REPLAY_SLICE = 256


class _Waiting(Generic[E, C]):
    """An event that was taken in and the one who waits for it."""

    __slots__ = ("event", "future", "payload")

    def __init__(self, event: E, payload: bytes, future: asyncio.Future[Committed[E, C]]) -> None:
        self.event = event
        self.payload = payload
        self.future = future


class Sequencer(Generic[E, C]):
    """Runs one engine over one journal.

    Subscribe first, then `recover`, re-send `engine.pending()`, then start `run` in a task group. Any failure
    of the engine, a subscriber or the journal ends `run` with that error, and everyone who waits gets
    `SequencerStoppedError`: the process must restart and recover.
    """

    def __init__(
        self,
        engine: Engine[E, C],
        journal: Journal,
        *,
        clock: Clock,
        lease: Lease | None = None,
        snapshot_every: int = 10_000,
        max_group: int = 1024,
        max_waiting: int = 8192,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock
        self._epoch = lease.epoch if lease is not None else 0
        self._leased = lease is not None
        self._snapshot_every = snapshot_every
        self._last_snapshot = 0
        self._max_group = max_group
        self._max_waiting = max_waiting
        self._codec: Codec[E] = Codec.of(engine)
        self._intake: Intake[_Waiting[E, C]] = Intake(max_waiting)
        self._subscribers: list[Callable[[Committed[E, C]], None]] = []
        self._head: Head | None = None

    @property
    def sequence(self) -> int:
        """The last sequence that was applied; 0 before recovery."""
        return self._head.sequence if self._head is not None else 0

    def subscribe(self, callback: Callable[[Committed[E, C]], None]) -> None:
        """Call back for every committed event, in order, before its submitter is answered."""
        self._subscribers.append(callback)

    async def recover(self, *, needed_from: int | None = None) -> Recovered:
        """Load the newest good snapshot and replay the tail through the subscribers; errors as `Recovery`."""
        newest = self._epoch if self._leased else None
        recovery = Recovery(self._engine, self._journal, needed_from=needed_from, newest_epoch=newest)
        for count, committed in enumerate(recovery):
            self._publish(committed)
            if count % _REPLAY_SLICE == _REPLAY_SLICE - 1:
                await asyncio.sleep(0)  # a long replay must not starve the lease's renewal
        recovered = recovery.result()
        self._head = recovered.head
        self._last_snapshot = recovered.snapshot_sequence
        _log.info(
            "recovered",
            engine=self._engine.name,
            sequence=recovered.head.sequence,
            snapshot=recovered.snapshot_sequence,
            replayed=recovered.replayed,
            state_hash=recovered.state_hash.hex(),
        )
        return recovered

    async def submit(self, event: E) -> Committed[E, C]:
        """Hand in an event; returns once it is durable and applied.

        Waits while the intake is full. Cancelling the wait does not withdraw the event.

        Raises:
            UnknownEventError: not one of the engine's events; nothing was accepted.
            SequencerStoppedError: the sequencer has ended.
            EngineFailure: the engine raised on this very event.
        """
        waiting = self._waiting(event)
        try:
            await self._intake.put(waiting)
        except Closed:
            raise self._refusal() from None
        return await waiting.future

    def submit_nowait(self, event: E) -> asyncio.Future[Committed[E, C]]:
        """Hand in an event at once; the future may be dropped.

        Raises:
            SequencerBusyError: the intake is full; nothing was accepted.
            UnknownEventError: as `submit`.
            SequencerStoppedError: as `submit`.
        """
        waiting = self._waiting(event)
        try:
            self._intake.put_nowait(waiting)
        except Full:
            raise SequencerBusyError(self._engine.name, limit=self._max_waiting) from None
        except Closed:
            raise self._refusal() from None
        return waiting.future

    async def post(self, event: E) -> None:
        """Hand in an event and do not wait for it, only for room; errors as `submit_nowait`, never busy."""
        try:
            await self._intake.put(self._waiting(event))
        except Closed:
            raise self._refusal() from None

    def stop(self) -> None:
        """Take in nothing more; `run` finishes what waits, writes a snapshot and returns."""
        self._intake.close()

    async def run(self) -> None:
        """Work until `stop`; recovers first if that was not done. Run it once, in a task group."""
        try:
            if self._head is None:
                await self.recover()
            while group := await self._intake.take(self._max_group):
                await self._commit(group)
                if self.sequence - self._last_snapshot >= self._snapshot_every:
                    await self._snapshot()
            if self.sequence > self._last_snapshot:
                await self._snapshot()
        except BaseException as failure:
            self._abandon(self._intake.drain(), failure)
            raise
        finally:
            self._intake.close()

    async def _commit(self, group: list[_Waiting[E, C]]) -> None:
        try:
            assert self._head is not None
            at = max(self._clock.now(), self._head.at)
            version = self._engine.schema_version
            records = [
                Record(sequence, at, version, waiting.payload)
                for sequence, waiting in enumerate(group, start=self._head.sequence + 1)
            ]
            self._head = await self._journal.append(records, epoch=self._epoch)
            for record, waiting in zip(records, group, strict=True):
                self._apply(waiting, sequence=record.sequence, at=at)
        except BaseException as failure:
            self._abandon(group, failure)
            raise

    def _apply(self, waiting: _Waiting[E, C], *, sequence: int, at: int) -> None:
        try:
            outputs = apply(self._engine, waiting.event, sequence=sequence, at=at)
        except EngineFailure as failure:
            _log.critical("engine_failed", engine=self._engine.name, sequence=sequence, event_type=failure.event_type)
            if not waiting.future.done():
                waiting.future.set_exception(failure)
            raise
        committed = Committed(sequence, at, waiting.event, outputs)
        self._publish(committed)
        if not waiting.future.done():
            waiting.future.set_result(committed)

    def _publish(self, committed: Committed[E, C]) -> None:
        for subscriber in self._subscribers:
            try:
                subscriber(committed)
            except Exception as fault:  # supervision point: the process stops on it
                name = getattr(subscriber, "__qualname__", type(subscriber).__qualname__)
                raise SubscriberError(self._engine.name, sequence=committed.sequence, subscriber=name) from fault

    async def _snapshot(self) -> None:
        assert self._head is not None
        head = self._head
        snapshot = take(self._engine, sequence=head.sequence, at=head.at, epoch=head.epoch, chain_hash=head.hash)
        await self._journal.save_snapshot(snapshot, epoch=self._epoch)
        self._last_snapshot = head.sequence

    def _waiting(self, event: E) -> _Waiting[E, C]:
        future: asyncio.Future[Committed[E, C]] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_retrieve)
        return _Waiting(event, self._codec.encode(event), future)

    def _abandon(self, waiting: list[_Waiting[E, C]], failure: BaseException) -> None:
        self._intake.close()
        reason = str(failure) if isinstance(failure, RuntimeFault) else type(failure).__name__
        for one in waiting:
            if not one.future.done():
                stopped = SequencerStoppedError(
                    f"{self._engine.name}: the sequencer stopped before answering ({reason}). Whether this "
                    "event is in the journal is known after recovery; send it again with the same ids"
                )
                stopped.__cause__ = failure
                one.future.set_exception(stopped)

    def _refusal(self) -> SequencerStoppedError:
        return SequencerStoppedError(f"{self._engine.name}: the sequencer has stopped; the event was not accepted")


def _retrieve(future: asyncio.Future[Any]) -> None:
    """Mark a dropped future's failure as seen; `run` has raised it already."""
    if not future.cancelled():
        future.exception()
