"""How far an engine's process has read each chain. Behind the journal at worst, never ahead of it."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from indexmaker.storage.database import Database
from indexmaker.storage.models import ChainCursorRow, table

__all__ = ["ChainCursors"]

_cursors = table(ChainCursorRow)


class ChainCursors:
    """The cursors of one engine. Save one only after every event up to it is in the journal."""

    def __init__(self, database: Database, engine: str) -> None:
        self._database = database
        self._engine = engine

    def load(self) -> dict[int, tuple[int, str]]:
        """Chain id -> (block number, block hash)."""
        query = sa.select(_cursors.c.chain_id, _cursors.c.block_number, _cursors.c.block_hash)
        with self._database.reading() as connection:
            rows = connection.execute(query.where(_cursors.c.engine == self._engine)).all()
        return {chain_id: (number, block_hash) for chain_id, number, block_hash in rows}

    async def save(self, cursors: Mapping[int, tuple[int, str]]) -> None:
        """Replace the cursors of these chains."""
        if cursors:
            await self._database.write(lambda connection: self._write(connection, dict(cursors)))

    def _write(self, connection: sa.Connection, cursors: Mapping[int, tuple[int, str]]) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        for chain_id, (number, block_hash) in cursors.items():
            row = dialect.insert(_cursors).values(
                engine=self._engine, chain_id=chain_id, block_number=number, block_hash=block_hash
            )
            connection.execute(
                row.on_conflict_do_update(
                    index_elements=[_cursors.c.engine, _cursors.c.chain_id],
                    set_={"block_number": row.excluded.block_number, "block_hash": row.excluded.block_hash},
                )
            )
