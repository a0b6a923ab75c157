"""Deposits from a chain connector: credited once, taken back before credit, resumed where it is safe."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from indexmaker.api.chain.v1 import chain_pb2
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.listing import builtin_listing
from indexmaker.exchange.vocabulary import DepositStatus
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.services.exchange.cursors import ChainCursor, CursorFile
from indexmaker.services.exchange.deposits import DepositWatcher
from indexmaker.services.exchange.settings import AccountSetting, ChainSetting
from indexmaker.services.exchange.setup import set_up
from indexmaker.services.exchange.wallet import DepositWallet
from services_exchange.chain import APPLY, CONFIRMED, PROMOTE, RETRACT, SEEN, TOKEN, Chain, serve_chain, transfer

PHRASE = "test test test test test test test test test test test junk"
CHAIN = ChainSetting(chain_id=8453, token=TOKEN, confirmations=5)


class WatchedCursors(CursorFile):
    """Tells when a cursor has moved."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.moved = asyncio.Event()

    def put(self, cursors: dict[int, ChainCursor]) -> None:
        super().put(cursors)
        self.moved.set()


class World:
    def __init__(self, chain: Chain, engine: ExchangeEngine, address: str, cursors: WatchedCursors) -> None:
        self.chain = chain
        self.engine = engine
        self.address = address
        self.cursors = cursors
        (_, self.recipient), *_ = engine.deposit_addresses(1001)

    def transfer(
        self, kind: chain_pb2.ChainEvent.Kind, finality: chain_pb2.Finality, *, block: int = 10
    ) -> chain_pb2.ChainEvent:
        return transfer(kind, finality, recipient=self.recipient, block=block)

    async def cursor_at(self, block: int) -> None:
        async with asyncio.timeout(5):
            while self.cursors.all().get(8453, ChainCursor(-1)).block_number != block:
                self.cursors.moved.clear()
                await self.cursors.moved.wait()

    def statuses(self) -> list[DepositStatus]:
        return [deposit.status for deposit in self.engine.deposits(1001)]

    def usdc(self) -> int:
        return self.engine.balance(1001, "USDC")[0]


@pytest.fixture
async def world(engine: ExchangeEngine, sequencer: ExchangeSequencer, tmp_path: Path) -> AsyncIterator[World]:
    await set_up(
        engine,
        sequencer,
        listing=builtin_listing(),
        accounts=[AccountSetting(key="user", secret="s")],
        chains=[CHAIN],
        wallet=DepositWallet(PHRASE),
    )
    chain = Chain()
    address = f"unix:{tmp_path}/chain.sock"
    cursors = WatchedCursors(tmp_path / "cursors.json")
    watcher = DepositWatcher(engine, sequencer, address=address, chains=[CHAIN], cursors=cursors, retry_seconds=0.01)
    async with serve_chain(chain, address):
        task = asyncio.create_task(watcher.run())
        yield World(chain, engine, address, cursors)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_watch_names_the_token_and_every_deposit_address(world: World) -> None:
    request = await world.chain.requests.get()
    (watch,) = request.watches
    assert (watch.chain_id, watch.transfers.token) == (8453, CHAIN.token)
    assert list(watch.transfers.recipients) == [world.recipient]
    assert list(request.cursors) == []


async def test_deposit_waits_for_confirmation_and_is_credited_once(world: World) -> None:
    world.chain.say(world.transfer(APPLY, SEEN), head=9)
    await world.cursor_at(9)
    assert (world.statuses(), world.usdc()) == ([DepositStatus.PENDING], 0)
    world.chain.say(world.transfer(PROMOTE, CONFIRMED), world.transfer(PROMOTE, chain_pb2.FINALITY_SAFE), head=14)
    world.chain.say(world.transfer(APPLY, CONFIRMED), head=15)
    await world.cursor_at(15)
    assert (world.statuses(), world.usdc()) == ([DepositStatus.CREDITED], 250_5 * 10**7)


async def test_retracted_deposit_is_dropped_and_may_come_again(world: World) -> None:
    world.chain.say(world.transfer(APPLY, SEEN), world.transfer(RETRACT, SEEN), head=10)
    await world.cursor_at(10)
    assert (world.statuses(), world.usdc()) == ([DepositStatus.DROPPED], 0)
    world.chain.say(world.transfer(APPLY, CONFIRMED, block=11), head=12)
    await world.cursor_at(12)
    assert (world.statuses(), world.usdc()) == ([DepositStatus.CREDITED], 250_5 * 10**7)


async def test_cursor_stays_below_an_unconfirmed_deposit(world: World) -> None:
    await world.chain.requests.get()
    world.chain.say(world.transfer(APPLY, SEEN, block=10), head=12)
    await world.cursor_at(9)
    world.chain.responses.put_nowait(None)  # the connector goes away
    request = await world.chain.requests.get()
    assert [(one.block_number, one.block_hash) for one in request.cursors] == [(9, "")]
    world.chain.say(world.transfer(APPLY, SEEN), world.transfer(PROMOTE, CONFIRMED), head=16)
    await world.cursor_at(16)
    assert world.usdc() == 250_5 * 10**7
    world.chain.responses.put_nowait(None)
    request = await world.chain.requests.get()
    assert [(one.block_number, one.block_hash) for one in request.cursors] == [(16, "0xb16")]


async def test_deposit_that_left_the_chain_unseen_does_not_wait_for_ever(world: World) -> None:
    world.chain.say(world.transfer(APPLY, SEEN, block=10), head=12)
    await world.cursor_at(9)
    world.chain.responses.put_nowait(None)
    world.chain.say(head=30)  # the new stream no longer knows of it
    await world.cursor_at(30)
    assert (world.statuses(), world.usdc()) == ([DepositStatus.DROPPED], 0)
