"""Proof that a journal is whole and that replay gives the recorded states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from indexmaker.runtime.codec import Codec
from indexmaker.runtime.engine import Engine, state_hash
from indexmaker.runtime.errors import ChainMismatchError, TruncatedError
from indexmaker.runtime.journal import Head, Journal, genesis, verified
from indexmaker.runtime.recovery import apply
from indexmaker.runtime.snapshots import Snapshot, defect

__all__ = ["Replayed", "SnapshotCheck", "replay", "verify_chain", "verify_snapshots"]


class Replayed(msgspec.Struct, frozen=True):
    """The outcome of a replay."""

    sequence: int
    state_hash: bytes
    state: bytes


class SnapshotCheck(msgspec.Struct, frozen=True):
    """What became of one snapshot under verification."""

    sequence: int
    problem: str | None
    """None when the snapshot is what a replay from the start gives, and leads to the same final state."""


def verify_chain(journal: Journal) -> Head:
    """Recompute the hash chain from the first entry; errors as `verified`, and `TruncatedError`."""
    head = genesis(journal.engine)
    hashes = {snapshot.sequence: snapshot.chain_hash for snapshot in journal.snapshots()}
    for entry in verified(journal.read(), after=head, engine=journal.engine):
        head = Head(entry.sequence, entry.at, entry.epoch, entry.hash)
        expected = hashes.get(entry.sequence, entry.hash)
        if expected != entry.hash:
            raise ChainMismatchError(journal.engine, sequence=entry.sequence, stored=entry.hash, computed=expected)
    beyond = max(hashes, default=0)
    if beyond > head.sequence:
        raise TruncatedError(journal.engine, snapshot=beyond, head=head.sequence)
    return head


def replay(
    engine: Engine[Any, Any],
    journal: Journal,
    *,
    start: Snapshot | None = None,
    to_sequence: int | None = None,
    watch: Callable[[int], None] | None = None,
) -> Replayed:
    """Run a fresh engine from the beginning or from a snapshot, without changing the journal.

    `watch` is called with each sequence after it was applied. Errors as `Recovery`.
    """
    codec: Codec[Any] = Codec.of(engine)
    after = genesis(journal.engine)
    if start is not None:
        engine.load(start.state)
        after = Head(start.sequence, start.at, start.epoch, start.chain_hash)
    sequence = after.sequence
    entries = journal.read(after.sequence + 1, to_sequence=to_sequence)
    for entry in verified(entries, after=after, engine=journal.engine):
        event = codec.decode(entry.payload, sequence=entry.sequence, schema_version=entry.schema_version)
        apply(engine, event, sequence=entry.sequence, at=entry.at)
        sequence = entry.sequence
        if watch is not None:
            watch(sequence)
    state = engine.dump()
    return Replayed(sequence, state_hash(state), state)


def verify_snapshots(factory: Callable[[], Engine[Any, Any]], journal: Journal) -> tuple[Replayed, list[SnapshotCheck]]:
    """Replay from the start and from every snapshot; compare the states on the way and at the end."""
    snapshots = list(journal.snapshots())
    wanted = {snapshot.sequence for snapshot in snapshots}
    seen: dict[int, bytes] = {}
    engine = factory()

    def remember(sequence: int) -> None:
        if sequence in wanted:
            seen[sequence] = state_hash(engine.dump())

    final = replay(engine, journal, watch=remember)
    checks = [
        SnapshotCheck(snapshot.sequence, _problem(snapshot, seen, final, factory(), journal)) for snapshot in snapshots
    ]
    return final, checks


def _problem(
    snapshot: Snapshot, seen: dict[int, bytes], final: Replayed, engine: Engine[Any, Any], journal: Journal
) -> str | None:
    reason = defect(snapshot, schema_version=engine.schema_version)
    if reason is not None:
        return reason
    if seen.get(snapshot.sequence) != snapshot.state_hash:
        return "replay from the start gives another state here"
    if replay(engine, journal, start=snapshot).state_hash != final.state_hash:
        return "replay from here ends in another state than replay from the start"
    return None
