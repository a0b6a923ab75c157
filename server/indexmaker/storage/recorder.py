"""From committed events to the report log, and from there to everyone who follows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Generic, TypeVar

from indexmaker.runtime.engine import Committed
from indexmaker.storage.report_log import START, Cursor, Report, ReportLog

__all__ = ["Projected", "ReportRecorder"]

E = TypeVar("E")
C = TypeVar("C")

Projected = tuple[str, str, bytes]
"""Kind, key and payload of a report."""


class ReportRecorder(Generic[E, C]):
    """A subscriber of the sequencer that stores reports in the background and wakes those who follow.

    `project` says, from one committed event alone, which reports it makes; the same event must always make the same
    reports in the same order. Run it in the sequencer's task group and `stop` it after the sequencer has ended.
    """

    def __init__(self, log: ReportLog, *, project: Callable[[Committed[E, C]], Iterable[Projected]]) -> None:
        self._log = log
        self._project = project
        self._waiting: list[Report] = []
        self._through = 0
        self._written = 0
        self._arrived = asyncio.Event()
        self._stored = asyncio.Condition()
        self._stopping = False
        self._released = False
        self._finished = False

    def __call__(self, committed: Committed[E, C]) -> None:
        """Take in one committed event; replayed ones are stored again to no effect."""
        for index, (kind, key, payload) in enumerate(self._project(committed), start=1):
            self._waiting.append(Report(committed.sequence, index, kind, key, payload))
        self._through = committed.sequence
        self._arrived.set()

    async def run(self) -> None:
        """Store what arrives until `stop`, then what is left."""
        try:
            while not (self._stopping and self._written == self._through):
                await self._arrived.wait()
                self._arrived.clear()
                if self._through > self._written:
                    await self._store()
        finally:
            async with self._stored:
                self._finished = self._released = True
                self._stored.notify_all()

    async def release(self) -> None:
        """Let those who follow go once they have what is stored; reports are stored as before."""
        async with self._stored:
            self._released = True
            self._stored.notify_all()

    def stop(self) -> None:
        """Let `run` finish."""
        self._stopping = True
        self._arrived.set()

    async def caught_up(self) -> None:
        """Wait until all that has come in by now is stored."""
        through = self._through
        async with self._stored:
            await self._stored.wait_for(lambda: self._finished or self._written >= through)

    async def follow(
        self, *, after: Cursor = START, kind: str | None = None, key: str | None = None
    ) -> AsyncIterator[Report]:
        """Every stored report after a cursor, then every new one, without gap or double, until `release` or the end."""
        while True:
            written, released = self._written, self._released
            page = await asyncio.to_thread(self._log.read, after=after, kind=kind, key=key)
            for report in page:
                yield report
                after = report.cursor
            if page:
                continue
            if released:
                return
            async with self._stored:
                await self._stored.wait_for(lambda: self._released or self._written != written)  # noqa: B023

    async def stored(self, *, after: Cursor = START, kind: str | None = None, through: int) -> list[Report]:
        """Every report after a cursor, once all through a sequence are stored; nothing is waited for beyond that."""
        async with self._stored:
            await self._stored.wait_for(lambda: self._released or self._written >= through)
        found: list[Report] = []
        while page := await asyncio.to_thread(self._log.read, after=after, kind=kind):
            found += page
            after = page[-1].cursor
        return found

    async def _store(self) -> None:
        reports, self._waiting = self._waiting, []
        through = self._through
        await self._log.write(reports, through=through)
        async with self._stored:
            self._written = through
            self._stored.notify_all()
