"""Orders that depend on each other: OCO, OTO and OTOCO."""

from __future__ import annotations

import pytest

from exchange.floor import BASE, BASE_SEED, LOT, MARKET, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange.commands import CancelList, ExchangeLimits, MarketFilters, PlaceList, SetExchangeLimits
from indexmaker.exchange.events import Activated, Cancelled, Expired, ListChanged
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import ListStatus, OrderStatus, OrderType, Side, TimeInForce

STOP, MAKER = OrderType.STOP_LOSS, OrderType.LIMIT_MAKER


def opened(filters: MarketFilters | None = None) -> Floor:
    floor = Floor(filters)
    floor.trade_at(100)
    floor.buy(2, 500, price=50)
    return floor


def pair(floor: Floor, *, side: Side = Side.SELL, gain: int = 120, stop: int = 80, quantity: int = 4):
    return (
        floor.request(1, side, quantity, price=gain, type=MAKER),
        floor.request(1, side, quantity, type=STOP, stop_price=stop),
    )


def place(floor: Floor, orders, working=None, name: str = "list"):
    return floor.do(PlaceList(account=1, market=MARKET, client_list_id=name, orders=tuple(orders), working=working))


def statuses(floor: Floor) -> list[OrderStatus]:
    return [order.status for order in floor.engine.all_orders(1)]


def test_two_alternatives_hold_the_money_of_one():
    floor = opened()
    outputs = place(floor, pair(floor))
    assert isinstance(outputs[0], ListChanged)
    assert floor.engine.balance(1, BASE) == (BASE_SEED - 4 * LOT, 4 * LOT)
    assert [order.working_at != 0 for order in floor.engine.open_orders(1)] == [True, False]


def test_alternatives_of_a_buyer_hold_what_the_dearer_needs():
    floor = opened()
    place(floor, pair(floor, side=Side.BUY, gain=90, stop=130))
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 4 * 130, 4 * 130)
    floor.sell(3, 1, price=90)
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 4 * 90, 3 * 90), "the dearer alternative is gone"


def test_the_first_trade_of_one_ends_the_other():
    floor = opened()
    place(floor, pair(floor))
    outputs = floor.buy(3, 1, price=120)
    assert statuses(floor) == [OrderStatus.PARTIALLY_FILLED, OrderStatus.EXPIRED]
    assert not floor.only(ListChanged, outputs), "the rest of the first goes on"
    (changed,) = floor.only(ListChanged, floor.buy(3, 3, price=120))
    assert changed.status is ListStatus.ALL_DONE


def test_the_trigger_of_one_ends_the_other():
    floor = opened()
    place(floor, pair(floor))
    floor.trade_at(80)
    assert statuses(floor) == [OrderStatus.EXPIRED, OrderStatus.FILLED]
    assert floor.engine.balance(1, BASE) == (BASE_SEED - 4 * LOT, 0)


def test_cancelling_one_order_cancels_the_list():
    floor = opened()
    place(floor, pair(floor))
    first = floor.engine.open_orders(1)[1]
    outputs = floor.cancel(1, order_id=first.order_id)
    assert len(floor.only(Cancelled, outputs)) == 2
    assert floor.engine.balance(1, BASE) == (BASE_SEED, 0)
    assert not floor.engine.order_lists(1)[0].is_open


@pytest.mark.parametrize("name", [{"list_id": 1}, {"client_list_id": "list"}])
def test_a_list_is_cancelled_by_either_of_its_names(name):
    floor = opened()
    place(floor, pair(floor))
    outputs = floor.do(CancelList(account=1, market=MARKET, **name))
    assert isinstance(outputs[0], ListChanged)
    assert outputs[0].status is ListStatus.ALL_DONE
    again = floor.do(CancelList(account=1, market=MARKET, **name))
    assert floor.rejection(again) is RejectCode.UNKNOWN_ORDER_LIST


@pytest.mark.parametrize(
    ("gain", "stop", "code"),
    [
        (101, 99, None),
        (100, 99, RejectCode.LIST_PRICES),
        (101, 100, RejectCode.LIST_PRICES),
        (80, 120, RejectCode.LIST_PRICES),
    ],
)
def test_the_last_price_must_lie_between_the_alternatives(gain, stop, code):
    floor = opened()
    assert floor.rejection(place(floor, pair(floor, gain=gain, stop=stop))) is code


def test_alternatives_must_be_a_gain_and_a_loss_of_one_side_and_size():
    floor = opened()
    gain, stop = pair(floor)
    other_size = floor.request(1, Side.SELL, 5, type=STOP, stop_price=80)
    other_side = floor.request(1, Side.BUY, 4, type=STOP, stop_price=130)
    for orders in ((gain, gain), (stop, other_size), (gain, other_size), (gain, other_side)):
        assert floor.rejection(place(floor, orders)) is RejectCode.UNSUPPORTED_COMBINATION
    assert floor.rejection(place(floor, (gain,))) is RejectCode.MALFORMED


def test_an_order_that_waits_for_another_holds_nothing_and_comes_when_the_other_has_filled():
    floor = opened()
    working = floor.request(1, Side.BUY, 4, price=90)
    place(floor, [floor.request(1, Side.SELL, 4, price=120)], working)
    assert statuses(floor) == [OrderStatus.NEW, OrderStatus.PENDING_NEW]
    floor.sell(3, 3, price=90)
    assert statuses(floor)[1] is OrderStatus.PENDING_NEW, "not before it has filled whole"
    assert floor.engine.balance(1, BASE)[1] == 0
    outputs = floor.sell(3, 1, price=90)
    assert [event.working for event in floor.only(Activated, outputs)] == [True]
    assert floor.book()[1] == [(120, 4)]


def test_a_working_order_that_fills_at_once_lets_the_next_follow_in_the_same_command():
    floor = opened()
    floor.sell(3, 4, price=90)
    working = floor.request(1, Side.BUY, 4, price=90)
    outputs = place(floor, [floor.request(1, Side.SELL, 4)], working)
    assert statuses(floor) == [OrderStatus.FILLED, OrderStatus.FILLED]
    assert [event.status for event in floor.only(ListChanged, outputs)] == list(ListStatus)


def test_what_waits_for_an_order_ends_with_it():
    floor = opened()
    working = floor.request(1, Side.BUY, 4, price=90, tif=TimeInForce.IOC)
    outputs = place(floor, pair(floor), working)
    assert len(floor.only(Expired, outputs)) == 3
    place(floor, pair(floor), floor.request(1, Side.BUY, 4, price=90), name="other")
    outputs = floor.cancel(1, order_id=floor.engine.open_orders(1)[0].order_id)
    assert len(floor.only(Cancelled, outputs)) == 3


def test_an_otoco_enters_its_alternatives_together():
    floor = opened()
    place(floor, pair(floor), floor.request(1, Side.BUY, 4, price=90))
    floor.sell(3, 4, price=90)
    assert statuses(floor) == [OrderStatus.FILLED, OrderStatus.NEW, OrderStatus.NEW]
    floor.trade_at(80)
    assert statuses(floor) == [OrderStatus.FILLED, OrderStatus.EXPIRED, OrderStatus.FILLED]


def test_alternatives_that_come_too_late_expire():
    floor = opened()
    floor.buy(3, 9, price=70)
    place(floor, pair(floor), floor.request(1, Side.BUY, 4, price=60))
    floor.sell(3, 13, price=60)
    assert statuses(floor) == [OrderStatus.FILLED, OrderStatus.EXPIRED, OrderStatus.EXPIRED]


def test_a_list_is_entered_whole_or_not_at_all():
    floor = opened()
    before = floor.engine.dump()
    gain, _ = pair(floor)
    too_much = floor.request(1, Side.BUY, 10**8, price=10**6)
    assert floor.rejection(place(floor, [gain], too_much)) is RejectCode.INSUFFICIENT_BALANCE
    assert floor.engine.dump() == before


def test_lists_count_as_one_and_their_orders_as_many():
    floor = opened(MarketFilters(max_orders=3, max_order_lists=2))
    place(floor, pair(floor))
    assert floor.rejection(place(floor, pair(floor), name="b")) is RejectCode.MAX_NUM_ORDERS
    floor = opened(MarketFilters(max_order_lists=1))
    place(floor, pair(floor))
    assert floor.rejection(place(floor, pair(floor), name="b")) is RejectCode.MAX_NUM_ORDER_LISTS
    floor = opened()
    floor.do(SetExchangeLimits(limits=ExchangeLimits(max_order_lists=1)))
    place(floor, pair(floor))
    assert floor.rejection(place(floor, pair(floor), name="b")) is RejectCode.EXCHANGE_MAX_NUM_ORDER_LISTS
    assert floor.rejection(place(floor, pair(floor))) is RejectCode.DUPLICATE_CLIENT_ORDER_ID
