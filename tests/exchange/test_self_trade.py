"""Self-trade prevention beyond the modes that only end orders: decrement, transfer, and trade groups."""

from __future__ import annotations

import pytest

from exchange.floor import BASE, BASE_SEED, LOT, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange.commands import SetTradeGroup
from indexmaker.exchange.events import Expired, Prevented, Trade
from indexmaker.exchange.vocabulary import OrderStatus, SelfTradePrevention, TimeInForce

DECREMENT, TRANSFER = SelfTradePrevention.DECREMENT, SelfTradePrevention.TRANSFER


@pytest.mark.parametrize(
    ("maker", "taker", "left", "maker_status", "taker_status"),
    [
        (5, 3, 2, OrderStatus.NEW, OrderStatus.EXPIRED_IN_MATCH),
        (3, 5, 0, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.NEW),
        (4, 4, 0, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_decrement_takes_the_smaller_off_both(maker, taker, left, maker_status, taker_status):
    floor = Floor()
    floor.sell(1, maker, price=100)
    outputs = floor.buy(1, taker, price=100, stp=DECREMENT)
    (prevented,) = floor.only(Prevented, outputs)
    assert (prevented.maker_prevented, prevented.taker_prevented) == (min(maker, taker),) * 2
    assert not floor.only(Trade, outputs)
    assert (floor.order(1).status, floor.order(2).status) == (maker_status, taker_status)
    assert (floor.order(1).executed, floor.order(1).remaining) == (0, left)


def test_a_decremented_taker_trades_on_with_others():
    floor = Floor()
    floor.sell(1, 2, price=100)
    floor.sell(2, 9, price=101)
    floor.buy(1, 5, price=101, stp=DECREMENT)
    order = floor.order(3)
    assert (order.status, order.executed, order.prevented) == (OrderStatus.FILLED, 3, 2)


def test_a_fill_or_kill_order_that_would_be_decremented_is_killed():
    floor = Floor()
    floor.sell(1, 2, price=100)
    floor.sell(2, 9, price=101)
    outputs = floor.buy(1, 5, price=101, stp=DECREMENT, tif=TimeInForce.FOK)
    assert not floor.only(Prevented, outputs)
    assert floor.order(3).status is OrderStatus.EXPIRED


def test_transfer_moves_the_money_between_accounts_of_a_group_without_a_trade_or_a_fee():
    floor = Floor()
    for account in (1, 2):
        floor.do(SetTradeGroup(account=account, group=4))
    floor.sell(1, 3, price=100, stp=TRANSFER)
    outputs = floor.buy(2, 3, price=110, stp=TRANSFER)
    assert floor.only(Prevented, outputs)[0].transferred == 3
    assert not floor.only(Trade, outputs)
    assert floor.engine.balance(1, BASE) == (BASE_SEED - 3 * LOT, 0)
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED + 300, 0)
    assert floor.engine.balance(2, BASE) == (BASE_SEED + 3 * LOT, 0)
    assert floor.engine.bucket("house.fee", BASE) == 0


def test_transfer_needs_both_orders_and_two_accounts():
    floor = Floor()
    for account in (1, 2):
        floor.do(SetTradeGroup(account=account, group=4))
    floor.sell(1, 1, price=100)
    floor.sell(2, 1, price=100, stp=TRANSFER)
    outputs = floor.buy(2, 2, price=110, stp=TRANSFER)
    assert [event.transferred for event in floor.only(Prevented, outputs)] == [0, 0]
    assert floor.engine.balance(2, BASE) == (BASE_SEED, 0)


def test_accounts_of_a_group_are_one_owner_until_they_leave_it():
    floor = Floor()
    for account in (1, 2):
        floor.do(SetTradeGroup(account=account, group=4))
    floor.sell(1, 1, price=100)
    (expired,) = floor.only(Expired, floor.buy(2, 1, price=100, stp=SelfTradePrevention.EXPIRE_TAKER))
    assert expired.status is OrderStatus.EXPIRED_IN_MATCH
    floor.do(SetTradeGroup(account=2, group=0))
    assert floor.only(Trade, floor.buy(2, 1, price=100, stp=SelfTradePrevention.EXPIRE_TAKER))
