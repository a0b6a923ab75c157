"""The fast exchange and the slow model get the same commands and must say the same, command by command."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.floor import BASE, BASE_SEED, LOT, MAKER_PPM, MARKET, QUOTE, QUOTE_SEED, TAKER_PPM, UNIT, Floor
from exchange.model import Model
from exchange.sessions import ACCOUNTS, MILLISECOND, Dice, random_session
from indexmaker.exchange.commands import CancelOrder, ExchangeCommand, PlaceOrder, SetMarketStatus, SetTradeGroup
from indexmaker.exchange.events import (
    Accepted,
    Activated,
    Amended,
    Cancelled,
    ExchangeEvent,
    Expired,
    ListChanged,
    Prevented,
    Rejected,
    Replaced,
    Trade,
)
from indexmaker.exchange.vocabulary import MarketStatus, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce

SEEDS = {1: (BASE_SEED, QUOTE_SEED), 2: (BASE_SEED, QUOTE_SEED), 3: (70 * LOT, 5000)}  # the last is poor
GROUPS = {2: 7, 3: 7}
SLOW_COMMANDS = int(os.environ.get("EXCHANGE_FUZZ_COMMANDS", "100000"))


def log_of(outputs: Sequence[ExchangeEvent]) -> list[tuple[object, ...]]:
    """The engine's outputs in the words of the model's log."""
    log: list[tuple[object, ...]] = []
    for event in outputs:
        if isinstance(event, Rejected):
            log.append(("rejected", event.code))
        elif isinstance(event, Accepted):
            log.append(("accepted", event.order_id))
        elif isinstance(event, Trade):
            ids = (event.maker_order_id, event.taker_order_id)
            log.append(("trade", *ids, event.price, event.quantity, event.maker_fee, event.taker_fee))
        elif isinstance(event, Prevented):
            ids = (event.maker_order_id, event.taker_order_id)
            log.append(("prevented", *ids, event.maker_prevented, event.taker_prevented, event.transferred))
        elif isinstance(event, Expired):
            log.append(("ended", event.order_id, event.status, event.remaining, event.executed))
        elif isinstance(event, Cancelled):
            log.append(("ended", event.order_id, OrderStatus.CANCELED, event.remaining, event.executed))
        elif isinstance(event, Activated):
            log.append(("activated", event.order_id, event.working))
        elif isinstance(event, Amended):
            log.append(("amended", event.order_id, event.quantity, event.remaining))
        elif isinstance(event, ListChanged):
            log.append(("list", event.list_id, str(event.status)))
        elif isinstance(event, Replaced):
            log.append(("replaced", str(event.cancel), str(event.place)))
    return log


def compare(commands: Iterable[ExchangeCommand], *, floor: Floor, model: Model) -> None:
    for number, command in enumerate(commands):
        outputs = floor.do(command)
        assert log_of(outputs) == model.apply(command, at=floor.now), (number, command)
        assert floor.book() == (model.levels(buy=True), model.levels(buy=False)), command
        book = floor.engine.markets[MARKET].book
        for side, buy in ((book.bids, True), (book.asks, False)):
            assert [order.order_id for order in side.orders()] == [order.id for order in model.book(buy=buy)]
        for account in ACCOUNTS:
            balances = floor.engine.balance(account, BASE), floor.engine.balance(account, QUOTE)
            assert balances == model.balances(account), (number, command)
    for order in model.orders:
        assert floor.order(order.id).status is order.status


def new_pair() -> tuple[Floor, Model]:
    floor = Floor(seeds=SEEDS)
    for account, group in GROUPS.items():
        floor.do(SetTradeGroup(account=account, group=group))
    return floor, Model(SEEDS, lot=LOT, unit=UNIT, maker_ppm=MAKER_PPM, taker_ppm=TAKER_PPM, groups=GROUPS)


@given(st.randoms(use_true_random=False), st.integers(1, 50))
@settings(max_examples=120, deadline=None)
def test_engine_and_model_agree_on_any_short_session_at_few_prices(rng, length):
    floor, model = new_pair()
    dice = Dice(rng, start=floor.now, step=MILLISECOND, middle=10, spread=2, most=12)
    compare((dice.command() for _ in range(length)), floor=floor, model=model)


@pytest.mark.parametrize("seed", range(8))
def test_engine_and_model_agree_on_a_long_random_session(seed):
    floor, model = new_pair()
    compare(random_session(random.Random(seed), 400, start=floor.now), floor=floor, model=model)


def limit(side: Side, price: int, account: int, tif: TimeInForce, stp: SelfTradePrevention, name: str) -> PlaceOrder:
    return PlaceOrder(
        account=account,
        market=MARKET,
        client_order_id=name,
        side=side,
        type=OrderType.LIMIT,
        time_in_force=tif,
        price=price,
        quantity=price - 8,
        self_trade=stp,
    )


def small_words() -> list[ExchangeCommand]:
    """Two users, two prices, two quantities, a stop and the states of the market."""
    words: list[ExchangeCommand] = [
        limit(side, price, account, TimeInForce.GTC, SelfTradePrevention.DECREMENT, f"g{side}{price}{account}")
        for side in Side
        for price in (9, 10)
        for account in (1, 2)
    ]
    words.append(limit(Side.BUY, 10, 1, TimeInForce.FOK, SelfTradePrevention.NONE, "fok"))
    words += [CancelOrder(account=1, market=MARKET, order_id=1), CancelOrder(account=2, market=MARKET, order_id=2)]
    words += [SetMarketStatus(market=MARKET, status=status) for status in (MarketStatus.AUCTION, MarketStatus.OPEN)]
    words.append(
        PlaceOrder(
            account=2,
            market=MARKET,
            client_order_id="stop",
            side=Side.SELL,
            type=OrderType.STOP_LOSS,
            quantity=1,
            stop_price=9,
        )
    )
    return words


def test_engine_and_model_agree_on_every_sequence_of_three_small_commands():
    for session in itertools.product(small_words(), repeat=3):
        floor, model = new_pair()
        compare(session, floor=floor, model=model)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_engine_and_model_agree_on_every_sequence_of_four_small_commands():
    for session in itertools.product(small_words(), repeat=4):
        floor, model = new_pair()
        compare(session, floor=floor, model=model)


@pytest.mark.slow
@pytest.mark.timeout(0)
def test_engine_and_model_agree_on_as_many_random_commands_as_asked_for():
    length = 250
    for seed in range(1000, 1000 + SLOW_COMMANDS // length):
        floor, model = new_pair()
        law = {"spread": seed % 3 * 6 + 3, "most": seed % 4 * 15 + 5}
        try:
            compare(random_session(random.Random(seed), length, start=floor.now, **law), floor=floor, model=model)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
