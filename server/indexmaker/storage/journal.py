"""The journal in a database: group commit under the fence of the lease."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from indexmaker.runtime.errors import JournalError, StaleEpochError, WriteFailedError
from indexmaker.runtime.journal import Entry, Head, Record, genesis, link
from indexmaker.runtime.snapshots import Snapshot
from indexmaker.storage.database import Database
from indexmaker.storage.models import JournalEntryRow, LeaseRow, SnapshotRow, table

__all__ = ["SqlJournal", "engines_of"]

_PAGE = 1000

_entries = table(JournalEntryRow)
_ENTRY_COLUMNS = [_entries.c[name] for name in Entry.__struct_fields__]
_snapshots = table(SnapshotRow)
_SNAPSHOT_COLUMNS = [_snapshots.c[name] for name in Snapshot.__struct_fields__]


def engines_of(database: Database) -> list[str]:
    """Names of the engines that have a journal in a database."""
    with database.reading() as connection:
        return sorted(connection.execute(sa.select(_entries.c.engine).distinct()).scalars())


class SqlJournal:
    """Keeps the `Journal` contract of one engine in a `Database`."""

    def __init__(self, database: Database, engine: str) -> None:
        self._database = database
        self._engine = engine

    @property
    def engine(self) -> str:
        """Name of the engine whose journal this is."""
        return self._engine

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        """Write one group in one transaction; raises as `Journal.append`."""
        try:
            return await self._database.write(lambda connection: self._append(connection, records, epoch))
        except JournalError:
            raise
        except sa.exc.SQLAlchemyError as reason:
            raise WriteFailedError(
                self._engine, first=records[0].sequence, last=records[-1].sequence, reason=_cause(reason)
            ) from reason

    def read(self, from_sequence: int = 1, *, to_sequence: int | None = None) -> Iterator[Entry]:
        """Entries in order, both ends included, read in pages so that no transaction stays open."""
        following = max(from_sequence, 1)
        while page := self._page(following, to_sequence):
            yield from page
            following = page[-1].sequence + 1

    def head(self) -> Head:
        """The last entry's position, or `genesis`."""
        with self._database.reading() as connection:
            return self._head(connection)

    async def save_snapshot(self, snapshot: Snapshot, *, epoch: int, keep: int = 3) -> None:
        """Store a snapshot and drop all but the newest `keep`; raises as `append`."""
        try:
            await self._database.write(lambda connection: self._save(connection, snapshot, epoch, keep))
        except sa.exc.SQLAlchemyError as reason:
            raise WriteFailedError(
                self._engine, first=snapshot.sequence, last=snapshot.sequence, reason=f"snapshot: {_cause(reason)}"
            ) from reason

    def snapshots(self) -> Iterator[Snapshot]:
        """Snapshots, the newest first, one at a time in memory."""
        mine = _snapshots.c.engine == self._engine
        with self._database.reading() as connection:
            found = connection.scalars(
                sa.select(_snapshots.c.sequence).where(mine).order_by(_snapshots.c.sequence.desc())
            ).all()
        for sequence in found:
            with self._database.reading() as connection:
                row = connection.execute(
                    sa.select(*_SNAPSHOT_COLUMNS).where(mine, _snapshots.c.sequence == sequence)
                ).one_or_none()
            if row is not None:
                yield Snapshot(*row)

    def _page(self, first: int, last: int | None) -> list[Entry]:
        query = sa.select(*_ENTRY_COLUMNS).where(_entries.c.engine == self._engine, _entries.c.sequence >= first)
        if last is not None:
            query = query.where(_entries.c.sequence <= last)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_entries.c.sequence).limit(_PAGE)).all()
        return [Entry(*row) for row in rows]

    def _head(self, connection: sa.Connection) -> Head:
        columns = [_entries.c[name] for name in Head.__struct_fields__]
        query = sa.select(*columns).where(_entries.c.engine == self._engine)
        row = connection.execute(query.order_by(_entries.c.sequence.desc()).limit(1)).one_or_none()
        return Head(*row) if row is not None else genesis(self._engine)

    def _append(self, connection: sa.Connection, records: Sequence[Record], epoch: int) -> Head:
        self._check_fence(connection, epoch)
        entries = link(records, after=self._head(connection), epoch=epoch, engine=self._engine)
        names = Entry.__struct_fields__
        rows = [{"engine": self._engine, **{name: getattr(entry, name) for name in names}} for entry in entries]
        connection.execute(sa.insert(_entries), rows)
        last = entries[-1]
        return Head(last.sequence, last.at, last.epoch, last.hash)

    def _save(self, connection: sa.Connection, snapshot: Snapshot, epoch: int, keep: int) -> None:
        self._check_fence(connection, epoch)
        mine = _snapshots.c.engine == self._engine
        connection.execute(sa.delete(_snapshots).where(mine, _snapshots.c.sequence == snapshot.sequence))
        values = {name: getattr(snapshot, name) for name in Snapshot.__struct_fields__}
        connection.execute(sa.insert(_snapshots).values(engine=self._engine, **values))
        kept = connection.scalars(
            sa.select(_snapshots.c.sequence).where(mine).order_by(_snapshots.c.sequence.desc()).limit(keep)
        ).all()
        connection.execute(sa.delete(_snapshots).where(mine, _snapshots.c.sequence < kept[-1]))

    def _check_fence(self, connection: sa.Connection, epoch: int) -> None:
        """Lock the lease (PostgreSQL; SQLite has locked everything) and compare epochs; no lease is epoch 0."""
        query = sa.select(LeaseRow.epoch, LeaseRow.owner).where(LeaseRow.engine == self._engine)
        row = connection.execute(query.with_for_update()).one_or_none()
        current, owner = (row.epoch, row.owner) if row is not None else (0, "")
        if current != epoch:
            raise StaleEpochError(self._engine, held=epoch, current=current, owner=owner)


def _cause(reason: sa.exc.SQLAlchemyError) -> str:
    """The driver's words, without the statement and its values."""
    return str(reason.orig) if isinstance(reason, sa.exc.DBAPIError) else type(reason).__name__
