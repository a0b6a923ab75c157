"""Icebergs show a slice at a time; pegged orders take their price from the book when they enter it."""

from __future__ import annotations

import pytest

from exchange.floor import BASE, BASE_SEED, LOT, Floor
from indexmaker.exchange.commands import MarketFilters
from indexmaker.exchange.events import Accepted, BookDelta, Trade
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import OrderStatus, OrderType, PegPrice, Side, TimeInForce


def test_only_the_slice_shows_while_the_whole_is_held():
    floor = Floor()
    floor.sell(1, 10, price=100, iceberg=3)
    assert floor.book()[1] == [(100, 3)]
    assert floor.engine.balance(1, BASE) == (BASE_SEED - 10 * LOT, 10 * LOT)


def test_the_next_slice_goes_to_the_end_of_the_queue():
    floor = Floor()
    floor.sell(1, 10, price=100, iceberg=3)
    floor.sell(2, 4, price=100)
    trades = floor.only(Trade, floor.buy(3, 9, price=100))
    assert [(trade.maker_account, trade.quantity) for trade in trades] == [(1, 3), (2, 4), (1, 2)]
    assert floor.book()[1] == [(100, 1)]


def test_the_last_slice_is_what_is_left():
    floor = Floor()
    floor.sell(1, 7, price=100, iceberg=3)
    outputs = floor.buy(3, 6, price=100)
    assert [trade.quantity for trade in floor.only(Trade, outputs)] == [3, 3]
    assert floor.only(BookDelta, outputs)[0].asks == ((100, 1),)


def test_a_fill_or_kill_order_counts_what_icebergs_hide():
    floor = Floor()
    floor.sell(1, 10, price=100, iceberg=1)
    floor.buy(2, 10, price=100, tif=TimeInForce.FOK)
    assert floor.order(1).status is OrderStatus.FILLED


def test_an_iceberg_that_takes_trades_with_all_it_has():
    floor = Floor()
    floor.sell(1, 8, price=100)
    (trade,) = floor.only(Trade, floor.buy(2, 10, price=100, iceberg=1))
    assert trade.quantity == 8
    assert floor.book() == ([(100, 1)], [])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"iceberg": 10}, None),
        ({"iceberg": 11}, RejectCode.ICEBERG_EXCEEDS_QUANTITY),
        ({"iceberg": 2}, None),
        ({"iceberg": 1}, RejectCode.ICEBERG_PARTS),
        ({"iceberg": 5, "tif": TimeInForce.IOC}, RejectCode.MALFORMED),
        ({"iceberg": 5, "type": OrderType.MARKET, "price": 0}, RejectCode.MALFORMED),
    ],
)
def test_the_size_and_number_of_slices_are_limited(fields, code):
    floor = Floor(MarketFilters(max_iceberg_parts=5))
    outputs = floor.do(floor.request(1, Side.BUY, 10, **{"price": 100, **fields}))
    assert floor.rejection(outputs) is code


@pytest.mark.parametrize(
    ("side", "peg", "offset", "price"),
    [
        (Side.BUY, PegPrice.PRIMARY, 0, 99),
        (Side.BUY, PegPrice.PRIMARY, 1, 95),
        (Side.BUY, PegPrice.MARKET, 0, 101),
        (Side.SELL, PegPrice.PRIMARY, 1, 110),
        (Side.SELL, PegPrice.MARKET, 1, 95),
        (Side.SELL, PegPrice.MARKET, 2, None),
    ],
)
def test_a_peg_names_a_level_of_the_book(side, peg, offset, price):
    floor = Floor()
    for bid, ask in ((99, 101), (95, 110)):
        floor.buy(2, 5, price=bid)
        floor.sell(2, 5, price=ask)
    request = floor.request(1, side, 1, type=OrderType.LIMIT, peg=peg, peg_offset=offset)
    answer = floor.do(request)[0]
    if price is None:
        assert floor.rejection([answer]) is RejectCode.NO_PEG_PRICE
    else:
        assert isinstance(answer, Accepted)
        assert answer.price == price


def test_a_pegged_order_does_not_follow_the_market():
    floor = Floor()
    floor.buy(2, 5, price=99)
    floor.do(floor.request(1, Side.BUY, 1, type=OrderType.LIMIT, peg=PegPrice.PRIMARY))
    floor.buy(2, 5, price=100)
    assert floor.book()[0] == [(100, 5), (99, 6)]
