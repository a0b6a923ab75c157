"""Client order ids that may be at the venue, written down before they are sent.

The venue refuses a repeated id only while the first order is open; this file is what keeps a repeated instruction
from making a second order when the first one is already filled, across restarts too.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec

__all__ = ["OrderJournal", "Placed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS placed (
    client_order_id TEXT PRIMARY KEY,
    symbol TEXT NOT NULL,
    terms TEXT NOT NULL,
    doubt_until INTEGER NOT NULL,
    venue_order_id INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS placed_by_venue_id ON placed (symbol, venue_order_id);
"""


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """An id that was sent. `doubt_until` (UTC ns, the venue's time): until then the order may still arrive.

    `venue_order_id` is None while the venue has not been seen to have it.
    """

    client_order_id: str
    symbol: str
    terms: str
    doubt_until: int
    venue_order_id: int | None = None


class OrderJournal:
    """A small SQLite file; every write is on disk before the call returns. One process uses it at a time."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)
        self._turn = threading.Lock()

    async def find(self, client_order_id: str) -> Placed | None:
        """What is written of an id."""
        row = await self._run("SELECT * FROM placed WHERE client_order_id = ?", client_order_id)
        return _placed(row)

    async def find_by_venue_id(self, symbol: str, venue_order_id: int) -> Placed | None:
        """What is written of an order that the venue numbered."""
        row = await self._run("SELECT * FROM placed WHERE symbol = ? AND venue_order_id = ?", symbol, venue_order_id)
        return _placed(row)

    async def record(self, placed: Placed) -> None:
        """Write an id before it is sent, or once more before it is sent again."""
        await self._run(
            "INSERT OR REPLACE INTO placed VALUES (?, ?, ?, ?, ?)",
            placed.client_order_id,
            placed.symbol,
            placed.terms,
            placed.doubt_until,
            placed.venue_order_id,
        )

    async def confirm(self, client_order_id: str, venue_order_id: int) -> None:
        """The venue has it."""
        await self._run(
            "UPDATE placed SET venue_order_id = ? WHERE client_order_id = ?", venue_order_id, client_order_id
        )

    async def forget(self, client_order_id: str) -> None:
        """It certainly never became an order; the id may be used again."""
        await self._run("DELETE FROM placed WHERE client_order_id = ?", client_order_id)

    def close(self) -> None:
        """Close the file, after a write under way."""
        with self._turn:
            self._database.close()

    async def _run(self, statement: str, *values: object) -> tuple[object, ...] | None:
        return await asyncio.to_thread(self._execute, statement, values)

    def _execute(self, statement: str, values: tuple[object, ...]) -> tuple[object, ...] | None:
        with self._turn:
            row: tuple[object, ...] | None = self._database.execute(statement, values).fetchone()
        return row


def _placed(row: tuple[object, ...] | None) -> Placed | None:
    return None if row is None else msgspec.convert(dict(zip(Placed.__struct_fields__, row, strict=True)), Placed)
