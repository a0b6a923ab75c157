"""A journal in memory, for simulation and tests of engines; nothing survives the process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexmaker.runtime.errors import StaleEpochError
from indexmaker.runtime.journal import Entry, Head, Record, genesis, link
from indexmaker.runtime.snapshots import Snapshot

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """Keeps the `Journal` contract with lists."""

    def __init__(self, engine: str, *, epoch: int = 0) -> None:
        self._engine = engine
        self._entries: list[Entry] = []
        self._snapshots: list[Snapshot] = []
        self._epoch = epoch

    @property
    def engine(self) -> str:
        """Name of the engine whose journal this is."""
        return self._engine

    def fence(self, epoch: int) -> None:
        """Refuse every writer of another epoch from now on."""
        self._epoch = epoch

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        """Add one group; raises as `Journal.append`."""
        self._check(epoch)
        self._entries += link(records, after=self.head(), epoch=epoch, engine=self._engine)
        return self.head()

    def read(self, from_sequence: int = 1, *, to_sequence: int | None = None) -> Iterator[Entry]:
        """Entries in order, both ends included."""
        yield from self._entries[max(from_sequence, 1) - 1 : to_sequence]

    def head(self) -> Head:
        """The last entry's position, or `genesis`."""
        if not self._entries:
            return genesis(self._engine)
        last = self._entries[-1]
        return Head(last.sequence, last.at, last.epoch, last.hash)

    async def save_snapshot(self, snapshot: Snapshot, *, epoch: int, keep: int = 3) -> None:
        """Keep a snapshot and the newest others, `keep` in all."""
        self._check(epoch)
        kept = [one for one in self._snapshots if one.sequence != snapshot.sequence]
        self._snapshots = sorted([*kept, snapshot], key=lambda one: one.sequence)[-keep:]

    def snapshots(self) -> Iterator[Snapshot]:
        """Snapshots, the newest first."""
        yield from reversed(self._snapshots)

    def _check(self, epoch: int) -> None:
        if epoch != self._epoch:
            raise StaleEpochError(self._engine, held=epoch, current=self._epoch, owner="")
