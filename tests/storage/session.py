"""The toy engine over a real database, as a process would run it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from indexmaker.runtime import Committed, Lease, ManualClock, Sequencer
from indexmaker.storage import Database, SqlJournal
from runtime.toy import Event, Output, ToyEngine


async def run_session(
    database: Database,
    events: Sequence[Event],
    *,
    lease: Lease | None = None,
    snapshot_every: int = 4,
    max_group: int = 3,
    subscribers: Sequence[Callable[[Committed[Event, Output]], None]] = (),
    needed_from: int | None = None,
) -> ToyEngine:
    """Recover, apply the events, stop cleanly."""
    engine = ToyEngine()
    sequencer: Sequencer[Event, Output] = Sequencer(
        engine,
        SqlJournal(database, "toy"),
        clock=ManualClock(1000),
        lease=lease,
        snapshot_every=snapshot_every,
        max_group=max_group,
    )
    for subscriber in subscribers:
        sequencer.subscribe(subscriber)
    await sequencer.recover(needed_from=needed_from)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(sequencer.run())
        await asyncio.gather(*(sequencer.submit(event) for event in events))
        sequencer.stop()
        await running
    return engine
