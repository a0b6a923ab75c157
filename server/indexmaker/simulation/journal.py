"""The core's journal in memory: entries with their hash chain, the newest snapshots, as much of the past as needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from indexmaker.runtime import Entry, Head, Record, Snapshot
from indexmaker.runtime.journal import genesis, link

__all__ = ["SimulatedJournal"]

_EPOCH = 1


class SimulatedJournal:
    """A `Journal` without a database. With `whole` it keeps every entry, else those after the oldest snapshot."""

    def __init__(self, engine: str, *, whole: bool, keep: int = 3) -> None:
        self._engine = engine
        self._whole = whole
        self._keep = keep
        self._first = 1
        self._entries: deque[Entry] = deque()
        self._head = genesis(engine)
        self._snapshots: list[Snapshot] = []

    @property
    def engine(self) -> str:
        """Name of the engine whose journal this is."""
        return self._engine

    @property
    def is_whole(self) -> bool:
        """Whether every entry since the first is here."""
        return self._first == 1

    def commit(self, records: Sequence[Record]) -> Head:
        """Write one group; it is durable when this returns."""
        entries = link(records, after=self._head, epoch=_EPOCH, engine=self._engine)
        self._entries.extend(entries)
        last = entries[-1]
        self._head = Head(last.sequence, last.at, last.epoch, last.hash)
        return self._head

    def keep_snapshot(self, snapshot: Snapshot) -> None:
        """Store a snapshot and let go of the oldest, with the entries before the oldest left."""
        self._snapshots = [*self._snapshots, snapshot][-self._keep :]
        if self._whole:
            return
        while self._first <= self._snapshots[0].sequence:
            self._entries.popleft()
            self._first += 1

    def without_snapshots(self) -> SimulatedJournal:
        """The same entries as a journal that has to be replayed from the start."""
        copy = SimulatedJournal(self._engine, whole=True)
        copy._entries = self._entries
        copy._head = self._head
        return copy

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        """As `commit`; there is one writer only, whose epoch is not looked at."""
        return self.commit(records)

    async def save_snapshot(self, snapshot: Snapshot, *, epoch: int, keep: int = 3) -> None:
        """As `keep_snapshot`."""
        self.keep_snapshot(snapshot)

    def read(self, from_sequence: int = 1, *, to_sequence: int | None = None) -> Iterator[Entry]:
        """Entries in order, both ends included."""
        start = max(from_sequence - self._first, 0)
        stop = None if to_sequence is None else max(to_sequence - self._first + 1, 0)
        yield from islice(self._entries, start, stop)

    def tail(self, count: int) -> list[Entry]:
        """The newest entries."""
        return list(self._entries)[-count:]

    def head(self) -> Head:
        """The last entry's position, or that of an empty journal."""
        return self._head

    def snapshots(self) -> Iterator[Snapshot]:
        """Snapshots, the newest first."""
        yield from reversed(self._snapshots)
