"""Limits on numbers, positions, trailing deltas and the range of prices, each just kept and just broken."""

from __future__ import annotations

import pytest

from exchange.floor import Floor
from indexmaker.exchange.commands import ExchangeLimits, MarketFilters, SetExchangeLimits
from indexmaker.exchange.events import Expired, Trade
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import ExpiryReason, OrderType, Side

STOP = {"type": OrderType.STOP_LOSS, "stop_price": 90}
ICEBERG = {"price": 200, "iceberg": 1}
PLAIN = {"price": 200}


@pytest.mark.parametrize(
    ("field", "order", "here", "everywhere"),
    [
        ("max_orders", PLAIN, RejectCode.MAX_NUM_ORDERS, RejectCode.EXCHANGE_MAX_NUM_ORDERS),
        ("max_orders", STOP, RejectCode.MAX_NUM_ORDERS, RejectCode.EXCHANGE_MAX_NUM_ORDERS),
        ("max_algo_orders", STOP, RejectCode.MAX_NUM_ALGO_ORDERS, RejectCode.EXCHANGE_MAX_NUM_ALGO_ORDERS),
        ("max_iceberg_orders", ICEBERG, RejectCode.MAX_NUM_ICEBERG_ORDERS, RejectCode.EXCHANGE_MAX_NUM_ICEBERG_ORDERS),
    ],
)
def test_an_account_may_have_so_many_open_orders_of_a_kind(field, order, here, everywhere):
    floor = Floor(MarketFilters(**{field: 2}))
    assert [floor.rejection(floor.sell(1, 2, **order)) for _ in range(3)] == [None, None, here]
    assert floor.rejection(floor.sell(2, 2, **order)) is None, "others have their own"
    floor = Floor()
    floor.do(SetExchangeLimits(limits=ExchangeLimits(**{field: 2})))
    assert [floor.rejection(floor.sell(1, 2, **order)) for _ in range(3)] == [None, None, everywhere]


def test_limits_on_kinds_do_not_concern_other_kinds():
    floor = Floor(MarketFilters(max_algo_orders=1, max_iceberg_orders=1))
    for order in (STOP, ICEBERG, PLAIN, PLAIN):
        assert floor.rejection(floor.sell(1, 2, **order)) is None


def test_a_position_counts_what_is_owned_and_what_is_being_bought():
    floor = Floor(MarketFilters(max_position=10), seeds={1: (4 * 10**15, 10**9), 2: (10**18, 10**9)})
    assert floor.rejection(floor.buy(1, 7, price=100)) is RejectCode.MAX_POSITION
    assert floor.rejection(floor.buy(1, 4, price=100)) is None
    assert floor.rejection(floor.buy(1, 3, price=100)) is RejectCode.MAX_POSITION
    assert floor.rejection(floor.buy(1, 2, price=100)) is None
    assert floor.rejection(floor.sell(1, 3, price=200)) is None, "selling is free"


@pytest.mark.parametrize(
    ("kind", "side", "delta", "code"),
    [
        (OrderType.STOP_LOSS, Side.BUY, 10, None),
        (OrderType.STOP_LOSS, Side.BUY, 9, RejectCode.TRAILING_DELTA),
        (OrderType.TAKE_PROFIT, Side.SELL, 100, None),
        (OrderType.TAKE_PROFIT, Side.SELL, 101, RejectCode.TRAILING_DELTA),
        (OrderType.STOP_LOSS, Side.SELL, 20, None),
        (OrderType.STOP_LOSS, Side.SELL, 19, RejectCode.TRAILING_DELTA),
        (OrderType.TAKE_PROFIT, Side.BUY, 200, None),
        (OrderType.TAKE_PROFIT, Side.BUY, 201, RejectCode.TRAILING_DELTA),
    ],
)
def test_a_trailing_delta_is_limited_by_the_side_that_it_waits_for(kind, side, delta, code):
    filters = MarketFilters(
        min_trailing_above=10, max_trailing_above=100, min_trailing_below=20, max_trailing_below=200
    )
    floor = Floor(filters)
    assert floor.rejection(floor.do(floor.request(1, side, 1, type=kind, trailing_delta=delta))) is code


@pytest.mark.parametrize(
    ("price", "code"), [(1200, None), (1201, RejectCode.PERCENT_PRICE), (800, None), (799, RejectCode.PERCENT_PRICE)]
)
@pytest.mark.parametrize("side", list(Side))
def test_the_price_of_either_side_must_be_near_the_average(price, code, side):
    floor = Floor(MarketFilters(up_ppm=1_200_000, down_ppm=800_000), reference=1000)
    assert floor.rejection(floor.do(floor.request(1, side, 1, price=price))) is code


@pytest.mark.parametrize("price", [0, 130])
def test_what_would_trade_outside_the_price_range_expires(price):
    floor = Floor(MarketFilters(range_up_ppm=1_100_000, range_down_ppm=900_000, average_minutes=0), reference=100)
    floor.sell(1, 2, price=110)
    floor.sell(1, 2, price=111)
    outputs = floor.buy(2, 4, price=price)
    assert [(trade.price, trade.quantity) for trade in floor.only(Trade, outputs)] == [(110, 2)]
    assert floor.only(Expired, outputs)[0].reason is ExpiryReason.PRICE_RANGE


def test_a_limit_beyond_the_range_rests_when_nothing_is_there_to_trade_with():
    floor = Floor(MarketFilters(range_up_ppm=1_100_000, range_down_ppm=900_000), reference=100)
    floor.buy(1, 1, price=150)
    assert floor.book()[0] == [(150, 1)]
    floor.sell(2, 1, price=80)
    assert floor.book() == ([], []), "the maker's price of 150 is above the range's lower end"
