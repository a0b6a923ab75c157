"""What orders do, rule by rule. Prices are ticks, quantities lots."""

from __future__ import annotations

import pytest

from exchange.floor import BASE, BASE_SEED, LOT, MARKET, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange.commands import CancelOrder, PlaceOrder, SetAccountStatus, SetMarketStatus
from indexmaker.exchange.events import Accepted, BookDelta, Cancelled, CancelledAll, Expired, Rejected, Trade
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    AccountStatus,
    CancelRestriction,
    ExpiryReason,
    MarketStatus,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

IOC, FOK = TimeInForce.IOC, TimeInForce.FOK


def test_a_taker_trades_at_the_makers_price_and_gets_the_difference_back():
    floor = Floor()
    floor.sell(1, 5, price=100)
    (trade,) = floor.only(Trade, floor.buy(2, 5, price=120))
    assert (trade.price, trade.quantity) == (100, 5)
    assert floor.engine.balance(2, QUOTE) == (QUOTE_SEED - 500, 0)


def test_the_better_price_trades_first_and_then_the_older_order():
    floor = Floor()
    floor.sell(1, 1, price=102)
    floor.sell(2, 1, price=101)
    floor.sell(1, 1, price=101)
    trades = floor.only(Trade, floor.buy(3, 3, price=102))
    assert [(trade.price, trade.maker_account) for trade in trades] == [(101, 2), (101, 1), (102, 1)]


def test_cancelling_the_middle_of_a_queue_leaves_the_others_in_their_order():
    floor = Floor()
    for _ in range(3):
        floor.sell(1, 1, price=100)
    floor.cancel(1, order_id=2)
    trades = floor.only(Trade, floor.buy(2, 2, price=100))
    assert [trade.maker_order_id for trade in trades] == [1, 3]


def test_a_partly_filled_maker_keeps_its_place():
    floor = Floor()
    floor.sell(1, 5, price=100)
    floor.sell(2, 5, price=100)
    floor.buy(3, 2, price=100)
    trades = floor.only(Trade, floor.buy(3, 4, price=100))
    assert [(trade.maker_order_id, trade.quantity) for trade in trades] == [(1, 3), (2, 1)]


def test_the_rest_of_an_ioc_expires_and_its_hold_comes_back():
    floor = Floor()
    floor.sell(1, 2, price=100)
    outputs = floor.buy(2, 5, price=100, tif=IOC)
    (expired,) = floor.only(Expired, outputs)
    assert (expired.reason, expired.remaining, expired.quote) == (ExpiryReason.IMMEDIATE_REMAINDER, 3, 200)
    assert floor.engine.balance(2, QUOTE)[1] == 0
    assert floor.book() == ([], [])


@pytest.mark.parametrize(("wanted", "filled"), [(7, True), (8, False)])
def test_a_fill_or_kill_order_trades_whole_or_not_at_all(wanted, filled):
    floor = Floor()
    floor.sell(1, 3, price=100)
    floor.sell(2, 4, price=101)
    outputs = floor.buy(3, wanted, price=101, tif=FOK)
    assert bool(floor.only(Trade, outputs)) is filled
    assert [event.reason for event in floor.only(Expired, outputs)] == ([] if filled else [ExpiryReason.FILL_OR_KILL])
    assert floor.book()[1] == ([] if filled else [(100, 3), (101, 4)])


def test_a_fill_or_kill_order_does_not_count_liquidity_that_self_trade_prevention_takes_away():
    floor = Floor()
    floor.sell(1, 3, price=100)
    floor.sell(2, 4, price=100)
    outputs = floor.buy(2, 5, price=100, tif=FOK, stp=SelfTradePrevention.EXPIRE_MAKER)
    assert not floor.only(Trade, outputs)
    assert floor.book()[1] == [(100, 7)], "nobody expires for an order that is killed"


def test_a_killed_order_needs_no_money():
    floor = Floor()
    outputs = floor.buy(1, 10**12, price=10**6, tif=FOK)
    assert floor.only(Accepted, outputs)
    assert floor.order(1).status is OrderStatus.EXPIRED


@pytest.mark.parametrize(("price", "code"), [(99, None), (100, RejectCode.WOULD_TAKE), (101, RejectCode.WOULD_TAKE)])
def test_a_limit_maker_only_ever_rests(price, code):
    floor = Floor()
    floor.sell(1, 1, price=100)
    outputs = floor.buy(2, 1, price=price, type=OrderType.LIMIT_MAKER)
    assert floor.rejection(outputs) is code


def test_a_market_buy_holds_exactly_what_the_book_asks():
    floor = Floor(seeds={1: (BASE_SEED, 1), 2: (1, 302)})
    floor.sell(1, 1, price=100)
    floor.sell(1, 5, price=101)
    assert len(floor.only(Trade, floor.buy(2, 3))) == 2
    assert floor.engine.balance(2, QUOTE) == (0, 0), "not one atom more"


def test_a_market_buy_that_costs_one_atom_more_than_there_is_gets_refused():
    floor = Floor(seeds={1: (BASE_SEED, 1), 2: (1, 301)})
    floor.sell(1, 1, price=100)
    floor.sell(1, 5, price=101)
    assert floor.rejection(floor.buy(2, 3)) is RejectCode.INSUFFICIENT_BALANCE


def test_a_market_order_expires_when_the_book_runs_out():
    floor = Floor()
    floor.sell(1, 2, price=100)
    (expired,) = floor.only(Expired, floor.buy(2, 5))
    assert (expired.reason, expired.remaining) == (ExpiryReason.INSUFFICIENT_LIQUIDITY, 3)


def test_a_market_order_in_an_empty_book_is_accepted_and_expires():
    floor = Floor()
    outputs = floor.sell(1, 5)
    assert [type(event) for event in outputs[:1]] == [Accepted]
    assert floor.order(1).status is OrderStatus.EXPIRED
    assert floor.engine.balance(1, BASE) == (BASE_SEED, 0)


def test_a_buy_by_quote_amount_spends_what_whole_lots_allow_and_is_filled():
    floor = Floor()
    floor.sell(1, 2, price=100)
    floor.sell(1, 9, price=110)
    outputs = floor.buy(2, quote_amount=450)
    assert floor.only(Accepted, outputs)[0].quantity == 4
    order = floor.order(3)
    assert (order.status, order.quote, order.executed) == (OrderStatus.FILLED, 420, 4)
    assert floor.engine.balance(2, QUOTE) == (QUOTE_SEED - 420, 0)


def test_a_sell_by_quote_amount_never_receives_more_than_asked():
    floor = Floor()
    floor.buy(1, 9, price=100)
    floor.sell(2, quote_amount=450)
    assert (floor.order(2).quote, floor.order(2).status) == (400, OrderStatus.FILLED)
    assert floor.engine.balance(2, BASE)[0] == BASE_SEED - 4 * LOT


def test_a_sell_by_quote_amount_never_goes_past_a_better_price_to_use_up_its_rest():
    floor = Floor()
    floor.buy(1, 9, price=100)
    floor.buy(1, 9, price=50)
    floor.sell(2, quote_amount=450)
    assert floor.book()[0] == [(100, 5), (50, 9)]


def test_a_quote_amount_that_the_book_cannot_use_up_expires():
    floor = Floor()
    floor.sell(1, 1, price=100)
    outputs = floor.buy(2, quote_amount=900)
    assert floor.only(Expired, outputs)[0].reason is ExpiryReason.INSUFFICIENT_LIQUIDITY
    assert floor.order(2).executed == 1


@pytest.mark.parametrize(
    ("mode", "traded", "taker", "own_maker"),
    [
        (SelfTradePrevention.NONE, 3, OrderStatus.FILLED, OrderStatus.FILLED),
        (SelfTradePrevention.EXPIRE_TAKER, 1, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.NEW),
        (SelfTradePrevention.EXPIRE_MAKER, 2, OrderStatus.PARTIALLY_FILLED, OrderStatus.EXPIRED_IN_MATCH),
        (SelfTradePrevention.EXPIRE_BOTH, 1, OrderStatus.EXPIRED_IN_MATCH, OrderStatus.EXPIRED_IN_MATCH),
    ],
)
def test_self_trade_prevention_follows_the_takers_mode(mode, traded, taker, own_maker):
    floor = Floor()
    floor.sell(1, 1, price=100)
    floor.sell(2, 1, price=100)
    floor.sell(3, 1, price=100)
    outputs = floor.buy(2, 3, price=100, stp=mode)
    assert sum(trade.quantity for trade in floor.only(Trade, outputs)) == traded
    assert floor.order(4).status is taker
    assert floor.order(2).status is own_maker


def test_a_client_id_is_free_again_when_its_order_is_no_longer_open():
    floor = Floor()
    floor.buy(1, 1, price=100, client_id="mine")
    (rejected,) = floor.buy(1, 2, price=100, client_id="mine")
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.order_id) == (RejectCode.DUPLICATE_CLIENT_ORDER_ID, 1)
    floor.cancel(1, client_order_id="mine")
    assert floor.rejection(floor.buy(1, 2, price=100, client_id="mine")) is None
    assert floor.engine.order_by_client_id(1, "mine") is floor.order(2)


def test_two_accounts_may_use_the_same_client_id():
    floor = Floor()
    floor.buy(1, 1, price=100, client_id="same")
    assert floor.rejection(floor.buy(2, 1, price=100, client_id="same")) is None


def test_a_cancel_answers_with_what_is_left_and_the_clients_name_for_it():
    floor = Floor()
    floor.buy(1, 5, price=100)
    floor.sell(2, 2, price=100)
    cancelled = floor.cancel(1, order_id=1, cancel_id="bye")[0]
    assert isinstance(cancelled, Cancelled)
    assert (cancelled.remaining, cancelled.quote, cancelled.cancel_id) == (3, 200, "bye")
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 200, 0)


@pytest.mark.parametrize(
    ("account", "ids", "code"),
    [
        (2, {"order_id": 1}, RejectCode.UNKNOWN_ORDER),
        (1, {"order_id": 9}, RejectCode.UNKNOWN_ORDER),
        (1, {"client_order_id": "none"}, RejectCode.UNKNOWN_ORDER),
        (1, {}, RejectCode.UNKNOWN_ORDER),
        (1, {"order_id": 1, "client_order_id": "b"}, RejectCode.ORDER_IDS_DISAGREE),
        (1, {"order_id": 1, "client_order_id": "a"}, None),
        (1, {"client_order_id": "a"}, None),
        (9, {"order_id": 1}, RejectCode.UNKNOWN_ACCOUNT),
    ],
)
def test_only_the_owner_cancels_and_ids_must_agree(account, ids, code):
    floor = Floor()
    floor.buy(1, 1, price=100, client_id="a")
    assert floor.rejection(floor.cancel(account, **ids)) is code


def test_a_second_cancel_is_refused():
    floor = Floor()
    floor.buy(1, 1, price=100)
    floor.cancel(1, order_id=1)
    assert floor.rejection(floor.cancel(1, order_id=1)) is RejectCode.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("restriction", "touched", "allowed"),
    [
        (CancelRestriction.ONLY_NEW, False, True),
        (CancelRestriction.ONLY_NEW, True, False),
        (CancelRestriction.ONLY_PARTIALLY_FILLED, False, False),
        (CancelRestriction.ONLY_PARTIALLY_FILLED, True, True),
    ],
)
def test_a_cancel_may_be_restricted_to_a_state_of_the_order(restriction, touched, allowed):
    floor = Floor()
    floor.buy(1, 2, price=100)
    if touched:
        floor.sell(2, 1, price=100)
    code = floor.rejection(floor.cancel(1, order_id=1, restriction=restriction))
    assert code is (None if allowed else RejectCode.CANCEL_RESTRICTED)


def test_cancel_all_takes_only_the_accounts_own_orders_oldest_first():
    floor = Floor()
    floor.buy(1, 1, price=99)
    floor.buy(2, 1, price=98)
    floor.sell(1, 1, price=103)
    outputs = floor.cancel_all(1)
    assert isinstance(outputs[0], CancelledAll)
    assert outputs[0].count == 2
    assert [event.order_id for event in floor.only(Cancelled, outputs)] == [1, 3]
    assert floor.book() == ([(98, 1)], [])


def test_a_halted_market_refuses_orders_and_cancels_until_it_opens():
    floor = Floor()
    floor.buy(1, 1, price=100)
    floor.do(SetMarketStatus(market=MARKET, status=MarketStatus.HALTED))
    assert floor.rejection(floor.buy(1, 1, price=100)) is RejectCode.MARKET_HALTED
    assert floor.rejection(floor.cancel(1, order_id=1)) is RejectCode.MARKET_HALTED
    assert floor.only(CancelledAll, floor.cancel_all(1))[0].count == 0
    floor.do(SetMarketStatus(market=MARKET, status=MarketStatus.OPEN))
    assert floor.rejection(floor.cancel(1, order_id=1)) is None


def test_a_cancel_only_market_lets_orders_go_and_takes_none():
    floor = Floor()
    floor.buy(1, 1, price=100)
    floor.do(SetMarketStatus(market=MARKET, status=MarketStatus.CANCEL_ONLY))
    assert floor.rejection(floor.buy(1, 1, price=100)) is RejectCode.MARKET_CANCEL_ONLY
    assert floor.rejection(floor.cancel(1, order_id=1)) is None


def test_a_suspended_account_may_cancel_but_not_place():
    floor = Floor()
    floor.buy(1, 1, price=100)
    floor.do(SetAccountStatus(account=1, status=AccountStatus.SUSPENDED))
    assert floor.rejection(floor.buy(1, 1, price=100)) is RejectCode.ACCOUNT_SUSPENDED
    assert floor.rejection(floor.cancel(1, order_id=1)) is None
    floor.do(SetAccountStatus(account=1, status=AccountStatus.ACTIVE))
    assert floor.rejection(floor.buy(1, 1, price=100)) is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": 9}, RejectCode.UNKNOWN_ACCOUNT),
        ({"market": "NONE"}, RejectCode.UNKNOWN_MARKET),
        ({"client_order_id": ""}, RejectCode.MALFORMED),
        ({"client_order_id": "x" * 37}, RejectCode.MALFORMED),
        ({"quote_amount": 5}, RejectCode.MALFORMED),
        ({"type": OrderType.MARKET}, RejectCode.MALFORMED),
        ({"type": OrderType.MARKET, "price": 0, "quantity": 0}, RejectCode.MALFORMED),
        ({"type": OrderType.MARKET, "price": 0, "quote_amount": 5}, RejectCode.MALFORMED),
        ({"price": -1}, RejectCode.OUT_OF_RANGE),
        ({"price": 2**63}, RejectCode.OUT_OF_RANGE),
        ({"quantity": 2**63}, RejectCode.OUT_OF_RANGE),
        ({"quote_amount": 2**127}, RejectCode.OUT_OF_RANGE),
        ({"price": 0}, RejectCode.PRICE_FILTER),
        ({"quantity": 0}, RejectCode.LOT_SIZE),
    ],
)
def test_a_malformed_order_is_answered_and_changes_nothing(changes, code):
    floor = Floor()
    order = {
        "account": 1,
        "market": MARKET,
        "client_order_id": "x",
        "side": Side.BUY,
        "type": OrderType.LIMIT,
        "price": 1,
        "quantity": 1,
    }
    before = floor.engine.dump()
    assert floor.rejection(floor.do(PlaceOrder(**{**order, **changes}))) is code
    assert floor.engine.dump() == before


def test_a_refusal_names_the_first_check_that_fails():
    floor = Floor()
    floor.sell(2, 1, price=50)
    too_much = {"quantity": 10**12, "price": 10**6, "client_id": "dup", "type": OrderType.LIMIT_MAKER}
    floor.buy(1, 1, price=10, client_id="dup")
    floor.do(SetAccountStatus(account=1, status=AccountStatus.SUSPENDED))
    floor.do(SetMarketStatus(market=MARKET, status=MarketStatus.HALTED))
    codes = [floor.rejection(floor.buy(1, **too_much))]
    too_much["client_id"] = "new"
    codes.append(floor.rejection(floor.buy(1, **too_much)))
    floor.do(SetAccountStatus(account=1, status=AccountStatus.ACTIVE))
    codes.append(floor.rejection(floor.buy(1, **too_much)))
    floor.do(SetMarketStatus(market=MARKET, status=MarketStatus.OPEN))
    codes.append(floor.rejection(floor.buy(1, **too_much)))
    too_much["type"] = OrderType.LIMIT
    codes.append(floor.rejection(floor.buy(1, **too_much)))
    assert codes == [
        RejectCode.DUPLICATE_CLIENT_ORDER_ID,
        RejectCode.ACCOUNT_SUSPENDED,
        RejectCode.MARKET_HALTED,
        RejectCode.WOULD_TAKE,
        RejectCode.INSUFFICIENT_BALANCE,
    ]


def test_a_delta_carries_each_touched_level_once_with_its_total_after_the_command():
    floor = Floor()
    floor.sell(1, 2, price=100)
    floor.sell(2, 2, price=100)
    floor.sell(1, 2, price=101)
    (delta,) = floor.only(BookDelta, floor.buy(3, 7, price=105))
    assert (delta.bids, delta.asks) == (((105, 1),), ((100, 0), (101, 0)))
    assert (delta.first_update, delta.last_update) == (4, 6)


def test_a_cancel_of_an_unknown_market_is_answered():
    floor = Floor()
    outputs = floor.do(CancelOrder(account=1, market="NONE", order_id=1))
    assert floor.rejection(outputs) is RejectCode.UNKNOWN_MARKET
    assert floor.rejection(floor.cancel_all(1, market="NONE")) is RejectCode.UNKNOWN_MARKET
    assert floor.rejection(floor.cancel_all(9)) is RejectCode.UNKNOWN_ACCOUNT
