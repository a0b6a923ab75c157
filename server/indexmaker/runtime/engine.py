"""What the runtime asks of an engine. Engines satisfy it by shape and do not import it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

__all__ = ["C", "Committed", "E", "Engine", "state_hash"]

E = TypeVar("E")
"""An engine's events: a tagged union of frozen Structs."""
C = TypeVar("C")
"""An engine's outputs: commands and reports."""
E_contra = TypeVar("E_contra", contravariant=True)
C_co = TypeVar("C_co", covariant=True)


class Engine(Protocol[E_contra, C_co]):
    """A deterministic state machine: the same events give the same outputs and the same state, always."""

    @property
    def name(self) -> str:
        """The journal's name: `solver`, `exchange`."""

    @property
    def schema_version(self) -> int:
        """Version of the events and of the dumped state; raised with every incompatible change."""

    @property
    def event_type(self) -> Any:  # noqa: ANN401 - a union is not a type
        """The tagged union of events, used to decode the journal."""

    def apply(self, event: E_contra, *, sequence: int, at: int) -> Sequence[C_co]:
        """Change the state and return what follows; `at` is in UTC nanoseconds. Never raises."""

    def pending(self) -> Sequence[C_co]:
        """Commands not yet confirmed, in order; sent again after a restart under the same ids."""

    def dump(self) -> bytes:
        """The whole state in canonical bytes: equal states if and only if equal bytes."""

    def load(self, data: bytes) -> None:
        """Replace the whole state by dumped bytes."""


class Committed(msgspec.Struct, Generic[E, C], frozen=True):
    """One event that is durable and applied, with what it caused."""

    sequence: int
    at: int
    """UTC nanoseconds, the same for all events of one group."""
    event: E
    outputs: Sequence[C]
    replayed: bool = False
    """True while recovery replays: effects may have happened already."""


def state_hash(state: bytes) -> bytes:
    """BLAKE2b-256 of dumped state bytes."""
    return hashlib.blake2b(state, digest_size=32).digest()
