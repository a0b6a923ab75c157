"""Where a FIX client keeps its side of a session: numbers, and the messages that the gateway may ask for again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import msgspec

from indexmaker_fix.message import Message

__all__ = ["FileStore", "MemoryStore", "SessionState", "SessionStore"]


class SessionState(msgspec.Struct, kw_only=True):
    """`next_in` is the first message that the application has not finished with; `kept` is what was sent."""

    next_in: int = 1
    next_out: int = 1
    kept: dict[int, Message] = {}


class SessionStore(Protocol):
    """Keeps the state of one session."""

    def load(self) -> SessionState:
        """The state as it was last saved; a new one at first."""

    def save(self, state: SessionState) -> None:
        """Keep the state; returns when it is safe."""


class MemoryStore:
    """Keeps the state as long as the object lives."""

    def __init__(self) -> None:
        self._state = SessionState()

    def load(self) -> SessionState:
        """The same state."""
        return self._state

    def save(self, state: SessionState) -> None:
        """Nothing to do."""
        self._state = state


class FileStore:
    """Keeps the state in a file, replaced whole at each save."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> SessionState:
        """The state in the file; raises `msgspec.DecodeError` when it is something else."""
        if not self._path.exists():
            return SessionState()
        return msgspec.json.decode(self._path.read_bytes(), type=SessionState)

    def save(self, state: SessionState) -> None:
        """Write beside, then rename: the file is never half written."""
        beside = self._path.with_suffix(".new")
        with beside.open("wb") as handle:
            handle.write(msgspec.json.encode(state))
            handle.flush()
            os.fsync(handle.fileno())
        beside.replace(self._path)
