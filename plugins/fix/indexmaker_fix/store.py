"""What survives the process: numbers, kept messages, unanswered requests, and how far the core's reports were taken.

One SQLite file, one writer. Changes that wait are written in one transaction, in the order in which they were made;
then what depends on them happens, in that order too.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from indexmaker_fix.errors import StoreEndedError
from indexmaker_fix.message import Message, encode
from indexmaker_fix.store_upgrade import upgrade

__all__ = [
    "Change",
    "Pending",
    "SessionRow",
    "Store",
    "answered",
    "drop_kept",
    "keep",
    "put_cancel",
    "put_fact",
    "put_session",
    "take",
]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    comp_id TEXT NOT NULL,
    account TEXT NOT NULL,
    next_in INTEGER NOT NULL,
    next_out INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (comp_id, account)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS outgoing (
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (session_id, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS incoming (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    message TEXT NOT NULL,
    UNIQUE (session_id, number)
);
CREATE TABLE IF NOT EXISTS cancel (
    session_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    cancel_id TEXT NOT NULL,
    PRIMARY KEY (session_id, order_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""

Change = tuple[str, tuple[object, ...]]
"""A statement and its values; made by the functions below."""

_decoder = msgspec.json.Decoder(Message)


class SessionRow(msgspec.Struct, frozen=True):
    """A session as it is kept; `changed_at` is UTC nanoseconds."""

    comp_id: str
    account: str
    next_in: int
    next_out: int
    changed_at: int

    @property
    def session_id(self) -> str:
        """What tells sessions apart: accounts may use the same comp id."""
        return f"{self.comp_id}@{self.account}"


class Pending(msgspec.Struct, frozen=True):
    """A request that was taken and is not answered yet."""

    session_id: str
    message: Message


class _Waiting(msgspec.Struct):
    changes: Sequence[Change]
    then: Callable[[], None]
    done: asyncio.Future[None]


class Store:
    """The file. `run` must be running for `commit` to get anywhere."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        upgrade(self._database)
        self._database.executescript(_SCHEMA)
        self._reader = sqlite3.connect(path, isolation_level=None)
        self._waiting: list[_Waiting] = []
        self._filled = asyncio.Event()
        self._ended = False

    def close(self) -> None:
        """Close the file."""
        self._reader.close()
        self._database.close()

    async def run(self) -> None:
        """Write until cancelled; raises `sqlite3.Error` when the file cannot be written."""
        batch: list[_Waiting] = []
        try:
            while True:
                await self._filled.wait()
                self._filled.clear()
                batch, self._waiting = self._waiting, []
                await self._written([change for one in batch for change in one.changes])
                for one in batch:
                    one.then()
                    if not one.done.done():
                        one.done.set_result(None)
        finally:
            self._ended = True
            for one in (*batch, *self._waiting):
                one.done.cancel()

    async def commit(self, changes: Sequence[Change], *, then: Callable[[], None] = lambda: None) -> None:
        """Write the changes, then call `then`; both happen even when the caller is cancelled meanwhile.

        Raises:
            StoreEndedError: `run` has ended; nothing is written.
        """
        if self._ended:
            raise StoreEndedError("the store was closed")
        waiting = _Waiting(changes, then, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._filled.set()
        await waiting.done

    def sessions(self) -> list[SessionRow]:
        """All sessions that ever logged on."""
        rows = self._reader.execute("SELECT comp_id, account, next_in, next_out, changed_at FROM session")
        return [SessionRow(*row) for row in rows]

    def pending(self) -> Iterator[Pending]:
        """Requests without an answer, oldest first."""
        for session_id, text in self._reader.execute(
            "SELECT session_id, message FROM incoming ORDER BY place"
        ).fetchall():
            yield Pending(session_id, _decoder.decode(text))

    def kept(self, session_id: str, *, begin: int, end: int, limit: int) -> list[Message]:
        """Kept messages of a range of numbers, both ends included, at most `limit`."""
        statement = (
            "SELECT message FROM outgoing WHERE session_id = ? AND number BETWEEN ? AND ? ORDER BY number LIMIT ?"
        )
        return [_decoder.decode(text) for (text,) in self._reader.execute(statement, (session_id, begin, end, limit))]

    def cancel_id(self, session_id: str, order_id: str) -> str:
        """Id of the last cancel request for an order in a session; empty when there was none."""
        statement = "SELECT cancel_id FROM cancel WHERE session_id = ? AND order_id = ?"
        row = self._reader.execute(statement, (session_id, order_id)).fetchone()
        return str(row[0]) if row else ""

    def fact(self, name: str) -> str:
        """A remembered value; empty when there is none."""
        row = self._reader.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    async def _written(self, changes: list[Change]) -> None:
        work = asyncio.get_running_loop().run_in_executor(None, self._write, changes)
        try:
            await asyncio.shield(work)
        finally:
            # A thread cannot be cancelled, and the file must not be closed under it.
            await asyncio.wait((work,))

    def _write(self, changes: list[Change]) -> None:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            for statement, values in changes:
                self._database.execute(statement, values)
        except sqlite3.Error:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")


def put_session(row: SessionRow) -> Change:
    """Keep a session's numbers."""
    return "INSERT OR REPLACE INTO session VALUES (?, ?, ?, ?, ?)", msgspec.structs.astuple(row)


def keep(session_id: str, message: Message) -> Change:
    """Keep a message that was given a number."""
    return "INSERT INTO outgoing VALUES (?, ?, ?)", (session_id, message.number, encode(message))


def drop_kept(session_id: str, *, below: int) -> Change:
    """Forget messages that the client has, and does not ask for again."""
    return "DELETE FROM outgoing WHERE session_id = ? AND number < ?", (session_id, below)


def take(session_id: str, message: Message) -> Change:
    """Keep a request until it is answered."""
    statement = "INSERT INTO incoming (session_id, number, message) VALUES (?, ?, ?)"
    return statement, (session_id, message.number, encode(message))


def answered(session_id: str, number: int) -> Change:
    """The request has its answer."""
    return "DELETE FROM incoming WHERE session_id = ? AND number = ?", (session_id, number)


def put_cancel(session_id: str, order_id: str, cancel_id: str) -> Change:
    """Remember under which id a cancel was asked."""
    return "INSERT OR REPLACE INTO cancel VALUES (?, ?, ?)", (session_id, order_id, cancel_id)


def put_fact(name: str, value: str) -> Change:
    """Remember a value."""
    return "INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value)
