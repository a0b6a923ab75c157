"""Outputs that clients stream and resume: stored once per (sequence, index), whatever is replayed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from indexmaker.storage.database import Database
from indexmaker.storage.models import ReportHeadRow, ReportRow, table

__all__ = ["START", "Cursor", "Report", "ReportLog"]

_reports = table(ReportRow)
_heads = table(ReportHeadRow)


class Cursor(NamedTuple):
    """The place of a report; what comes after it is what a client has not seen."""

    sequence: int
    idx: int


START = Cursor(0, 0)
"""Before the first report."""


class Report(msgspec.Struct, frozen=True):
    """One output as clients see it."""

    sequence: int
    idx: int
    """Place among the reports of one sequence, from 1."""
    kind: str
    key: str
    """What a client filters by: an order, an account."""
    payload: bytes

    @property
    def cursor(self) -> Cursor:
        """Resume after this report with it."""
        return Cursor(self.sequence, self.idx)


class ReportLog:
    """The report log of one engine."""

    def __init__(self, database: Database, engine: str) -> None:
        self._database = database
        self._engine = engine

    async def write(self, reports: Sequence[Report], *, through: int) -> None:
        """Store reports, ignoring those already there; `through` is the last sequence that is now complete."""
        await self._database.write(lambda connection: self._write(connection, reports, through))

    def head(self) -> int:
        """The sequence through which reports are complete: `needed_from` of a recovery."""
        with self._database.reading() as connection:
            return self._head(connection)

    def read(
        self, *, after: Cursor = START, kind: str | None = None, key: str | None = None, limit: int = 500
    ) -> list[Report]:
        """Up to `limit` reports that follow `after`, in order. Only complete sequences are seen."""
        place = sa.tuple_(_reports.c.sequence, _reports.c.idx)
        query = sa.select(
            _reports.c.sequence, _reports.c.idx, _reports.c.kind, _reports.c.key, _reports.c.payload
        ).where(_reports.c.engine == self._engine, place > sa.tuple_(*after))
        if kind is not None:
            query = query.where(_reports.c.kind == kind)
        if key is not None:
            query = query.where(_reports.c.key == key)
        with self._database.reading() as connection:
            rows = connection.execute(query.order_by(_reports.c.sequence, _reports.c.idx).limit(limit)).all()
        return [Report(*row) for row in rows]

    def _head(self, connection: sa.Connection) -> int:
        query = sa.select(_heads.c.sequence).where(_heads.c.engine == self._engine)
        return connection.execute(query).scalar_one_or_none() or 0

    def _write(self, connection: sa.Connection, reports: Sequence[Report], through: int) -> None:
        rows = [
            {
                "engine": self._engine,
                "sequence": report.sequence,
                "idx": report.idx,
                "kind": report.kind,
                "key": report.key,
                "payload": report.payload,
            }
            for report in reports
        ]
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        if rows:
            connection.execute(dialect.insert(_reports).on_conflict_do_nothing(), rows)
        head = dialect.insert(_heads).values(engine=self._engine, sequence=through)
        raised = head.on_conflict_do_update(
            index_elements=[_heads.c.engine],
            set_={"sequence": head.excluded.sequence},
            where=_heads.c.sequence < head.excluded.sequence,
        )
        connection.execute(raised)
