"""Fees: in the received asset, rounded up once per order and role, whatever the number of trades."""

from __future__ import annotations

from exchange.floor import BASE, LOT, MAKER_PPM, QUOTE, TAKER_PPM, Floor
from indexmaker.exchange.commands import DefineFeeTier, SetFeeTier
from indexmaker.exchange.events import Trade


def test_the_buyer_pays_in_base_and_the_seller_in_quote():
    floor = Floor()
    floor.sell(1, 1000, price=100)
    (trade,) = floor.only(Trade, floor.buy(2, 1000, price=100))
    assert trade.taker_fee == 1000 * LOT * TAKER_PPM // 10**6
    assert trade.maker_fee == 100_000 * MAKER_PPM // 10**6
    assert floor.engine.bucket("house.fee", BASE) == trade.taker_fee
    assert floor.engine.bucket("house.fee", QUOTE) == trade.maker_fee


def test_many_small_trades_cost_no_more_than_one_large_one():
    floor = Floor()
    floor.sell(1, 100, price=30)
    fees = []
    for _ in range(100):
        fees += [trade.maker_fee for trade in floor.only(Trade, floor.buy(2, 1, price=30))]
    assert fees[0] == 1, "the first trade is rounded up"
    assert sum(fees) == 3, "0.1 % of 3000 exactly"


def test_what_rounding_takes_is_less_than_an_atom_and_visible():
    floor = Floor()
    floor.sell(1, 10, price=7)
    floor.buy(2, 3, price=7)
    assert floor.order(1).rounding == 10**6 - 21 * MAKER_PPM
    assert floor.engine.fee_rounding(QUOTE) == floor.order(1).rounding
    assert floor.engine.fee_rounding(BASE) == floor.order(2).rounding == 0


def test_an_order_keeps_the_rates_it_was_accepted_with():
    floor = Floor()
    floor.sell(1, 1000, price=100)
    floor.do(DefineFeeTier(tier="standard", maker_ppm=0, taker_ppm=0))
    (trade,) = floor.only(Trade, floor.buy(2, 1000, price=100))
    assert (trade.maker_fee, trade.taker_fee) == (100, 0)


def test_another_tier_counts_for_new_orders():
    floor = Floor()
    floor.do(DefineFeeTier(tier="vip", maker_ppm=10, taker_ppm=20))
    floor.do(SetFeeTier(account=2, tier="vip"))
    floor.sell(1, 1000, price=100)
    (trade,) = floor.only(Trade, floor.buy(2, 1000, price=100))
    assert trade.taker_fee == 1000 * LOT * 20 // 10**6
