"""How far deposits have been watched on each chain, kept in a file beside the journal."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

__all__ = ["ChainCursor", "CursorFile"]


class ChainCursor(msgspec.Struct, frozen=True):
    """The last block wholly processed; without a hash, a fork below it is not checked for."""

    block_number: int
    block_hash: str = ""


class CursorFile:
    """Cursors by chain id. Deposits are credited once whatever is delivered again, so an old file costs time only."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._cursors: dict[int, ChainCursor] = {}
        if path is not None and path.exists():
            self._cursors = msgspec.json.decode(path.read_bytes(), type=dict[int, ChainCursor])

    def all(self) -> dict[int, ChainCursor]:
        """Cursors of all chains watched so far."""
        return dict(self._cursors)

    def put(self, cursors: dict[int, ChainCursor]) -> None:
        """Replace the cursors of these chains, on disk at once."""
        self._cursors |= cursors
        if self._path is not None:
            temporary = self._path.with_suffix(".new")
            temporary.write_bytes(msgspec.json.encode(self._cursors))
            os.replace(temporary, self._path)  # noqa: PTH105 - atomic by name
