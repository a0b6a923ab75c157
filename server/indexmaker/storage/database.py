"""Opening a database, and the one thread that writes to it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from indexmaker.storage.errors import DatabaseUnavailableError

__all__ = ["WRITES", "Database", "connectable", "database_url"]

T = TypeVar("T")

WRITES = "indexmaker_writes"
"""Execution option of connections that are going to write."""


def database_url(text: str | Path) -> sa.URL:
    """A URL as SQLAlchemy reads it, or the path of an SQLite file.

    Raises:
        DatabaseUnavailableError: not a URL, or SQLite in memory (it cannot be shared by two connections).
    """
    if isinstance(text, Path) or "://" not in text:
        return sa.URL.create("sqlite", database=str(Path(text).absolute()))
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise DatabaseUnavailableError("the database URL cannot be parsed; expected dialect://...") from None
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise DatabaseUnavailableError("SQLite needs a file: a journal in memory is `MemoryJournal`")
    return url


def connectable(url: sa.URL, *, read_only: bool = False) -> sa.Engine:
    """An SQLAlchemy engine with the durability this program relies on; `read_only`, it refuses every change."""
    try:
        if url.get_backend_name() != "sqlite":
            options = {"postgresql_readonly": True} if read_only and url.get_backend_name() == "postgresql" else {}
            return sa.create_engine(url, pool_pre_ping=True, execution_options=options)
        engine = sa.create_engine(url)
    except (sa.exc.NoSuchModuleError, ModuleNotFoundError) as reason:
        name = url.render_as_string(hide_password=True)
        raise DatabaseUnavailableError(f"database {name}: its driver is not installed ({reason})") from reason
    sa.event.listen(engine, "connect", _prepare_reader if read_only else _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None  # transactions are begun below, never implicitly
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None
    for pragma in ("busy_timeout=10000", "query_only=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    """A writer takes its lock at once, so that what it reads first cannot change before it writes."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class Database:
    """Reads on pooled connections; writes one after another in a thread of their own."""

    def __init__(self, url: str | Path, *, read_only: bool = False) -> None:
        self.url = database_url(url)
        self._engine = connectable(self.url, read_only=read_only)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storage-writer")
        self._writer: sa.Connection | None = None

    @property
    def name(self) -> str:
        """The URL without its password."""
        return self.url.render_as_string(hide_password=True)

    def reading(self) -> sa.Connection:
        """A connection for reading; use it as a context manager."""
        try:
            return self._engine.connect()
        except sa.exc.DatabaseError as reason:
            raise self._unavailable(reason) from reason

    async def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in a transaction in the writer thread; committed when this returns.

        Cancelling the wait does not cancel the work.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._transaction, work)

    def close(self) -> None:
        """Finish the writes under way and close every connection."""
        self._thread.submit(self._close_writer).result()
        self._thread.shutdown()
        self._engine.dispose()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _transaction(self, work: Callable[[sa.Connection], T]) -> T:
        if self._writer is None:
            try:
                self._writer = self._engine.connect().execution_options(**{WRITES: True})
            except sa.exc.DatabaseError as reason:
                raise self._unavailable(reason) from reason
        with self._writer.begin():
            return work(self._writer)

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _unavailable(self, reason: sa.exc.DatabaseError) -> DatabaseUnavailableError:
        return DatabaseUnavailableError(f"database {self.name} cannot be opened: {reason.orig}")
