"""The durable record of our transactions: written before anything is sent."""

from __future__ import annotations

from pathlib import Path

import msgspec

from indexmaker_evm.durable import DurableFile
from indexmaker_evm.signal import Signal
from indexmaker_evm.transactions.model import Transaction

__all__ = ["Changes", "TransactionJournal"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transactions (
    command_id TEXT PRIMARY KEY,
    chain_id INTEGER NOT NULL,
    sender TEXT NOT NULL,
    nonce INTEGER,
    state INTEGER NOT NULL,
    open INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (chain_id, sender, nonce)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS open_transactions ON transactions (chain_id, open) WHERE open = 1;
CREATE TABLE IF NOT EXISTS changes (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    command_id TEXT NOT NULL REFERENCES transactions (command_id)
);
CREATE TABLE IF NOT EXISTS chains (
    chain_id INTEGER PRIMARY KEY,
    genesis TEXT NOT NULL
);
"""
_DECODER = msgspec.json.Decoder(Transaction)


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Transactions that changed, each once and as it stands, and the sequence to go on from."""

    transactions: tuple[Transaction, ...]
    next_sequence: int


class TransactionJournal:
    """One row for each command id, and the sequence of changes. Every call commits before it returns."""

    def __init__(self, path: Path | str) -> None:
        self._file = DurableFile(path, schema=_SCHEMA)
        self._db = self._file.db
        self.changed = Signal()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def get(self, command_id: str) -> Transaction | None:
        """The transaction of a command."""
        query = "SELECT body FROM transactions WHERE command_id = ?"
        row = self._db.execute(query, (command_id,)).fetchone()
        return None if row is None else _DECODER.decode(row[0])

    def open(self, chain_id: int) -> list[Transaction]:
        """Transactions that can still change, by nonce."""
        query = "SELECT body FROM transactions WHERE chain_id = ? AND open = 1 ORDER BY nonce"
        return [_DECODER.decode(body) for (body,) in self._db.execute(query, (chain_id,))]

    def next_nonce(self, chain_id: int, *, sender: str) -> int:
        """The nonce after the highest that was given; 0 when there is none."""
        query = "SELECT COALESCE(MAX(nonce) + 1, 0) FROM transactions WHERE chain_id = ? AND sender = ?"
        nonce: int = self._db.execute(query, (chain_id, sender)).fetchone()[0]
        return nonce

    def genesis(self, chain_id: int, *, current: str) -> str:
        """The genesis hash of the chain that this journal is about; `current` when it is about none yet."""
        self._db.execute("INSERT OR IGNORE INTO chains (chain_id, genesis) VALUES (?, ?)", (chain_id, current))
        query = "SELECT genesis FROM chains WHERE chain_id = ?"
        stored: str = self._db.execute(query, (chain_id,)).fetchone()[0]
        return stored

    def add(self, transaction: Transaction) -> None:
        """Write a new transaction; its command id and nonce must be unused."""
        with self._file.commit():
            self._db.execute(
                "INSERT INTO transactions (command_id, chain_id, sender, nonce, state, open, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    transaction.command_id,
                    transaction.chain_id,
                    transaction.sender,
                    transaction.nonce,
                    int(transaction.state),
                    transaction.open,
                    msgspec.json.encode(transaction),
                ),
            )
            self._note(transaction.command_id)
        self.changed.fire()

    def update(self, transaction: Transaction) -> None:
        """Write a transaction anew."""
        with self._file.commit():
            self._db.execute(
                "UPDATE transactions SET state = ?, open = ?, body = ? WHERE command_id = ?",
                (
                    int(transaction.state),
                    transaction.open,
                    msgspec.json.encode(transaction),
                    transaction.command_id,
                ),
            )
            self._note(transaction.command_id)
        self.changed.fire()

    def changes(self, from_sequence: int, *, limit: int = 256) -> Changes:
        """Transactions changed at or after a sequence, in the order of their last changes."""
        query = (
            "SELECT c.sequence, t.body FROM transactions t JOIN"
            " (SELECT command_id, MAX(sequence) AS sequence FROM changes WHERE sequence >= ? GROUP BY command_id) c"
            " ON c.command_id = t.command_id ORDER BY c.sequence LIMIT ?"
        )
        bodies, following = self._file.changed(query, from_sequence=from_sequence, limit=limit)
        return Changes(transactions=tuple(map(_DECODER.decode, bodies)), next_sequence=following)

    def _note(self, command_id: str) -> None:
        self._db.execute("INSERT INTO changes (command_id) VALUES (?)", (command_id,))
