"""A slow subscriber loses detail, not truth."""

from __future__ import annotations

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker_binance.mailbox import Mailbox


def event(symbol: str, at: int = 0) -> pb.MarketEvent:
    return pb.MarketEvent(symbol=symbol, venue_at=at)


def whole(symbol: str, depth: int):
    return [pb.MarketEvent(symbol=symbol, snapshot=pb.BookSnapshot(update_id=depth))]


async def test_events_arrive_in_order_and_in_one_batch():
    box = Mailbox(depth=7, limit=10, state=whole)
    for at in range(4):
        box.put(event("A", at))
    assert [one.venue_at for one in await box.take(3)] == [0, 1, 2]
    assert [one.venue_at for one in await box.take(3)] == [3]


async def test_overflow_replaces_what_waits_by_the_state_of_each_symbol():
    box = Mailbox(depth=7, limit=3, state=whole)
    for symbol in "ABABAB":
        box.put(event(symbol))
    assert [(one.symbol, one.snapshot.update_id) for one in await box.take(10)] == [("A", 7), ("B", 7)]
    box.put(event("A", 9))
    assert [one.venue_at for one in await box.take(10)] == [9]


async def test_memory_is_bounded_whatever_is_put():
    box = Mailbox(depth=0, limit=5, state=whole)
    for at in range(10_000):
        box.put(event("AB"[at % 2], at))
    assert len(await box.take(10_000)) <= 7


async def test_refreshed_symbol_is_told_as_a_whole_and_others_are_kept():
    box = Mailbox(depth=0, limit=10, state=whole)
    box.put(event("A", 1))
    box.put(event("B", 2))
    box.refresh("A")
    events = await box.take(10)
    assert [(one.symbol, one.HasField("snapshot")) for one in events] == [("A", True), ("B", False)]
