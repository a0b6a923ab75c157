"""An exchange with its listing in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.runtime import ManualClock, MemoryJournal, Sequencer

NOON = 1_760_000_000_000_000_000


@pytest.fixture
def engine() -> ExchangeEngine:
    return ExchangeEngine()


@pytest.fixture
async def sequencer(engine: ExchangeEngine) -> AsyncIterator[ExchangeSequencer]:
    sequencer: ExchangeSequencer = Sequencer(engine, MemoryJournal("exchange"), clock=ManualClock(NOON))
    await sequencer.recover()
    async with asyncio.TaskGroup() as group:
        group.create_task(sequencer.run())
        yield sequencer
        sequencer.stop()
