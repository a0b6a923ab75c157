"""The call auction: collecting, the price, and the opening; and what time does besides."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.floor import MAKER_PPM, MARKET, SECOND, Floor
from exchange.model_auction import auction_price
from indexmaker.exchange.auction import clearing
from indexmaker.exchange.commands import SetMarketStatus, Tick
from indexmaker.exchange.events import AuctionIndication, Expired, MarketChanged, Ticked, Trade
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import ExpiryReason, MarketStatus, OrderStatus, OrderType, TimeInForce

OPEN, AUCTION = MarketStatus.OPEN, MarketStatus.AUCTION


def collected() -> Floor:
    floor = Floor()
    floor.status(AUCTION)
    floor.buy(1, 5, price=105)
    floor.buy(2, 5, price=103)
    floor.sell(3, 4, price=100)
    floor.sell(2, 4, price=102)
    return floor


def test_orders_that_cross_wait_for_the_opening():
    floor = collected()
    assert floor.book() == ([(105, 5), (103, 5)], [(100, 4), (102, 4)])


def test_all_trade_at_one_price_in_price_time_priority_for_a_makers_fee():
    floor = collected()
    trades = floor.only(Trade, floor.status(OPEN))
    assert [(trade.price, trade.quantity) for trade in trades] == [(103, 4), (103, 1), (103, 3)]
    assert all(trade.auction for trade in trades)
    assert trades[0].maker_fee == 5 * 10**15 * 4 // 5 * MAKER_PPM // 10**6, "the buyer pays in base"
    assert floor.book() == ([(103, 2)], [])


@pytest.mark.parametrize(
    ("bids", "asks", "reference", "price", "lots"),
    [
        ([(10, 5)], [(11, 5)], 10, 0, 0),
        ([(11, 5)], [(10, 5)], 0, 10, 5),
        ([(20, 5)], [(10, 5)], 14, 14, 5),
        ([(20, 9)], [(10, 5)], 14, 20, 5),
        ([(20, 5)], [(10, 9)], 14, 10, 5),
        ([(20, 5), (15, 5)], [(10, 10)], 99, 15, 10),
    ],
)
def test_the_price_trades_most_leaves_least_and_follows_the_pressure(bids, asks, reference, price, lots):
    found = clearing(bids, asks, reference=reference)
    assert (found.price, found.quantity) == (price, lots)


side = st.dictionaries(st.integers(1, 25), st.integers(1, 9), max_size=6)


@given(side, side, st.integers(0, 30))
def test_no_other_price_would_be_better(bids, asks, reference):
    best_bids, best_asks = sorted(bids.items(), reverse=True), sorted(asks.items())
    found = clearing(best_bids, best_asks, reference=reference)
    assert (found.price, found.quantity) == auction_price(best_bids, best_asks, reference=reference)


@pytest.mark.parametrize(
    "fields",
    [
        {"tif": TimeInForce.IOC},
        {"tif": TimeInForce.FOK},
        {"type": OrderType.LIMIT_MAKER},
        {"type": OrderType.MARKET, "price": 0},
    ],
)
def test_an_auction_takes_only_limits_that_rest(fields):
    floor = Floor()
    floor.status(AUCTION)
    assert floor.rejection(floor.buy(1, 1, **{"price": 100, **fields})) is RejectCode.MARKET_IN_AUCTION


def test_a_tick_tells_where_the_auction_stands_and_ends_it_in_time():
    floor = Floor()
    floor.status(AUCTION, ends_in=SECOND)
    floor.buy(1, 5, price=105)
    floor.sell(2, 3, price=100)
    (indication,) = floor.only(AuctionIndication, floor.do(Tick()))
    assert (indication.price, indication.quantity, indication.surplus) == (105, 3, 2)
    floor.now += SECOND
    outputs = floor.do(Tick())
    assert isinstance(outputs[0], Ticked)
    assert outputs[0].auctions == 1
    assert floor.only(MarketChanged, outputs)[0].status is OPEN
    assert floor.only(Trade, outputs)


def test_the_price_of_an_auction_wakes_orders_that_wait_for_it():
    floor = Floor()
    floor.trade_at(100)
    floor.status(AUCTION)
    order_id = floor.sell(1, 1, type=OrderType.STOP_LOSS, stop_price=90)[0].order_id
    floor.buy(2, 5, price=85)
    floor.sell(3, 2, price=85)
    floor.status(OPEN)
    assert floor.order(order_id).status is OrderStatus.FILLED


def test_icebergs_take_part_with_all_they_have_and_keep_their_place():
    floor = Floor()
    floor.status(AUCTION)
    floor.sell(1, 10, price=100, iceberg=2)
    floor.sell(2, 2, price=100)
    floor.buy(3, 9, price=100)
    (trade,) = floor.only(Trade, floor.status(OPEN))
    assert (trade.quantity, floor.book()[1]) == (9, [(100, 3)])


@pytest.mark.parametrize("status", [MarketStatus.OPEN, MarketStatus.HALTED])
def test_only_an_auction_has_an_end(status):
    floor = Floor()
    outputs = floor.do(SetMarketStatus(market=MARKET, status=status, auction_ends_at=floor.now + SECOND))
    assert floor.rejection(outputs) is RejectCode.OUT_OF_RANGE


def test_a_closed_market_lets_orders_go_and_takes_none():
    floor = Floor()
    floor.buy(1, 1, price=100)
    floor.status(MarketStatus.CLOSED)
    assert floor.rejection(floor.buy(1, 1, price=100)) is RejectCode.MARKET_CLOSED
    assert floor.rejection(floor.cancel(1, order_id=1)) is None


def test_an_order_with_a_date_ends_at_the_first_tick_not_before_it():
    floor = Floor()
    floor.buy(1, 1, price=100, tif=TimeInForce.GTD, expires_at=floor.now + SECOND)
    floor.do(Tick())
    assert floor.order(1).is_open
    floor.now += SECOND
    (expired,) = floor.only(Expired, floor.do(Tick()))
    assert expired.reason is ExpiryReason.DATE


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"tif": TimeInForce.GTD}, RejectCode.MALFORMED),
        ({"expires_at": 10**19}, RejectCode.MALFORMED),
        ({"tif": TimeInForce.GTD, "expires_at": 1}, RejectCode.OUT_OF_RANGE),
    ],
)
def test_a_date_must_be_there_and_in_the_future(fields, code):
    assert Floor().rejection(Floor().buy(1, 1, price=100, **fields)) is code
