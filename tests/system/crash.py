"""Cores that die at a chosen write of their journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from indexmaker.runtime import Head, Record, WriteFailedError
from indexmaker.storage import Database, SqlJournal

Falls = Callable[[Record], bool]
"""Told each record on its way to the disk; True at the one at which the core dies."""


def is_tick(record: Record) -> bool:
    """Ticks come by the clock, so they are not counted."""
    return record.payload == b'{"type":"Tick"}'


def entry(number: int) -> Falls:
    """The entry with this number among those that are no ticks."""
    seen = 0

    def falls(record: Record) -> bool:
        nonlocal seen
        seen += not is_tick(record)
        return seen == number and not is_tick(record)

    return falls


def tick_after(nanoseconds: int) -> Falls:
    """The first tick so long after the first entry."""
    first = 0

    def falls(record: Record) -> bool:
        nonlocal first
        first = first or record.at
        return is_tick(record) and record.at - first >= nanoseconds

    return falls


class DyingJournal(SqlJournal):
    """At the chosen record it sets `died` and never answers again, the group being on the disk (`written`) or not."""

    def __init__(self, database: Database, engine: str, *, falls: Falls, written: bool, died: asyncio.Event) -> None:
        super().__init__(database, engine)
        self._falls = falls
        self._written = written
        self._died = died

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        told = [self._falls(record) for record in records]  # each is counted, also after the one at which it dies
        if not any(told):
            return await super().append(records, epoch=epoch)
        if self._written:
            await super().append(records, epoch=epoch)
        self._died.set()
        return await asyncio.get_running_loop().create_future()


class FailingJournal(SqlJournal):
    """The disk fails at the chosen record; nothing of its group is written."""

    def __init__(self, database: Database, engine: str, *, falls: Falls) -> None:
        super().__init__(database, engine)
        self._falls = falls

    async def append(self, records: Sequence[Record], *, epoch: int) -> Head:
        if any(self._falls(record) for record in records):
            raise WriteFailedError(
                self.engine, first=records[0].sequence, last=records[-1].sequence, reason="no space left"
            )
        return await super().append(records, epoch=epoch)
