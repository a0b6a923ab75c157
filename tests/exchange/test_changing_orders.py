"""Amendments keep the place in the queue; cancel-replace gives it up."""

from __future__ import annotations

import pytest

from exchange.floor import MARKET, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange.commands import AmendOrder, CancelOrder, CancelReplace, MarketFilters
from indexmaker.exchange.events import Accepted, Amended, Cancelled, Rejected, Replaced, Trade
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import ReplaceMode, ReplaceResult, Side

SUCCESS, FAILURE, NOT_ATTEMPTED = ReplaceResult.SUCCESS, ReplaceResult.FAILURE, ReplaceResult.NOT_ATTEMPTED


def amend(floor: Floor, quantity: int, **more):
    return floor.do(AmendOrder(account=1, market=MARKET, quantity=quantity, **{"order_id": 1, **more}))


def test_an_amended_order_keeps_its_place_and_frees_its_money():
    floor = Floor()
    floor.buy(1, 5, price=100)
    floor.buy(2, 5, price=100)
    (amended,) = floor.only(Amended, amend(floor, 2))
    assert (amended.old_quantity, amended.quantity, amended.remaining) == (5, 2, 2)
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 200, 200)
    trades = floor.only(Trade, floor.sell(3, 3, price=100))
    assert [(trade.maker_account, trade.quantity) for trade in trades] == [(1, 2), (2, 1)]


@pytest.mark.parametrize(("quantity", "code"), [(4, None), (3, None), (2, RejectCode.AMEND_RESTRICTED)])
def test_an_amendment_must_leave_something_to_do(quantity, code):
    floor = Floor()
    floor.buy(1, 5, price=100)
    floor.sell(2, 2, price=100)
    assert floor.rejection(amend(floor, quantity)) is code


@pytest.mark.parametrize("quantity", [5, 6, 0])
def test_an_amendment_must_be_smaller(quantity):
    floor = Floor()
    floor.buy(1, 5, price=100)
    assert floor.rejection(amend(floor, quantity)) is RejectCode.AMEND_RESTRICTED


def test_an_amendment_may_rename_and_is_filtered_and_counted():
    floor = Floor(MarketFilters(min_quantity=2, max_amends=1))
    floor.buy(1, 5, price=100, client_id="old")
    floor.buy(1, 5, price=100, client_id="other")
    assert floor.rejection(amend(floor, 1)) is RejectCode.LOT_SIZE
    taken = amend(floor, 4, new_client_order_id="other")
    assert floor.rejection(taken) is RejectCode.DUPLICATE_CLIENT_ORDER_ID
    (amended,) = floor.only(Amended, amend(floor, 4, new_client_order_id="new"))
    assert (amended.old_client_order_id, amended.client_order_id) == ("old", "new")
    assert floor.rejection(amend(floor, 3)) is RejectCode.MAX_NUM_ORDER_AMENDS
    assert floor.rejection(floor.cancel(1, client_order_id="old")) is RejectCode.UNKNOWN_ORDER
    assert floor.rejection(floor.cancel(1, client_order_id="new")) is None


def test_an_amended_iceberg_shows_no_more_than_is_left():
    floor = Floor()
    floor.sell(1, 10, price=100, iceberg=3)
    amend(floor, 4)
    assert floor.book()[1] == [(100, 3)]
    assert floor.rejection(amend(floor, 2)) is RejectCode.ICEBERG_EXCEEDS_QUANTITY


def replace(floor: Floor, *, order_id: int, mode: ReplaceMode, quantity: int = 1, client_id: str = ""):
    place = floor.request(1, Side.BUY, quantity, price=99, client_id=client_id)
    return floor.do(
        CancelReplace(cancel=CancelOrder(account=1, market=MARKET, order_id=order_id), place=place, mode=mode)
    )


@pytest.mark.parametrize(
    ("order_id", "quantity", "mode", "results"),
    [
        (1, 1, ReplaceMode.STOP_ON_FAILURE, (SUCCESS, SUCCESS)),
        (9, 1, ReplaceMode.STOP_ON_FAILURE, (FAILURE, NOT_ATTEMPTED)),
        (9, 1, ReplaceMode.ALLOW_FAILURE, (FAILURE, SUCCESS)),
        (1, 10**9, ReplaceMode.STOP_ON_FAILURE, (SUCCESS, FAILURE)),
        (9, 10**9, ReplaceMode.ALLOW_FAILURE, (FAILURE, FAILURE)),
    ],
)
def test_both_halves_of_a_cancel_replace_are_told(order_id, quantity, mode, results):
    floor = Floor()
    floor.buy(1, 1, price=100)
    outputs = replace(floor, order_id=order_id, quantity=quantity, mode=mode)
    assert isinstance(outputs[0], Replaced)
    assert (outputs[0].cancel, outputs[0].place) == results
    assert len(floor.only(Cancelled, outputs)) == (results[0] is SUCCESS)
    assert len(floor.only(Accepted, outputs)) == (results[1] is SUCCESS)
    assert len(floor.only(Rejected, outputs)) == results.count(FAILURE)


def test_the_new_order_may_use_the_money_and_the_name_of_the_old():
    floor = Floor(seeds={1: (1, 100), 2: (1, 1)})
    floor.buy(1, 1, price=100, client_id="mine")
    outputs = replace(floor, order_id=1, mode=ReplaceMode.STOP_ON_FAILURE, client_id="mine")
    assert floor.only(Accepted, outputs)


def test_filters_of_the_new_order_are_checked_before_the_cancel():
    floor = Floor(MarketFilters(max_quantity=5))
    floor.buy(1, 1, price=100)
    outputs = replace(floor, order_id=1, quantity=6, mode=ReplaceMode.ALLOW_FAILURE)
    assert floor.rejection(outputs) is RejectCode.LOT_SIZE
    assert floor.order(1).is_open
