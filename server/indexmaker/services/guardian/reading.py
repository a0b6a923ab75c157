"""The guardian's own reading of the journal: from its last checkpoint on, entry by entry, the hash chain checked."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import structlog

from indexmaker.runtime import Entry, Head, Journal, Record, Recovered, recover
from indexmaker.runtime.codec import Codec
from indexmaker.runtime.journal import genesis, verified
from indexmaker.runtime.snapshots import Snapshot, take
from indexmaker.solver.errors import StateError
from indexmaker.solver.evidence import Evidence
from indexmaker.storage import StorageError

__all__ = ["CheckpointedJournal", "Reading"]

_log = structlog.get_logger(__name__)

_EVERY = 5_000
"""Entries between checkpoints."""


class CheckpointedJournal:
    """A journal that is only read, with the one snapshot of a file of one's own, or none."""

    def __init__(self, journal: Journal, file: Path | None = None) -> None:
        self._journal = journal
        self._file = file

    @property
    def engine(self) -> str:
        """Name of the engine whose journal this is."""
        return self._journal.engine

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        """Refused: a reader writes nothing."""
        raise StorageError("this journal is only read here")

    def read(self, from_sequence: int = 1, *, to_sequence: int | None = None) -> Iterator[Entry]:
        """Entries in order, as they are stored."""
        return self._journal.read(from_sequence, to_sequence=to_sequence)

    def head(self) -> Head:
        """The last entry's position."""
        return self._journal.head()

    async def save_snapshot(self, snapshot: Snapshot, *, epoch: int, keep: int = 1) -> None:
        """Replace the checkpoint."""
        self.save(snapshot)

    def save(self, snapshot: Snapshot) -> None:
        """Replace the checkpoint; at any moment the file is a whole one."""
        if self._file is None:
            return
        fresh = self._file.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.msgpack.encode(snapshot))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._file)

    def snapshots(self) -> Iterator[Snapshot]:
        """The checkpoint, if there is one that can be read."""
        if self._file is None:
            return
        try:
            yield msgspec.msgpack.decode(self._file.read_bytes(), type=Snapshot)
        except (FileNotFoundError, msgspec.MsgspecError):
            return

    def forget(self) -> None:
        """Do without the checkpoint: the journal is read from its beginning."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)


class Reading:
    """Evidence kept up to a journal's head. Not for two threads at once."""

    def __init__(self, journal: Journal, *, checkpoint: Path, every: int = _EVERY) -> None:
        self.evidence = Evidence()
        self._journal = CheckpointedJournal(journal, checkpoint)
        self._every = every
        self._codec = Codec.of(self.evidence)
        self._head = genesis(journal.engine)
        self._saved = 0
        self._begun = False

    @property
    def sequence(self) -> int:
        """Last entry read."""
        return self._head.sequence

    def gates(self) -> set[tuple[int, str]]:
        """Chain and gate of all indices read so far."""
        return {(index.chain_id, index.gate) for index in self.evidence.state.indices.values()}

    def catch_up(self) -> None:
        """Read to the head of the journal; errors are those of `runtime.recover`: a journal that was tampered with."""
        if not self._begun:
            recovered = self._begin()
            self._head, self._saved, self._begun = recovered.head, recovered.snapshot_sequence, True
        else:
            self._follow()
        if self._head.sequence - self._saved >= self._every:
            self.save()

    def _begin(self) -> Recovered:
        try:
            return recover(self.evidence, self._journal)
        except StateError as error:  # of another version of this program
            _log.warning("checkpoint_refused", reason=str(error))
            self._journal.forget()
            return recover(self.evidence, self._journal)

    def save(self) -> None:
        """Write a checkpoint of what was read so far."""
        head = self._head
        if self._begun and head.sequence > self._saved:
            self._journal.save(
                take(self.evidence, sequence=head.sequence, at=head.at, epoch=head.epoch, chain_hash=head.hash)
            )
            self._saved = head.sequence

    def _follow(self) -> None:
        entries = self._journal.read(self._head.sequence + 1)
        for entry in verified(entries, after=self._head, engine=self._journal.engine):
            event = self._codec.decode(entry.payload, sequence=entry.sequence, schema_version=entry.schema_version)
            self.evidence.apply(event, sequence=entry.sequence, at=entry.at)
            self._head = Head(entry.sequence, entry.at, entry.epoch, entry.hash)
