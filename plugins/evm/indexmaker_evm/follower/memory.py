"""Blocks that were passed, kept on disk so that a client's cursor on a block that has left the chain can be undone.

Losing it is no disaster: the nodes are asked instead, and who asks in vain gets a clear refusal.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from indexmaker_evm.events import Block, ChainLog, Header

__all__ = ["BlockMemory"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks (
    chain_id INTEGER NOT NULL,
    hash TEXT NOT NULL,
    number INTEGER NOT NULL,
    header BLOB NOT NULL,
    logs BLOB NOT NULL DEFAULT '[]',
    PRIMARY KEY (chain_id, hash)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS blocks_by_number ON blocks (chain_id, number);
"""
_LOGS = msgspec.json.Decoder(tuple[ChainLog, ...])
_HEADER = msgspec.json.Decoder(Header)


class BlockMemory:
    """Recent blocks by hash, those that left the chain included."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(_SCHEMA)

    def __enter__(self) -> BlockMemory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def keep_headers(self, chain_id: int, headers: Iterable[Header], *, forget_below: int) -> None:
        """Store headers, and drop blocks below a number."""
        rows = [(chain_id, h.hash, h.number, msgspec.json.encode(h)) for h in headers]
        self._db.execute("BEGIN")
        insert = "INSERT OR IGNORE INTO blocks (chain_id, hash, number, header) VALUES (?, ?, ?, ?)"
        self._db.executemany(insert, rows)
        self._db.execute("DELETE FROM blocks WHERE chain_id = ? AND number < ?", (chain_id, forget_below))
        self._db.execute("COMMIT")

    def keep_logs(self, chain_id: int, blocks: Sequence[Block]) -> None:
        """Add logs to their blocks; several clients' watches see different logs of one block."""
        for block in blocks:
            if block.logs:
                merged = {log.place: log for log in (*self.logs(chain_id, block.header.hash), *block.logs)}
                data = msgspec.json.encode(tuple(merged[place] for place in sorted(merged)))
                header = msgspec.json.encode(block.header)
                self._db.execute(
                    "INSERT INTO blocks (chain_id, hash, number, header, logs) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (chain_id, hash) DO UPDATE SET logs = excluded.logs",
                    (chain_id, block.header.hash, block.header.number, header, data),
                )

    def header(self, chain_id: int, block_hash: str) -> Header | None:
        """A block's header, if it is remembered."""
        row = self._row("header", chain_id, block_hash)
        return None if row is None else _HEADER.decode(row)

    def logs(self, chain_id: int, block_hash: str) -> tuple[ChainLog, ...]:
        """Logs that clients were told of in a block; none when it is not remembered."""
        row = self._row("logs", chain_id, block_hash)
        return () if row is None else _LOGS.decode(row)

    def _row(self, column: str, chain_id: int, block_hash: str) -> bytes | str | None:
        query = f"SELECT {column} FROM blocks WHERE chain_id = ? AND hash = ?"  # noqa: S608 - one of two literals
        row: tuple[bytes | str] | None = self._db.execute(query, (chain_id, block_hash)).fetchone()
        return None if row is None else row[0]
