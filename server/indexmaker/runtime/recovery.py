"""From the journal back to the living state: newest good snapshot, then the tail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic

import msgspec
import structlog

from indexmaker.runtime.codec import Codec
from indexmaker.runtime.engine import C, Committed, E, Engine, state_hash
from indexmaker.runtime.errors import ChainMismatchError, EngineFailure, ForeignEpochError, TruncatedError
from indexmaker.runtime.journal import Head, Journal, genesis, verified
from indexmaker.runtime.snapshots import Snapshot, defect

__all__ = ["Recovered", "Recovery", "recover"]

_log = structlog.get_logger(__name__)


class Recovered(msgspec.Struct, frozen=True):
    """Where an engine stands after recovery."""

    head: Head
    snapshot_sequence: int
    """The snapshot that was used; 0 when the journal was replayed from the start."""
    replayed: int
    """Entries replayed after it."""
    state_hash: bytes


class Recovery(Generic[E, C]):
    """Iterating brings the engine up to the journal's head, one `Committed` per replayed entry.

    `needed_from` is the last sequence whose outputs every subscriber has stored; the snapshot is chosen not
    to lie beyond it, so that subscribers see everything they miss. `newest_epoch` is the epoch of the caller's
    lease. Errors are those of `verified`, and `TruncatedError`, `UndecodableError`, `EngineFailure`.
    """

    def __init__(
        self,
        engine: Engine[E, C],
        journal: Journal,
        *,
        needed_from: int | None = None,
        newest_epoch: int | None = None,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._newest_epoch = newest_epoch
        self._needed_from = needed_from
        self._head = genesis(engine.name)
        self._snapshot_sequence = 0
        self._replayed = 0

    def __iter__(self) -> Iterator[Committed[E, C]]:
        codec = Codec.of(self._engine)
        self._head = self._restore_snapshot()
        self._snapshot_sequence = self._head.sequence
        self._replayed = 0
        entries = self._journal.read(self._head.sequence + 1)
        checked = verified(entries, after=self._head, engine=self._engine.name, newest_epoch=self._newest_epoch)
        for entry in checked:
            event = codec.decode(entry.payload, sequence=entry.sequence, schema_version=entry.schema_version)
            outputs = apply(self._engine, event, sequence=entry.sequence, at=entry.at)
            self._head = Head(entry.sequence, entry.at, entry.epoch, entry.hash)
            self._replayed += 1
            yield Committed(entry.sequence, entry.at, event, outputs, replayed=True)

    def result(self) -> Recovered:
        """Where the engine stands now."""
        return Recovered(self._head, self._snapshot_sequence, self._replayed, state_hash(self._engine.dump()))

    def _restore_snapshot(self) -> Head:
        initial = self._engine.dump()
        for snapshot in self._journal.snapshots():
            if self._usable(snapshot):
                self._check_position(snapshot)
                if self._needed_from is not None and snapshot.sequence > self._needed_from:
                    continue
                if self._load(snapshot):
                    return Head(snapshot.sequence, snapshot.at, snapshot.epoch, snapshot.chain_hash)
        self._engine.load(initial)
        return genesis(self._engine.name)

    def _usable(self, snapshot: Snapshot) -> bool:
        reason = defect(snapshot, schema_version=self._engine.schema_version)
        if reason is not None:
            self._warn(snapshot, reason=reason)
        return reason is None

    def _load(self, snapshot: Snapshot) -> bool:
        self._engine.load(snapshot.state)
        if state_hash(self._engine.dump()) == snapshot.state_hash:
            return True
        self._warn(snapshot, reason="the loaded engine dumps another state")
        return False

    def _check_position(self, snapshot: Snapshot) -> None:
        """A sound snapshot that does not fit the journal accuses the journal."""
        name = self._engine.name
        head = self._journal.head()
        if snapshot.sequence > head.sequence:
            raise TruncatedError(name, snapshot=snapshot.sequence, head=head.sequence)
        for entry in self._journal.read(snapshot.sequence, to_sequence=snapshot.sequence):
            if entry.hash != snapshot.chain_hash:
                raise ChainMismatchError(name, sequence=entry.sequence, stored=entry.hash, computed=snapshot.chain_hash)
        if self._newest_epoch is not None and snapshot.epoch > self._newest_epoch:
            rule = f"this process holds epoch {self._newest_epoch}: another writer has taken over"
            raise ForeignEpochError(name, sequence=snapshot.sequence, epoch=snapshot.epoch, rule=rule)

    def _warn(self, snapshot: Snapshot, *, reason: str) -> None:
        _log.warning("snapshot_refused", engine=self._engine.name, sequence=snapshot.sequence, reason=reason)


def recover(
    engine: Engine[E, C],
    journal: Journal,
    *,
    on_committed: Callable[[Committed[E, C]], None] | None = None,
    needed_from: int | None = None,
    newest_epoch: int | None = None,
) -> Recovered:
    """Bring an engine up to its journal's head in one go; see `Recovery` for the errors."""
    recovery = Recovery(engine, journal, needed_from=needed_from, newest_epoch=newest_epoch)
    for committed in recovery:
        if on_committed is not None:
            on_committed(committed)
    return recovery.result()


def apply(engine: Engine[E, C], event: E, *, sequence: int, at: int) -> tuple[C, ...]:
    """Apply one journaled event; whatever the engine raises becomes an `EngineFailure`."""
    try:
        return tuple(engine.apply(event, sequence=sequence, at=at))
    except Exception as fault:  # supervision point: the process stops on it
        raise EngineFailure(engine.name, sequence=sequence, event_type=type(event).__name__) from fault
