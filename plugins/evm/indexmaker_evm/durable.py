"""A journal's file: what was committed survives the process and the machine."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

__all__ = ["Changed", "DurableFile"]


class Changed(NamedTuple):
    """Bodies of rows that changed, each once and as it stands, and the sequence to go on from."""

    bodies: tuple[bytes, ...]
    next_sequence: int


class DurableFile:
    """A SQLite file that is written through to the disk at every commit. One process, one thread."""

    def __init__(self, path: Path | str, *, schema: str) -> None:
        self.db = sqlite3.connect(path, isolation_level=None)
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.executescript(schema)

    def close(self) -> None:
        """Close the file."""
        self.db.close()

    @contextmanager
    def commit(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside, or nothing of it."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def changed(self, query: str, *, from_sequence: int, limit: int) -> Changed:
        """Run a query for (sequence, body) that takes a first sequence and a limit."""
        rows = self.db.execute(query, (from_sequence, limit)).fetchall()
        following = rows[-1][0] + 1 if rows else max(from_sequence, 1)
        return Changed(tuple(body for _, body in rows), following)
