"""The durable record of transfers: every event is written with the state that it leads to, in one commit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from indexmaker_across.events import Event
from indexmaker_across.quotes import Charges
from indexmaker_across.transfer import Transfer
from indexmaker_evm.durable import DurableFile
from indexmaker_evm.signal import Signal

__all__ = ["Changes", "Promise", "TransferJournal"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transfers (
    transfer_id TEXT PRIMARY KEY,
    started INTEGER NOT NULL,
    open INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_transfers ON transfers (open) WHERE open = 1;
CREATE TABLE IF NOT EXISTS events (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    transfer_id TEXT NOT NULL REFERENCES transfers (transfer_id),
    at INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS quotes (
    quote_id TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    destination TEXT NOT NULL,
    amount INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refunds (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS withdrawals (key TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_TRANSFER = msgspec.json.Decoder(Transfer)
_EVENT = msgspec.json.Decoder(Event)


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A quote that was given."""

    quote_id: str
    source: str
    destination: str
    amount: int
    charges: Charges
    expires_at: int

    @property
    def output(self) -> int:
        """What arrives."""
        return self.amount - self.charges.total


_PROMISE = msgspec.json.Decoder(Promise)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Transfers that changed, each once and as it stands, and the sequence to go on from."""

    transfers: tuple[Transfer, ...]
    next_sequence: int


class TransferJournal:
    """One row for each transfer, and the sequence of its events. Every call commits before it returns."""

    def __init__(self, path: Path | str) -> None:
        self._file = DurableFile(path, schema=_SCHEMA)
        self._db = self._file.db
        self.changed = Signal()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def get(self, transfer_id: str) -> Transfer | None:
        """A transfer as it stands."""
        query = "SELECT body FROM transfers WHERE transfer_id = ?"
        row = self._db.execute(query, (transfer_id,)).fetchone()
        return None if row is None else _TRANSFER.decode(row[0])

    def open(self) -> list[Transfer]:
        """Transfers that can still change by themselves, the oldest first."""
        query = "SELECT body FROM transfers WHERE open = 1 ORDER BY started"
        return [_TRANSFER.decode(body) for (body,) in self._db.execute(query)]

    def history(self, transfer_id: str) -> list[Event]:
        """All events of a transfer, in order."""
        query = "SELECT body FROM events WHERE transfer_id = ? ORDER BY sequence"
        return [_EVENT.decode(body) for (body,) in self._db.execute(query, (transfer_id,))]

    def record(self, transfer: Transfer, event: Event) -> None:
        """Write a transfer and the event that made it so."""
        self.record_all([(transfer, event)])

    def record_all(
        self, changes: Sequence[tuple[Transfer, Event]], *, refund_key: str = "", withdrawal_key: str = ""
    ) -> None:
        """Write several at once; the keys mark the refund, or the withdrawal, behind them as used up."""
        with self._file.commit():
            for transfer, event in changes:
                self._db.execute(
                    "INSERT INTO transfers (transfer_id, started, open, body)"
                    " VALUES (?, (SELECT COALESCE(MAX(sequence), 0) FROM events), ?, ?)"
                    " ON CONFLICT (transfer_id) DO UPDATE SET open = excluded.open, body = excluded.body",
                    (transfer.transfer_id, transfer.open, msgspec.json.encode(transfer)),
                )
                self._db.execute(
                    "INSERT INTO events (transfer_id, at, body) VALUES (?, ?, ?)",
                    (transfer.transfer_id, transfer.changed_at, msgspec.json.encode(event)),
                )
            if refund_key:
                self._db.execute("INSERT OR IGNORE INTO refunds (key) VALUES (?)", (refund_key,))
            if withdrawal_key:
                self._db.execute("INSERT INTO withdrawals (key) VALUES (?)", (withdrawal_key,))
        self.changed.fire()

    def is_refund_used(self, key: str) -> bool:
        """Whether a refund was booked already."""
        return self._db.execute("SELECT 1 FROM refunds WHERE key = ?", (key,)).fetchone() is not None

    def is_withdrawal_used(self, key: str) -> bool:
        """Whether a payment of a withdrawal was booked already."""
        return self._db.execute("SELECT 1 FROM withdrawals WHERE key = ?", (key,)).fetchone() is not None

    def changes(self, from_sequence: int, *, limit: int = 256) -> Changes:
        """Transfers changed at or after a sequence, in the order of their last changes."""
        query = (
            "SELECT last.sequence, t.body FROM transfers t JOIN"
            " (SELECT transfer_id, MAX(sequence) AS sequence FROM events WHERE sequence >= ? GROUP BY transfer_id) last"
            " ON last.transfer_id = t.transfer_id ORDER BY last.sequence LIMIT ?"
        )
        bodies, following = self._file.changed(query, from_sequence=from_sequence, limit=limit)
        return Changes(transfers=tuple(map(_TRANSFER.decode, bodies)), next_sequence=following)

    def promise(self, promise: Promise, *, now: int) -> None:
        """Keep a quote until it expires."""
        with self._file.commit():
            self._db.execute("DELETE FROM quotes WHERE expires_at < ?", (now,))
            self._db.execute(
                "INSERT OR REPLACE INTO quotes (quote_id, source, destination, amount, expires_at, body)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    promise.quote_id,
                    promise.source,
                    promise.destination,
                    promise.amount,
                    promise.expires_at,
                    msgspec.json.encode(promise),
                ),
            )

    def promises(self, source: str, destination: str, *, amount: int, now: int) -> list[Promise]:
        """Quotes for a route and amount that are in force."""
        query = "SELECT body FROM quotes WHERE source = ? AND destination = ? AND amount = ? AND expires_at >= ?"
        return [_PROMISE.decode(body) for (body,) in self._db.execute(query, (source, destination, amount, now))]
