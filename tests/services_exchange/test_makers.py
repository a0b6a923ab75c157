"""Market makers: depth in every market, the same for the same seed, refilled after trades."""

from __future__ import annotations

import asyncio

import pytest

from indexmaker.exchange.commands import PlaceOrder
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import Trade
from indexmaker.exchange.listing import builtin_listing
from indexmaker.exchange.vocabulary import OrderType, Side
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.money import ATOMS
from indexmaker.runtime import ManualClock, MemoryJournal, Sequencer, recover
from indexmaker.services.exchange.makers import MarketMakers
from indexmaker.services.exchange.settings import AccountSetting
from indexmaker.services.exchange.setup import MAKER_ACCOUNT, set_up

USER = AccountSetting(key="user", secret="s", balances=(("USDC", 10**6 * ATOMS),))


async def makers(engine: ExchangeEngine, sequencer: ExchangeSequencer, *, seed: int = 7) -> MarketMakers:
    await set_up(engine, sequencer, listing=builtin_listing(), accounts=[USER], chains=[], wallet=None)
    made = MarketMakers(engine, sequencer, account=MAKER_ACCOUNT, seed=seed, markets_per_step=5)
    sequencer.subscribe(made.observe)
    await made.open()
    return made


def books(engine: ExchangeEngine) -> dict[str, object]:
    return {symbol: engine.depth(symbol, levels=0) for symbol in engine.markets}


async def test_every_market_has_ten_levels_a_side_around_its_reference(
    engine: ExchangeEngine, sequencer: ExchangeSequencer
) -> None:
    await makers(engine, sequencer)
    for symbol, market in engine.markets.items():
        _, bids, asks = engine.depth(symbol, levels=0)
        assert min(len(bids), len(asks)) >= 10, symbol
        assert bids[0][0] < market.definition.reference < asks[0][0]
        total = sum(market.notional(price=price, quantity=lots) for price, lots in asks)
        assert total > 50_000 * 10**market.quote.scale, symbol


async def test_walk_never_crosses_and_moves_few_orders(engine: ExchangeEngine, sequencer: ExchangeSequencer) -> None:
    made = await makers(engine, sequencer)
    before = {order.order_id for order in engine.open_orders(MAKER_ACCOUNT, market="BTCUSDC")}
    steps = 40
    for _ in range(steps):
        await made.step()
        for symbol in engine.markets:
            _, bids, asks = engine.depth(symbol, levels=1)
            assert bids[0][0] < asks[0][0]
    after = {order.order_id for order in engine.open_orders(MAKER_ACCOUNT, market="BTCUSDC")}
    assert after - before
    assert before & after


@pytest.mark.parametrize(("seed", "same"), [(7, True), (8, False)])
async def test_seed_decides_everything(
    engine: ExchangeEngine, sequencer: ExchangeSequencer, seed: int, same: bool
) -> None:
    made = await makers(engine, sequencer)
    for _ in range(5):
        await made.step()
    other = ExchangeEngine()
    recorded = MemoryJournal("exchange")
    second: ExchangeSequencer = Sequencer(other, recorded, clock=ManualClock(1))
    await second.recover()
    async with asyncio.TaskGroup() as group:
        group.create_task(second.run())
        again = await makers(other, second, seed=seed)
        for _ in range(5):
            await again.step()
        second.stop()
    assert (books(other) == books(engine)) is same
    replayed = ExchangeEngine()
    recover(replayed, recorded)
    assert replayed.dump() == other.dump()


async def test_taken_quotes_are_refilled(engine: ExchangeEngine, sequencer: ExchangeSequencer) -> None:
    made = await makers(engine, sequencer)
    _, _, before = engine.depth("ETHUSDC", levels=0)
    order = PlaceOrder(
        account=1001,
        market="ETHUSDC",
        client_order_id="x",
        side=Side.BUY,
        type=OrderType.MARKET,
        quantity=before[0][1] + before[1][1],
    )
    committed = await sequencer.submit(order)
    assert sum(isinstance(event, Trade) for event in committed.outputs) == 2
    await made.step()
    _, _, after = engine.depth("ETHUSDC", levels=0)
    assert [price for price, _ in after] == [price for price, _ in before]


async def test_next_life_takes_back_the_quotes_of_the_last(
    engine: ExchangeEngine, sequencer: ExchangeSequencer
) -> None:
    await makers(engine, sequencer)
    balance = engine.balance(MAKER_ACCOUNT, "BTC")
    await makers(engine, sequencer)
    assert len(engine.open_orders(MAKER_ACCOUNT, market="BTCUSDC")) == 28
    assert sum(engine.balance(MAKER_ACCOUNT, "BTC")) == sum(balance)
