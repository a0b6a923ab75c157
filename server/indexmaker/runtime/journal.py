"""The journal's contract: entries bound by a hash chain, appended in groups, fenced by the writer's epoch."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from indexmaker.runtime.errors import ChainMismatchError, ForeignEpochError, SequenceGapError
from indexmaker.runtime.snapshots import Snapshot

__all__ = ["Entry", "Head", "Journal", "Record", "chain", "genesis", "link", "verified"]

_FRAME = struct.Struct(">QqQI")


class Record(msgspec.Struct, frozen=True):
    """An event on its way into the journal."""

    sequence: int
    at: int
    """UTC nanoseconds."""
    schema_version: int
    payload: bytes


class Entry(msgspec.Struct, frozen=True):
    """An event in the journal."""

    sequence: int
    at: int
    """UTC nanoseconds."""
    epoch: int
    """The lease under which it was written."""
    schema_version: int
    payload: bytes
    hash: bytes
    """BLAKE2b-256 over the hash before it and everything above."""


class Head(msgspec.Struct, frozen=True):
    """The end of a journal, or of a part of it; sequence 0 is an empty one."""

    sequence: int
    at: int
    epoch: int
    hash: bytes


class Journal(Protocol):
    """The durable, append-only record of one engine's events, and its snapshots."""

    @property
    def engine(self) -> str:
        """Name of the engine whose journal this is."""

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        """Write one group in one transaction; durable when this returns.

        Raises:
            StaleEpochError: the lease is at another epoch; nothing was written.
            SequenceGapError: the group does not follow the head; nothing was written.
            WriteFailedError: the database refused; recovery tells whether the group is there.
        """

    def read(self, from_sequence: int = 1, *, to_sequence: int | None = None) -> Iterator[Entry]:
        """Entries in order, both ends included, as they are stored (see `verified`)."""

    def head(self) -> Head:
        """The last entry's position, or `genesis` when there is none."""

    async def save_snapshot(self, snapshot: Snapshot, *, epoch: int, keep: int = 3) -> None:
        """Store a snapshot and drop all but the newest `keep`; fenced like `append`."""

    def snapshots(self) -> Iterator[Snapshot]:
        """Stored snapshots, the newest first, unchecked."""


def genesis(engine: str) -> Head:
    """The head of an empty journal; its hash names the engine, so journals cannot be exchanged."""
    return Head(sequence=0, at=0, epoch=0, hash=hashlib.blake2b(engine.encode(), digest_size=32).digest())


def chain(previous: bytes, record: Record, *, epoch: int) -> bytes:
    """The hash of an entry: BLAKE2b-256 over previous hash, sequence, time, epoch, version and payload."""
    frame = _FRAME.pack(record.sequence, record.at, epoch, record.schema_version)
    return hashlib.blake2b(previous + frame + record.payload, digest_size=32).digest()


def link(records: Iterable[Record], *, after: Head, epoch: int, engine: str) -> list[Entry]:
    """Turn records into entries that follow `after`; raises `SequenceGapError` when they do not."""
    entries: list[Entry] = []
    sequence, previous = after.sequence, after.hash
    for record in records:
        sequence += 1
        if record.sequence != sequence:
            raise SequenceGapError(engine, expected=sequence, found=record.sequence)
        previous = chain(previous, record, epoch=epoch)
        entries.append(Entry(sequence, record.at, epoch, record.schema_version, record.payload, previous))
    return entries


def verified(entries: Iterable[Entry], *, after: Head, engine: str, newest_epoch: int | None = None) -> Iterator[Entry]:
    """Pass entries on after checking that each follows the one before.

    Raises:
        SequenceGapError: an entry is missing or doubled.
        ForeignEpochError: epochs go back, or exceed `newest_epoch` (the reader's own lease).
        ChainMismatchError: an entry was altered.
    """
    sequence, epoch, previous = after.sequence, after.epoch, after.hash
    for entry in entries:
        if entry.sequence != sequence + 1:
            raise SequenceGapError(engine, expected=sequence + 1, found=entry.sequence)
        _check_epoch(entry, engine=engine, before=epoch, newest=newest_epoch)
        record = Record(entry.sequence, entry.at, entry.schema_version, entry.payload)
        computed = chain(previous, record, epoch=entry.epoch)
        if computed != entry.hash:
            raise ChainMismatchError(engine, sequence=entry.sequence, stored=entry.hash, computed=computed)
        sequence, epoch, previous = entry.sequence, entry.epoch, entry.hash
        yield entry


def _check_epoch(entry: Entry, *, engine: str, before: int, newest: int | None) -> None:
    if entry.epoch < before:
        rule = f"the entry before it was written under the newer epoch {before}: a fenced writer got through"
        raise ForeignEpochError(engine, sequence=entry.sequence, epoch=entry.epoch, rule=rule)
    if newest is not None and entry.epoch > newest:
        rule = f"this process holds epoch {newest}: another writer has taken over"
        raise ForeignEpochError(engine, sequence=entry.sequence, epoch=entry.epoch, rule=rule)
