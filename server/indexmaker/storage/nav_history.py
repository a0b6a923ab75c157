"""Values of index units over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from indexmaker.storage.database import Database
from indexmaker.storage.models import NavPointRow, table

__all__ = ["NavHistory", "NavPoint"]

_points = table(NavPointRow)


class NavPoint(NamedTuple):
    """One recorded value, as decimal text; `oldest_ns` is the age of the oldest price in it."""

    symbol: str
    at: int
    version: int
    value: str
    oldest_ns: int


class NavHistory:
    """Recorded values of an engine's indices; a value is recorded once for each index and time."""

    def __init__(self, database: Database, engine: str) -> None:
        self._database = database
        self._engine = engine

    async def write(self, points: Sequence[NavPoint]) -> None:
        """Keep these values."""
        rows: list[dict[str, object]] = [{"engine": self._engine, **point._asdict()} for point in points]
        await self._database.write(lambda connection: _insert(connection, rows))

    def read(self, symbol: str, *, since: int = 0, limit: int = 100) -> list[NavPoint]:
        """Values of one index from a time on, newest first."""
        query = (
            sa.select(_points.c.symbol, _points.c.at, _points.c.version, _points.c.value, _points.c.oldest_ns)
            .where(_points.c.engine == self._engine, _points.c.symbol == symbol, _points.c.at >= since)
            .order_by(_points.c.at.desc())
            .limit(limit)
        )
        with self._database.reading() as connection:
            return [NavPoint(*row) for row in connection.execute(query)]


def _insert(connection: sa.Connection, rows: list[dict[str, object]]) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(dialect.insert(_points).on_conflict_do_nothing(), rows)
