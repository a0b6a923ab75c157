"""The core's view of a venue's book: exact, and honest about its age."""

from __future__ import annotations

import pytest

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.money import parse_atoms
from indexmaker.services.solver.live_book import LiveBook
from indexmaker.solver.vocabulary import BookFlag


def level(price: str, quantity: str) -> pb.Level:
    return pb.Level(price=price, quantity=quantity)


def book() -> LiveBook:
    made = LiveBook("binance", "BTCUSDC")
    made.apply(
        pb.MarketEvent(
            received_at=100,
            snapshot=pb.BookSnapshot(
                bids=[level("99.5", "1"), level("99", "2")], asks=[level("100.5", "3"), level("101", "4")]
            ),
        )
    )
    return made


@pytest.mark.parametrize("bad", [("", "1"), ("100", ""), ("NaN", "1"), ("1e999", "1"), ("abc", "1")])
def test_after_a_level_that_cannot_be_read_only_a_snapshot_is_believed(bad) -> None:
    made = book()
    made.apply(pb.MarketEvent(received_at=200, delta=pb.BookDelta(bids=[level(*bad)])))
    assert made.freeze(now=300, depth=10).flags == (BookFlag.GAP,)
    assert made.best_mid() == 0
    trading = pb.InstrumentStatus(condition=pb.InstrumentStatus.CONDITION_LIVE)
    made.apply(pb.MarketEvent(received_at=210, status=trading))
    assert made.freeze(now=300, depth=10).flags == (BookFlag.GAP,)
    made.apply(
        pb.MarketEvent(received_at=220, snapshot=pb.BookSnapshot(bids=[level("9", "1")], asks=[level("10", "1")]))
    )
    assert made.freeze(now=300, depth=10).flags == ()


def test_a_book_without_a_snapshot_is_stale() -> None:
    frozen = LiveBook("binance", "BTCUSDC").freeze(now=5, depth=10)
    assert frozen.flags == (BookFlag.STALE,)
    assert frozen.bids == frozen.asks == ()


def test_deltas_replace_levels_and_zero_removes_them() -> None:
    made = book()
    made.apply(
        pb.MarketEvent(
            received_at=200,
            delta=pb.BookDelta(bids=[level("99.5", "0")], asks=[level("100.25", "0.5"), level("101", "7")]),
        )
    )
    frozen = made.freeze(now=250, depth=10)
    assert frozen.bids == ((parse_atoms("99"), parse_atoms("2")),)
    assert [price for price, _ in frozen.asks] == [parse_atoms("100.25"), parse_atoms("100.5"), parse_atoms("101")]
    assert frozen.asks[2][1] == parse_atoms("7")
    assert frozen.age_ns == 50


def test_best_levels_come_first_and_only_as_many_as_asked_for() -> None:
    frozen = book().freeze(now=100, depth=1)
    assert frozen.bids == ((parse_atoms("99.5"), parse_atoms("1")),)
    assert frozen.asks == ((parse_atoms("100.5"), parse_atoms("3")),)


def test_mid_price_needs_both_sides_and_a_book_to_trust() -> None:
    made = book()
    assert made.best_mid() == parse_atoms("100")
    made.apply(pb.MarketEvent(status=pb.InstrumentStatus(condition=pb.InstrumentStatus.CONDITION_GAP)))
    assert made.best_mid() == 0
    assert made.freeze(now=0, depth=1).flags == (BookFlag.GAP,)


def test_trouble_ends_with_a_snapshot_and_a_lost_stream_is_stale_until_then() -> None:
    made = book()
    made.lose()
    assert made.freeze(now=0, depth=1).flags == (BookFlag.STALE,)
    made.apply(pb.MarketEvent(received_at=1, snapshot=pb.BookSnapshot(bids=[level("1", "1")], asks=[level("2", "1")])))
    assert made.freeze(now=1, depth=1).flags == ()
