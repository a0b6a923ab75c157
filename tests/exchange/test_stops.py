"""Orders that wait for a price: what triggers them, in which order, and what may go wrong then."""

from __future__ import annotations

import pytest

from exchange.floor import BASE, BASE_SEED, LOT, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange.commands import MarketFilters
from indexmaker.exchange.events import Accepted, Activated, Expired, Trade
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import Activation, ExpiryReason, OrderStatus, OrderType, Side, TimeInForce

STOP, STOP_LIMIT = OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT
TAKE, TAKE_LIMIT = OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT


def opened(**more) -> Floor:
    """A floor that last traded at 100, with deep and distant books."""
    floor = Floor(**more)
    floor.trade_at(100)
    floor.buy(2, 500, price=50)
    floor.sell(2, 500, price=150)
    return floor


@pytest.mark.parametrize(
    ("kind", "side", "stop", "sleeps_at", "wakes_at"),
    [
        (STOP, Side.BUY, 110, 109, 110),
        (STOP, Side.SELL, 90, 91, 90),
        (TAKE, Side.SELL, 110, 109, 110),
        (TAKE, Side.BUY, 90, 91, 90),
        (STOP, Side.BUY, 110, 109, 120),
        (TAKE, Side.BUY, 90, 91, 80),
    ],
)
def test_the_side_and_the_kind_say_from_where_the_price_must_come(kind, side, stop, sleeps_at, wakes_at):
    floor = opened()
    accepted = floor.do(floor.request(1, side, 3, type=kind, stop_price=stop))[0]
    assert isinstance(accepted, Accepted)
    order = floor.order(accepted.order_id)
    floor.trade_at(sleeps_at)
    assert (order.status, order.working_at) == (OrderStatus.NEW, 0)
    floor.trade_at(wakes_at)
    assert order.status is OrderStatus.FILLED


@pytest.mark.parametrize(
    ("kind", "side", "stop"),
    [(STOP, Side.BUY, 100), (STOP, Side.SELL, 100), (TAKE, Side.BUY, 100), (TAKE, Side.SELL, 100)],
)
def test_an_order_whose_price_is_reached_already_is_refused(kind, side, stop):
    floor = opened()
    assert floor.rejection(floor.do(floor.request(1, side, 1, type=kind, stop_price=stop))) is RejectCode.WOULD_TRIGGER


def test_a_triggered_limit_rests_at_its_price_behind_those_that_were_there():
    floor = opened()
    floor.do(floor.request(1, Side.BUY, 3, price=105, type=STOP_LIMIT, stop_price=110))
    floor.buy(2, 1, price=105)
    floor.sell(3, 1, price=105)
    floor.buy(2, 1, price=105)
    floor.trade_at(110)
    (trade,) = floor.only(Trade, floor.sell(3, 1, price=105))
    assert trade.maker_account == 2
    (trade,) = floor.only(Trade, floor.sell(3, 1, price=105))
    assert trade.maker_account == 1


def test_a_waiting_order_holds_its_money_and_gives_it_back_on_cancel():
    floor = opened()
    accepted = floor.sell(1, 4, type=STOP, stop_price=90)[0]
    assert floor.engine.balance(1, BASE) == (BASE_SEED - 4 * LOT, 4 * LOT)
    floor.cancel(1, order_id=accepted.order_id)
    assert floor.engine.balance(1, BASE) == (BASE_SEED, 0)
    floor.trade_at(80)
    assert floor.order(accepted.order_id).status is OrderStatus.CANCELED


def test_a_stop_buy_without_a_limit_takes_what_it_costs_above_its_stop_from_the_balance():
    floor = opened()
    floor.buy(1, 2, type=STOP, stop_price=110)
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 220, 220)
    floor.trade_at(110)
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 300, 0)


def test_a_stop_buy_that_has_become_too_dear_expires():
    floor = Floor(seeds={1: (1, 250), 2: (BASE_SEED, QUOTE_SEED), 3: (BASE_SEED, QUOTE_SEED)})
    floor.trade_at(100)
    floor.sell(2, 500, price=150)
    order_id = floor.buy(1, 2, type=STOP, stop_price=110)[0].order_id
    floor.sell(2, 1, price=110)
    outputs = floor.buy(3, 1, price=110)
    assert [(event.order_id, event.reason) for event in floor.only(Expired, outputs)] == [
        (order_id, ExpiryReason.INSUFFICIENT_BALANCE)
    ]
    assert floor.engine.balance(1, QUOTE) == (250, 0)


def test_orders_wake_by_the_prices_of_a_sweep_and_then_by_their_age():
    floor = opened()
    late = floor.sell(1, 1, type=STOP, stop_price=80)[0].order_id
    early = floor.sell(1, 1, type=STOP, stop_price=90)[0].order_id
    same = floor.sell(1, 1, type=STOP, stop_price=90)[0].order_id
    for price in (90, 80):
        floor.buy(3, 1, price=price)
    outputs = floor.sell(2, 2, price=80)
    assert [event.order_id for event in floor.only(Activated, outputs)] == [early, same, late]


def test_one_triggered_order_may_trigger_the_next_in_the_same_command():
    floor = Floor()
    floor.trade_at(100)
    for price in (90, 80, 70, 60):
        floor.buy(3, 1, price=price)
    ids = [floor.sell(1, 1, type=STOP, stop_price=stop)[0].order_id for stop in (90, 80, 70)]
    outputs = floor.sell(2, 1, price=90)
    assert [event.order_id for event in floor.only(Activated, outputs)] == ids
    assert [trade.price for trade in floor.only(Trade, outputs)] == [90, 80, 70, 60]
    assert all(event.cause is Activation.TRIGGERED for event in floor.only(Activated, outputs))


def test_filters_are_checked_again_when_the_order_is_triggered():
    floor = Floor(MarketFilters(bid_up_ppm=1_200_000, average_minutes=0), reference=100)
    floor.trade_at(100)
    order_id = floor.buy(1, 1, price=119, type=TAKE_LIMIT, stop_price=60)[0].order_id
    floor.trade_at(60)
    assert floor.order(order_id).status is OrderStatus.EXPIRED


@pytest.mark.parametrize("tif", [TimeInForce.IOC, TimeInForce.FOK])
def test_a_triggered_limit_obeys_its_time_in_force(tif):
    floor = opened()
    order_id = floor.buy(1, 3, price=120, type=STOP_LIMIT, stop_price=110, tif=tif)[0].order_id
    floor.trade_at(110)
    assert floor.order(order_id).status is OrderStatus.EXPIRED
    assert floor.book()[0] == [(50, 500)]


def test_a_trailing_sell_follows_the_highest_price_and_sells_when_it_has_fallen_by_the_delta():
    floor = opened()
    order_id = floor.sell(1, 1, type=STOP, trailing_delta=1000)[0].order_id
    floor.trade_at(120, 109)
    assert floor.order(order_id).working_at == 0
    floor.trade_at(108)
    assert floor.order(order_id).status is OrderStatus.FILLED


def test_a_trailing_buy_with_a_stop_price_ignores_what_happens_before_the_stop_price():
    floor = opened()
    order_id = floor.buy(1, 1, price=145, type=STOP_LIMIT, stop_price=110, trailing_delta=500)[0].order_id
    floor.trade_at(90, 100, 109, 110, 105)
    assert floor.order(order_id).working_at == 0, "the lowest price since 110 is 105"
    floor.trade_at(110)
    assert floor.order(order_id).working_at == 0, "105 and 5 % is 110.25"
    floor.trade_at(111)
    assert floor.order(order_id).working_at != 0


def test_without_any_trade_a_trailing_order_starts_at_the_first():
    floor = Floor()
    floor.buy(2, 5, price=50)
    order_id = floor.sell(1, 1, type=STOP, trailing_delta=1000)[0].order_id
    floor.trade_at(60, 55)
    assert floor.order(order_id).working_at == 0
    floor.trade_at(54)
    assert floor.order(order_id).status is OrderStatus.FILLED


@pytest.mark.parametrize(
    "fields",
    [
        {"type": STOP},
        {"type": STOP, "stop_price": 90, "price": 90},
        {"type": STOP, "trailing_delta": 0},
        {"price": 90, "stop_price": 90},
        {"price": 90, "trailing_delta": 100},
    ],
)
def test_fields_that_do_not_belong_to_the_type_are_refused(fields):
    floor = opened()
    assert floor.rejection(floor.do(floor.request(1, Side.SELL, 1, **fields))) is RejectCode.MALFORMED
