"""Snapshots: the engine's state at one sequence, tied to the journal by the hash chain."""

from __future__ import annotations

from typing import Any

import msgspec

from indexmaker.runtime.engine import Engine, state_hash

__all__ = ["Snapshot", "defect", "take"]


class Snapshot(msgspec.Struct, frozen=True):
    """Everything needed to start at `sequence` instead of at the beginning."""

    sequence: int
    at: int
    """Time of the entry at `sequence`, UTC nanoseconds."""
    epoch: int
    schema_version: int
    chain_hash: bytes
    """The journal's hash at `sequence`."""
    state_hash: bytes
    """BLAKE2b-256 of `state`."""
    state: bytes


def take(engine: Engine[Any, Any], *, sequence: int, at: int, epoch: int, chain_hash: bytes) -> Snapshot:
    """The engine's state now, said to be the one after `sequence`."""
    state = engine.dump()
    return Snapshot(sequence, at, epoch, engine.schema_version, chain_hash, state_hash(state), state)


def defect(snapshot: Snapshot, *, schema_version: int) -> str | None:
    """Why a snapshot must not be used, or None; an older one or the whole journal takes its place."""
    if state_hash(snapshot.state) != snapshot.state_hash:
        return "the state bytes do not match their hash"
    if snapshot.schema_version != schema_version:
        return f"it has schema version {snapshot.schema_version}, the engine has {schema_version}"
    return None
