"""What faces may read from the engine, and how far its memory goes."""

from __future__ import annotations

from exchange.floor import MARKET, QUOTE, Floor
from indexmaker.exchange.accounts import HISTORY
from indexmaker.exchange.events import Trade


def ids(orders) -> list[int]:
    return [order.order_id for order in orders]


def test_orders_are_found_by_id_by_client_id_and_by_account():
    floor = Floor()
    floor.buy(1, 1, price=10, client_id="a")
    floor.buy(2, 1, price=11)
    floor.buy(1, 1, price=12)
    floor.cancel(1, order_id=1)
    engine = floor.engine
    assert engine.order(1).client_order_id == "a"
    assert engine.order(99) is None
    assert engine.order_by_client_id(1, "a").order_id == 1
    assert engine.order_by_client_id(2, "a") is None
    assert ids(engine.open_orders(1)) == [3]
    assert ids(engine.open_orders(1, market="NONE")) == []
    assert ids(engine.all_orders(1, market=MARKET)) == [1, 3]


def test_trades_are_remembered_by_market_and_by_both_accounts():
    floor = Floor()
    floor.sell(1, 2, price=10)
    (trade,) = floor.only(Trade, floor.buy(2, 2, price=10))
    engine = floor.engine
    assert list(engine.market_trades(MARKET)) == [trade]
    assert engine.account_trades(1) == engine.account_trades(2, market=MARKET) == [trade]
    assert engine.account_trades(3) == engine.account_trades(1, market="NONE") == []


def test_a_trade_with_oneself_is_remembered_once():
    floor = Floor()
    floor.sell(1, 2, price=10)
    floor.buy(1, 2, price=10)
    assert len(floor.engine.account_trades(1)) == 1


def test_depth_shows_the_best_levels_only():
    floor = Floor()
    for price in (10, 12, 11):
        floor.buy(1, price, price=price)
    floor.sell(2, 5, price=20)
    assert floor.engine.depth(MARKET, levels=2) == (4, [(12, 12), (11, 11)], [(20, 5)])
    assert len(floor.engine.depth(MARKET, levels=0)[1]) == 3


def test_closed_orders_beyond_the_bound_are_forgotten_oldest_first_and_open_ones_never():
    floor = Floor()
    floor.buy(1, 1, price=10, client_id="open")
    floor.buy(2, 1, price=10, client_id="first")
    floor.cancel(2, order_id=2)
    for _ in range(HISTORY):
        floor.cancel(2, order_id=floor.buy(2, 1, price=9)[0].order_id)
    engine = floor.engine
    assert engine.order(2) is None
    assert engine.order_by_client_id(2, "first") is None
    assert len(engine.all_orders(2)) == HISTORY
    assert ids(engine.all_orders(1)) == [1]


def test_a_bucket_that_nobody_used_is_empty():
    floor = Floor()
    assert floor.engine.bucket("external.MOON", QUOTE) == 0
