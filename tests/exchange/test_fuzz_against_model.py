"""The fast exchange and the slow model get the same commands and must say the same, command by command."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.floor import BASE, BASE_SEED, LOT, MAKER_PPM, MARKET, QUOTE, QUOTE_SEED, TAKER_PPM, UNIT, Floor
from exchange.model import Model, Outcome
from indexmaker.exchange.commands import CancelAll, CancelOrder, ExchangeCommand, PlaceOrder
from indexmaker.exchange.events import Cancelled, ExchangeEvent, Expired, Rejected, Trade
from indexmaker.exchange.vocabulary import OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce

ACCOUNTS = (1, 2, 3)
SEEDS = {1: (BASE_SEED, QUOTE_SEED), 2: (BASE_SEED, QUOTE_SEED), 3: (70 * LOT, 5000)}  # the last is poor


def outcome_of(outputs: Sequence[ExchangeEvent]) -> Outcome:
    """The model's view of the engine's outputs."""
    outcome = Outcome()
    for event in outputs:
        if isinstance(event, Rejected):
            outcome.code = event.code
        elif isinstance(event, Trade):
            ids = (event.maker_order_id, event.taker_order_id)
            outcome.trades.append((*ids, event.price, event.quantity, event.maker_fee, event.taker_fee))
        elif isinstance(event, Expired):
            outcome.ended.append((event.order_id, event.status, event.remaining))
        elif isinstance(event, Cancelled):
            outcome.ended.append((event.order_id, OrderStatus.CANCELED, event.remaining))
    return outcome


def compare(commands: Iterable[ExchangeCommand], *, floor: Floor, model: Model) -> None:
    for command in commands:
        expected = model.apply(command)
        assert outcome_of(floor.do(command)) == expected, command
        assert floor.book() == (model.levels(buy=True), model.levels(buy=False))
        for side, buy in (
            (floor.engine.markets[MARKET].book.bids, True),
            (floor.engine.markets[MARKET].book.asks, False),
        ):
            assert [order.order_id for order in side.orders()] == [order.id for order in model.book(buy=buy)]
        for account in ACCOUNTS:
            balances = floor.engine.balance(account, BASE), floor.engine.balance(account, QUOTE)
            assert balances == model.balances(account)
    for order in model.orders:
        assert floor.order(order.id).status is order.status


def new_pair() -> tuple[Floor, Model]:
    floor = Floor(seeds=SEEDS)
    return floor, Model(SEEDS, lot=LOT, unit=UNIT, maker_ppm=MAKER_PPM, taker_ppm=TAKER_PPM)


commands = st.one_of(
    st.builds(
        PlaceOrder,
        account=st.sampled_from(ACCOUNTS),
        market=st.just(MARKET),
        client_order_id=st.sampled_from([f"c{n}" for n in range(12)]),
        side=st.sampled_from(Side),
        type=st.sampled_from([OrderType.LIMIT, OrderType.LIMIT_MAKER]),
        time_in_force=st.sampled_from(TimeInForce),
        price=st.integers(8, 12),
        quantity=st.integers(1, 12),
        self_trade=st.sampled_from(SelfTradePrevention),
    ),
    st.builds(
        PlaceOrder,
        account=st.sampled_from(ACCOUNTS),
        market=st.just(MARKET),
        client_order_id=st.sampled_from([f"c{n}" for n in range(12)]),
        side=st.sampled_from(Side),
        type=st.just(OrderType.MARKET),
        quantity=st.integers(1, 30),
        self_trade=st.sampled_from(SelfTradePrevention),
    ),
    st.builds(
        PlaceOrder,
        account=st.sampled_from(ACCOUNTS),
        market=st.just(MARKET),
        client_order_id=st.sampled_from([f"c{n}" for n in range(12)]),
        side=st.sampled_from(Side),
        type=st.just(OrderType.MARKET),
        quote_amount=st.integers(1, 300),
        self_trade=st.sampled_from(SelfTradePrevention),
    ),
    st.builds(CancelOrder, account=st.sampled_from(ACCOUNTS), market=st.just(MARKET), order_id=st.integers(1, 40)),
    st.builds(CancelAll, account=st.sampled_from(ACCOUNTS), market=st.just(MARKET)),
)


@given(st.lists(commands, max_size=40))
@settings(max_examples=150, deadline=None)
def test_engine_and_model_agree_on_any_short_session(session):
    floor, model = new_pair()
    compare(session, floor=floor, model=model)


def random_session(rng: random.Random, length: int) -> Iterable[ExchangeCommand]:
    placed = 0
    for _ in range(length):
        account = rng.choice(ACCOUNTS)
        dice = rng.random()
        if dice < 0.25:
            order_id = rng.randint(max(1, placed - 30), placed + 1)
            yield CancelOrder(account=account, market=MARKET, order_id=order_id)
            continue
        if dice < 0.26:
            yield CancelAll(account=account, market=MARKET)
            continue
        kind = rng.choices(list(OrderType), weights=[8, 1, 2])[0]
        by_quote = kind is OrderType.MARKET and rng.random() < 0.5
        placed += 1
        yield PlaceOrder(
            account=account,
            market=MARKET,
            client_order_id=f"s{placed}",
            side=rng.choice(list(Side)),
            type=kind,
            time_in_force=rng.choices(list(TimeInForce), weights=[8, 1, 1])[0],
            price=0 if kind is OrderType.MARKET else rng.randint(90, 110),
            quantity=0 if by_quote else rng.randint(1, 40),
            quote_amount=rng.randint(1, 5000) if by_quote else 0,
            self_trade=rng.choice(list(SelfTradePrevention)),
        )


@pytest.mark.parametrize("seed", range(8))
def test_engine_and_model_agree_on_a_long_random_session(seed):
    floor, model = new_pair()
    compare(random_session(random.Random(seed), 600), floor=floor, model=model)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 160))
def test_engine_and_model_agree_on_many_long_random_sessions(seed):
    floor, model = new_pair()
    compare(random_session(random.Random(seed), 1000), floor=floor, model=model)
