"""A gateway over a small exchange in this process, and clients that sign as the public documentation says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.test_utils import TestServer

from gateways.trader import SECRET, Trader
from indexmaker.exchange.commands import (
    CreateAccount,
    DefineAsset,
    DefineFeeTier,
    DefineMarket,
    DefineNetwork,
    ExchangeCommand,
    MarketFilters,
    RegisterDepositAddress,
    SeedBalance,
    SetWithdrawalTerms,
)
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import Rejected
from indexmaker.gateways.binance import BinanceGateway, Credential, Credentials, Limits, RateLimits, Venue
from indexmaker.gateways.binance.rate_limits import Window
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.runtime import ManualClock, MemoryJournal, Sequencer

NOON = 1_760_000_000_000_000_000
DEPOSITS = {"alice": "0x" + "a1" * 20, "bob": "0x" + "b0" * 20}
DEFINITIONS: tuple[ExchangeCommand, ...] = (
    DefineAsset(symbol="USDC", scale=8),
    DefineAsset(symbol="BTC", scale=8),
    DefineAsset(symbol="ETH", scale=8),
    DefineNetwork(asset="USDC", network="BASE", chain_id=8453, decimals=6, confirmations=3, contract="0xusdc"),
    SetWithdrawalTerms(
        asset="USDC", network="BASE", fee=5 * 10**7, minimum=10**9, maximum=10**13, approve_above=10**12
    ),
    DefineMarket(
        symbol="BTCUSDC",
        base="BTC",
        quote="USDC",
        tick=10**16,
        lot=10**13,
        reference=10_000_000,
        filters=MarketFilters(
            min_price=1,
            max_price=100_000_000,
            max_quantity=900_000_000,
            min_notional=500_000_000,
            bid_up_ppm=5_000_000,
            bid_down_ppm=200_000,
            ask_up_ppm=5_000_000,
            ask_down_ppm=200_000,
            max_orders=20,
        ),
    ),
    DefineMarket(symbol="ETHUSDC", base="ETH", quote="USDC", tick=10**16, lot=10**14),
    DefineFeeTier(tier="standard", maker_ppm=1000, taker_ppm=1000),
    CreateAccount(account=1001, name="alice", tier="standard"),
    CreateAccount(account=1002, name="bob", tier="standard"),
    RegisterDepositAddress(account=1001, network="BASE", address=DEPOSITS["alice"]),
    SeedBalance(account=1001, asset="USDC", amount=1_000_000 * 10**8, reference="a"),
    SeedBalance(account=1002, asset="BTC", amount=100 * 10**8, reference="b"),
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON)


@pytest.fixture
def limits() -> Limits:
    return Limits(stream_messages=Window(interval="SECOND", number=1, limit=100))


@pytest.fixture
async def venue(clock: ManualClock, limits: Limits) -> Venue:
    engine = ExchangeEngine()
    sequencer: ExchangeSequencer = Sequencer(engine, MemoryJournal("exchange"), clock=clock)
    credentials = Credentials()
    for account, name in ((1001, "alice"), (1002, "bob")):
        credentials.add(Credential(account=account, key=name, secret=SECRET.format(name), withdraw=name == "alice"))
    return Venue(
        engine=engine,
        sequencer=sequencer,
        clock=clock,
        credentials=credentials,
        limits=RateLimits(limits, clock=clock),
    )


@pytest.fixture
async def gateway(venue: Venue) -> AsyncIterator[BinanceGateway]:
    gateway = BinanceGateway(venue)
    await venue.sequencer.recover()
    async with asyncio.TaskGroup() as group:
        group.create_task(venue.sequencer.run())
        for command in DEFINITIONS:
            answer = (await venue.sequencer.submit(command)).outputs[0]
            assert not isinstance(answer, Rejected), answer
        gateway.start()
        yield gateway
        venue.sequencer.stop()


@pytest.fixture
async def base(gateway: BinanceGateway) -> AsyncIterator[str]:
    server = TestServer(gateway.application)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def alice(venue: Venue, session: aiohttp.ClientSession, base: str) -> Trader:
    return Trader(venue, session, base, "alice")


@pytest.fixture
def bob(venue: Venue, session: aiohttp.ClientSession, base: str) -> Trader:
    return Trader(venue, session, base, "bob")
