"""The market data connector against a venue that misbehaves."""

from __future__ import annotations

import asyncio
import itertools
from contextlib import asynccontextmanager

import pytest

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.api.marketdata.v1 import market_data_pb2_grpc as rpc
from indexmaker.connectors.testing.serve import serve_connector
from indexmaker_binance.market_data import BinanceMarketData

from .fake_venue import FakeVenue, symbol_entry, until

Condition = pb.InstrumentStatus.Condition


@pytest.fixture
async def venue():
    async with FakeVenue() as running:
        running.books["BTCUSDC"] |= {"b": {"100.00": "1", "99.00": "2"}, "a": {"101.00": "3"}}
        running.books["ETHUSDC"] |= {"b": {"10.00": "1"}, "a": {"11.00": "3"}}
        yield running


@asynccontextmanager
async def market_data(venue: FakeVenue, **config):
    settings = {"environment": {"base": venue.url}, "retry_ms": 20} | config
    async with serve_connector(BinanceMarketData(), settings) as channel:
        yield rpc.MarketDataServiceStub(channel)


class Subscription:
    """Rebuilds books from the stream alone, as the core does."""

    def __init__(self, stub) -> None:
        self.call = stub.Subscribe(wait_for_ready=True)
        self.books: dict[str, tuple[dict, dict]] = {}
        self.conditions: list[tuple[str, int]] = []
        self.trades, self.instruments, self.quotes, self.sequence = [], [], {}, 0

    async def send(self, **request) -> None:
        await self.call.write(pb.SubscribeRequest(**request))

    async def until(self, condition) -> None:
        async with asyncio.timeout(10):
            while not condition():
                response = await self.call.read()
                assert response.first_sequence == self.sequence + 1
                self.sequence += len(response.events)
                for event in response.events:
                    self.take(event)

    def take(self, event) -> None:
        kind = event.WhichOneof("body")
        if kind == "snapshot":
            self.books[event.symbol] = ({}, {})
        if kind in ("snapshot", "delta"):
            body = getattr(event, kind)
            for side, levels in zip(self.books[event.symbol], (body.bids, body.asks), strict=True):
                for level in levels:
                    side.pop(level.price, None) if level.quantity == "0" else side.update({level.price: level.quantity})
        elif kind == "status":
            self.conditions.append((event.symbol, event.status.condition))
        elif kind == "best_quote":
            self.quotes[event.symbol] = (event.best_quote.bid.price, event.best_quote.ask.price)
        else:
            {"trade": self.trades, "instrument": self.instruments}[kind].append(event)


async def live(stub, venue, *symbols, **request) -> Subscription:
    subscription = Subscription(stub)
    await subscription.send(add=symbols, **request)
    await subscription.until(lambda: all(symbol in subscription.books for symbol in symbols))
    return subscription


async def test_instruments_carry_the_venues_filters(venue):
    async with market_data(venue, asset_aliases={"BTC": "XBT"}) as stub:
        response = await stub.ListInstruments(pb.ListInstrumentsRequest(symbols=["BTCUSDC", "NOPE"]))
    (instrument,) = response.instruments
    assert (instrument.base_asset, instrument.tick_size, instrument.lot_step) == ("XBT", "0.01", "0.0001")
    assert (instrument.min_notional, instrument.trading, instrument.taker_fee) == ("5", True, "")


async def test_book_follows_the_venue_from_a_snapshot(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC", "ETHUSDC")
        await venue.move("BTCUSDC", bids=[("100.50", "4"), ("99.00", "0")], asks=[("101.00", "0.00000000")], span=3)
        await venue.move("ETHUSDC", bids=[("10.50", "4")])
        await subscription.until(lambda: subscription.quotes.get("ETHUSDC") == ("10.5", "11"))
    assert subscription.books["BTCUSDC"] == ({"100": "1", "100.5": "4"}, {})
    assert subscription.quotes["BTCUSDC"] == ("100.5", "")
    assert len({id(socket) for socket in venue.streams}) <= 1


async def test_repeated_updates_are_told_once(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        before = subscription.sequence
        await venue.move("BTCUSDC", asks=[("102.00", "1")], send=3)
        await venue.move("BTCUSDC", asks=[("103.00", "1")])
        await subscription.until(lambda: "103" in subscription.books["BTCUSDC"][1])
    assert subscription.sequence == before + 2


async def test_gap_is_told_and_the_book_comes_anew(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        await venue.move("BTCUSDC", bids=[("100.20", "7")], send=0)
        await venue.move("BTCUSDC", bids=[("100.30", "8")])
        await subscription.until(lambda: "100.3" in subscription.books["BTCUSDC"][0])
    assert ("BTCUSDC", Condition.CONDITION_GAP) in subscription.conditions
    assert subscription.books["BTCUSDC"][0]["100.2"] == "7"
    assert subscription.conditions[-1] == ("BTCUSDC", Condition.CONDITION_LIVE)


async def test_snapshot_older_than_the_stream_is_fetched_again(venue):
    venue.stale_snapshots = 3
    async with market_data(venue) as stub:
        subscription = Subscription(stub)
        await subscription.send(add=["BTCUSDC"])
        await until(lambda: venue.streams and all(venue.streams.values()))
        await venue.move("BTCUSDC", bids=[("100.20", "7")])
        await subscription.until(lambda: "100.2" in subscription.books.get("BTCUSDC", ({},))[0])
    assert venue.calls["GET", "depth"] >= 2
    assert subscription.books["BTCUSDC"] == ({"100": "1", "99": "2", "100.2": "7"}, {"101": "3"})


async def test_crossed_book_is_not_passed_off_as_live(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        await venue.move("BTCUSDC", bids=[("101.00", "7")])
        await subscription.until(lambda: ("BTCUSDC", Condition.CONDITION_CROSSED) in subscription.conditions)
        await venue.move("BTCUSDC", bids=[("101.00", "0")])
        await subscription.until(lambda: subscription.conditions[-1][1] == Condition.CONDITION_LIVE)
        await subscription.until(lambda: "101" not in subscription.books["BTCUSDC"][0])


async def test_dropped_connection_is_rebuilt_and_nothing_is_missing_afterwards(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        await venue.drop_streams()
        await venue.move("BTCUSDC", bids=[("100.70", "7")])
        await subscription.until(lambda: "100.7" in subscription.books["BTCUSDC"][0])
    assert ("BTCUSDC", Condition.CONDITION_GAP) in subscription.conditions


async def test_announced_shutdown_of_the_venues_server_is_followed(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        before = next(iter(venue.streams))
        await before.send_json({"stream": "!serverShutdown", "data": {"e": "serverShutdown", "E": 1}})
        await until(lambda: venue.streams and before not in venue.streams)
        await venue.move("BTCUSDC", bids=[("100.70", "7")])
        await subscription.until(lambda: "100.7" in subscription.books["BTCUSDC"][0])


async def test_quiet_book_is_checked_and_stays_live_while_silent_loss_is_found(venue):
    async with market_data(venue, stale_after_ms=80) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        checked = venue.calls["GET", "depth"]
        await until(lambda: venue.calls["GET", "depth"] > checked + 1)
        await venue.move("BTCUSDC", bids=[("100.10", "7")])
        await subscription.until(lambda: "100.1" in subscription.books["BTCUSDC"][0])
        assert subscription.conditions[-1] == ("BTCUSDC", Condition.CONDITION_LIVE)
        assert ("BTCUSDC", Condition.CONDITION_STALE) not in subscription.conditions
        await venue.move("BTCUSDC", bids=[("100.80", "7")], send=0)
        await subscription.until(lambda: "100.8" in subscription.books["BTCUSDC"][0])


async def test_silence_that_cannot_be_checked_is_stale(venue):
    async with market_data(venue, stale_after_ms=80) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        venue.script("GET", "depth", *[("before", 503, {})] * 3)
        await subscription.until(lambda: ("BTCUSDC", Condition.CONDITION_STALE) in subscription.conditions)
        await subscription.until(lambda: subscription.conditions[-1][1] == Condition.CONDITION_LIVE)


async def test_subscription_changes_while_it_lives(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        await subscription.send(add=["ETHUSDC", "NOPE"], remove=["BTCUSDC"])
        await subscription.until(lambda: "ETHUSDC" in subscription.books)
        await until(lambda: "btcusdc@trade" not in next(iter(venue.streams.values())))
        trade = {"e": "trade", "s": "ETHUSDC", "t": 5, "p": "10.50000000", "q": "2.0", "T": 1, "m": True}
        await venue.publish("ethusdc@trade", trade)
        await subscription.until(lambda: subscription.trades)
    assert ("NOPE", Condition.CONDITION_HALTED) in subscription.conditions
    assert (subscription.trades[0].trade.price, subscription.trades[0].trade.buyer_is_taker) == ("10.5", False)
    times = [at for at, _ in venue.stream_requests]
    assert all(later - earlier > 0.2 for earlier, later in itertools.pairwise(times))


async def test_limited_depth_gets_whole_tops_of_the_book(venue):
    async with market_data(venue) as stub:
        subscription = await live(stub, venue, "BTCUSDC", depth=1)
        await venue.move("BTCUSDC", bids=[("100.00", "0")])
        await subscription.until(lambda: subscription.books["BTCUSDC"][0] == {"99": "2"})


async def test_changed_rules_are_told(venue):
    async with market_data(venue, instruments_every_ms=30) as stub:
        subscription = await live(stub, venue, "BTCUSDC")
        venue.symbols[0] = symbol_entry("BTCUSDC", "BTC", "USDC", status="BREAK")
        await subscription.until(lambda: subscription.conditions[-1][1] == Condition.CONDITION_HALTED)
    assert not subscription.instruments[-1].instrument.trading
