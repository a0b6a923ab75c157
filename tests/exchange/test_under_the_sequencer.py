"""The exchange over a real journal: what was acknowledged is there after a restart."""

from __future__ import annotations

import asyncio
import random

from exchange.floor import setup_commands
from exchange.sessions import random_session
from indexmaker.exchange import ExchangeEngine
from indexmaker.exchange.commands import ExchangeCommand, MarketFilters
from indexmaker.exchange.events import ExchangeEvent
from indexmaker.runtime import Committed, ManualClock, MemoryJournal, Sequencer, recover, state_hash

START = 1_700_000_000_000_000_000


async def test_an_exchange_recovered_from_its_journal_equals_the_live_one_and_tells_the_same():
    journal = MemoryJournal("exchange")
    live = ExchangeEngine()
    told: list[Committed[ExchangeCommand, ExchangeEvent]] = []
    sequencer = Sequencer(live, journal, clock=ManualClock(START))
    sequencer.subscribe(told.append)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        for command in [*setup_commands(MarketFilters()), *random_session(random.Random(7), 200, start=START)]:
            await sequencer.submit(command)
        sequencer.stop()
    restarted = ExchangeEngine()
    retold: list[Committed[ExchangeCommand, ExchangeEvent]] = []
    recover(restarted, journal, on_committed=retold.append, needed_from=1)
    assert state_hash(restarted.dump()) == state_hash(live.dump())
    assert [(c.sequence, c.at, c.event, c.outputs) for c in retold] == [
        (c.sequence, c.at, c.event, c.outputs) for c in told
    ]
