"""Each filter with an order that just passes and one that just fails."""

from __future__ import annotations

import pytest

from exchange.floor import MARKET, SECOND, Floor
from indexmaker.exchange.commands import MarketFilters, SetMarketFilters
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import OrderType, TimeInForce

REFERENCE = 1000
BY_SIDE = MarketFilters(bid_up_ppm=1_200_000, bid_down_ppm=500_000, ask_up_ppm=2_000_000, ask_down_ppm=800_000)


@pytest.mark.parametrize(
    ("filters", "order", "code"),
    [
        (MarketFilters(min_price=10), {"price": 10}, None),
        (MarketFilters(min_price=10), {"price": 9}, RejectCode.PRICE_FILTER),
        (MarketFilters(max_price=10), {"price": 10}, None),
        (MarketFilters(max_price=10), {"price": 11}, RejectCode.PRICE_FILTER),
        (BY_SIDE, {"price": 1200}, None),
        (BY_SIDE, {"price": 1201}, RejectCode.PERCENT_PRICE_BY_SIDE),
        (BY_SIDE, {"price": 500}, None),
        (BY_SIDE, {"price": 499}, RejectCode.PERCENT_PRICE_BY_SIDE),
        (BY_SIDE, {"price": 2000, "sell": True}, None),
        (BY_SIDE, {"price": 2001, "sell": True}, RejectCode.PERCENT_PRICE_BY_SIDE),
        (BY_SIDE, {"price": 800, "sell": True}, None),
        (BY_SIDE, {"price": 799, "sell": True}, RejectCode.PERCENT_PRICE_BY_SIDE),
        (MarketFilters(min_quantity=5), {"quantity": 5}, None),
        (MarketFilters(min_quantity=5), {"quantity": 4}, RejectCode.LOT_SIZE),
        (MarketFilters(max_quantity=5), {"quantity": 5}, None),
        (MarketFilters(max_quantity=5), {"quantity": 6}, RejectCode.LOT_SIZE),
        (MarketFilters(max_quantity=5), {"quantity": 6, "price": 0}, RejectCode.LOT_SIZE),
        (MarketFilters(market_min_quantity=5), {"quantity": 5, "price": 0}, None),
        (MarketFilters(market_min_quantity=5), {"quantity": 4, "price": 0}, RejectCode.MARKET_LOT_SIZE),
        (MarketFilters(market_max_quantity=5), {"quantity": 5, "price": 0}, None),
        (MarketFilters(market_max_quantity=5), {"quantity": 6, "price": 0}, RejectCode.MARKET_LOT_SIZE),
        (MarketFilters(market_max_quantity=5), {"quantity": 6}, None),
        (MarketFilters(market_step=3), {"quantity": 6, "price": 0}, None),
        (MarketFilters(market_step=3), {"quantity": 7, "price": 0}, RejectCode.MARKET_LOT_SIZE),
        (MarketFilters(min_notional=2000), {"quantity": 2}, None),
        (MarketFilters(min_notional=2001), {"quantity": 2}, RejectCode.NOTIONAL),
        (MarketFilters(max_notional=2000), {"quantity": 2}, None),
        (MarketFilters(max_notional=1999), {"quantity": 2}, RejectCode.NOTIONAL),
        (MarketFilters(min_notional=2000), {"quantity": 2, "price": 0}, None),
        (MarketFilters(min_notional=2001), {"quantity": 2, "price": 0}, RejectCode.NOTIONAL),
        (MarketFilters(min_notional=2001, min_notional_for_market=False), {"quantity": 2, "price": 0}, None),
        (MarketFilters(max_notional=1999), {"quantity": 2, "price": 0}, None),
        (
            MarketFilters(max_notional=1999, max_notional_for_market=True),
            {"quantity": 2, "price": 0},
            RejectCode.NOTIONAL,
        ),
        (MarketFilters(min_notional=50), {"quantity": 0, "price": 0, "quote_amount": 50}, None),
        (MarketFilters(min_notional=50), {"quantity": 0, "price": 0, "quote_amount": 49}, RejectCode.NOTIONAL),
    ],
)
def test_a_filter_passes_its_limit_and_fails_beyond(filters, order, code):
    floor = Floor(filters, reference=REFERENCE)
    order = {"price": REFERENCE, "quantity": 1, **order}
    place = floor.sell if order.pop("sell", False) else floor.buy
    assert floor.rejection(place(1, **order)) is code


def test_open_orders_are_counted_per_account_and_a_cancel_makes_room():
    floor = Floor(MarketFilters(max_orders=2))
    floor.buy(1, 1, price=10)
    floor.buy(1, 1, price=11)
    assert floor.rejection(floor.buy(1, 1, price=12)) is RejectCode.MAX_NUM_ORDERS
    assert floor.rejection(floor.sell(1, 1, price=99, type=OrderType.LIMIT_MAKER)) is RejectCode.MAX_NUM_ORDERS
    assert floor.rejection(floor.buy(2, 1, price=12)) is None
    floor.cancel(1, order_id=1)
    assert floor.rejection(floor.buy(1, 1, price=12)) is None


def test_orders_that_cannot_rest_are_not_counted():
    floor = Floor(MarketFilters(max_orders=1))
    floor.buy(1, 1, price=10)
    assert floor.rejection(floor.buy(1, 1, price=10, tif=TimeInForce.IOC)) is None
    assert floor.rejection(floor.buy(1, 1)) is None


def trade_at(floor: Floor, price: int, quantity: int = 1) -> None:
    floor.sell(1, quantity, price=price)
    floor.buy(2, quantity, price=price)


def test_the_reference_is_the_average_of_the_last_minutes_weighted_by_quantity():
    floor = Floor(MarketFilters(bid_up_ppm=1_000_000, average_minutes=5), reference=1)
    floor.do(SetMarketFilters(market=MARKET, filters=MarketFilters(average_minutes=5)))
    trade_at(floor, 100, quantity=3)
    floor.now += 60 * SECOND
    trade_at(floor, 200, quantity=1)
    floor.do(SetMarketFilters(market=MARKET, filters=MarketFilters(bid_up_ppm=1_000_000, average_minutes=5)))
    assert floor.rejection(floor.buy(3, 1, price=125)) is None
    assert floor.rejection(floor.buy(3, 1, price=126)) is RejectCode.PERCENT_PRICE_BY_SIDE
    floor.now += 245 * SECOND
    assert floor.rejection(floor.buy(3, 1, price=200)) is None, "the trades at 100 are too old now"


def test_without_trades_in_the_window_the_last_price_is_the_reference():
    floor = Floor(MarketFilters(bid_up_ppm=2_000_000, average_minutes=1))
    trade_at(floor, 100)
    floor.now += 3600 * SECOND
    assert floor.rejection(floor.buy(3, 1, price=200)) is None
    assert floor.rejection(floor.buy(3, 1, price=201)) is RejectCode.PERCENT_PRICE_BY_SIDE


def test_a_market_without_any_price_passes_percent_price_and_market_notional():
    floor = Floor(MarketFilters(bid_up_ppm=1, min_notional=10))
    assert floor.rejection(floor.buy(1, 1, price=10**6)) is None
    assert floor.rejection(floor.buy(1, 1)) is None


def test_new_filters_do_not_touch_resting_orders():
    floor = Floor()
    floor.buy(1, 1, price=10)
    floor.do(SetMarketFilters(market=MARKET, filters=MarketFilters(min_price=50)))
    assert floor.rejection(floor.buy(1, 1, price=10)) is RejectCode.PRICE_FILTER
    assert floor.book()[0] == [(10, 1)]
