"""Withdrawal ids that may be at the venue, written down before they are sent.

The venue does not promise to refuse a repeated id; this file, and a look at the venue's history, keep a repeated
request from moving money twice.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import msgspec

__all__ = ["Requested", "WithdrawalJournal"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requested (
    withdrawal_id TEXT PRIMARY KEY,
    coin TEXT NOT NULL,
    network TEXT NOT NULL,
    address TEXT NOT NULL,
    amount TEXT NOT NULL,
    fee TEXT NOT NULL,
    requested_at INTEGER NOT NULL,
    doubt_until INTEGER NOT NULL,
    venue_id TEXT NOT NULL
) WITHOUT ROWID;
"""


class Requested(msgspec.Struct, frozen=True, kw_only=True):
    """An id that was sent; times are UTC ns, the venue's. Until `doubt_until` the request may still show up.

    `coin`, `network` and `address` are as sent, `amount` and `fee` decimals; `venue_id` is empty while the venue has
    not said that it took the request.
    """

    withdrawal_id: str
    coin: str
    network: str
    address: str
    amount: str
    fee: str
    requested_at: int
    doubt_until: int
    venue_id: str = ""

    def same_terms(self, other: Requested) -> bool:
        """Whether both ask for the same."""
        return (self.coin, self.network, self.address.lower(), self.amount) == (
            other.coin,
            other.network,
            other.address.lower(),
            other.amount,
        )


class WithdrawalJournal:
    """A small SQLite file; every write is on disk before the call returns. One process uses it at a time."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(_SCHEMA)
        self._turn = threading.Lock()

    async def find(self, withdrawal_id: str) -> Requested | None:
        """What is written of an id."""
        row = await self._run("SELECT * FROM requested WHERE withdrawal_id = ?", withdrawal_id)
        if row is None:
            return None
        return msgspec.convert(dict(zip(Requested.__struct_fields__, row, strict=True)), Requested)

    async def record(self, requested: Requested) -> None:
        """Write an id before it is sent, or once more before it is sent again."""
        values = (getattr(requested, name) for name in Requested.__struct_fields__)
        await self._run("INSERT OR REPLACE INTO requested VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", *values)

    async def confirm(self, withdrawal_id: str, venue_id: str) -> None:
        """The venue took it."""
        await self._run("UPDATE requested SET venue_id = ? WHERE withdrawal_id = ?", venue_id, withdrawal_id)

    async def forget(self, withdrawal_id: str) -> None:
        """The venue certainly did not take it; the id may be used again."""
        await self._run("DELETE FROM requested WHERE withdrawal_id = ?", withdrawal_id)

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
