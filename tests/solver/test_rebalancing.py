"""Changes of weights: drained, traded through the batches, fully backed, with the cost told."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.rebalance import basket_from, is_dust, purchases, revalued_basket, targets
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import Finality, IndexState, OrderState, RebalanceState, Side

from .world import ALICE, BOB, CHAIN, GATE, World, amt, instrument, make_world

RULES = {asset: instrument(asset) for asset in ("BTC", "ETH", "SOL")}


def publish(world: World, version: int = 1, *, at: int = 0, **weights: str) -> None:
    world.submit(
        ev.WeightsPublished(
            chain_id=CHAIN,
            gate=GATE,
            version=version,
            effective_at=at,
            weights=tuple((asset, amt(weight)) for asset, weight in weights.items()),
            tx_hash="0x3e",
            finality=Finality.CONFIRMED,
        )
    )


def two_sided(world: World) -> None:
    """Give every market bids that sales can hit."""
    for market in world.markets.values():
        market.bids = [(market.bid, amt("1000000"))]


def held(config: SolverConfig | None = None, amount: str = "3000") -> World:
    """Alice has units worth about `amount`."""
    world = make_world(config)
    two_sided(world)
    world.deposit(ALICE, amount)
    world.order(ALICE, amount)
    world.run(8)
    assert world.last(ALICE).state is OrderState.MINTED
    return world


def index_of(world: World) -> Index:
    return world.engine.state.indices["TOP2"]


def backing(world: World) -> dict[str, int]:
    return {
        account.asset: balance
        for account, balance in world.engine.ledger
        if (account.owner, account.bucket) == ("index:TOP2", "backing")
    }


def cash(world: World) -> int:
    return world.engine.ledger.balance(accounts.index_cash("TOP2", "binance", "USDC"))


def mids(world: World) -> dict[str, int]:
    return {symbol.removesuffix("USDC"): (m.bid + m.asks[0][0]) // 2 for symbol, m in world.markets.items()}


def value(world: World, holdings: Mapping[str, int]) -> int:
    prices = mids(world)
    return sum(mul_floor(quantity, prices[asset]) for asset, quantity in holdings.items())


def fully_backed(world: World) -> bool:
    index, stock = index_of(world), backing(world)
    return all(stock.get(asset, 0) * ATOMS >= quantity * index.supply for asset, quantity in index.quantities)


def report(world: World) -> out.RebalanceReport:
    return world.told(out.RebalanceReport)[-1]


def test_the_difference_is_sold_and_bought_and_the_new_basket_is_what_backs_the_units() -> None:
    world = held()
    before, units = backing(world), index_of(world).supply
    publish(world, BTC="0.25", ETH="0.25", SOL="0.5")
    world.run(6)
    index, told = index_of(world), report(world)
    assert told.state is RebalanceState.COMPLETED
    assert index.supply == units
    assert dict(index.quantities) == {a: q * ATOMS // units for a, q in backing(world).items()}
    assert fully_backed(world)
    prices = mids(world)
    whole = value(world, backing(world))
    for asset, weight in index.weights:
        share = mul_floor(backing(world)[asset], prices[asset]) * ATOMS // whole
        assert abs(share - weight) < amt("0.005")
    assert (index.version, index.weights_version) == (2, 1)
    assert dict(told.before) == before
    assert {trade.asset for trade in told.trades} == {"BTC", "ETH", "SOL"}


def test_what_the_holders_lose_is_what_the_report_says() -> None:
    world = held()
    before = value(world, backing(world))
    publish(world, BTC="0.25", ETH="0.25", SOL="0.5")
    world.run(6)
    told = report(world)
    after = value(world, backing(world)) + told.cash
    assert abs(before - after - told.fees - told.slippage) < 10**14
    assert told.fees > 0
    assert told.cost_per_unit == -(-(told.fees + told.slippage) * ATOMS // index_of(world).supply)
    assert told.cash == cash(world) >= 0


def test_started_orders_are_finished_first_and_new_ones_wait_for_the_new_basket() -> None:
    world = held()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.SettleInvoice) else None)
    world.deposit(BOB, "500")
    world.order(BOB, "500")
    world.run(4)
    assert world.last(BOB).state is OrderState.MINT_SUBMITTED
    publish(world, BTC="1")
    world.deposit(BOB, "700")
    world.order(BOB, "700", "later")
    world.run(4)
    assert report(world).state is RebalanceState.DRAINING
    assert world.last(BOB, "later").state is OrderState.READY
    world.hooks.clear()
    world.inbox.extend(world.engine.pending())
    world.run(10)
    assert world.last(BOB).state is OrderState.MINTED
    assert report(world).state is RebalanceState.COMPLETED
    assert world.last(BOB, "later").state is OrderState.MINTED
    late = [invoice for invoice in world.minted.values() if invoice.client_order_id == "later"]
    assert late[0].basket_version == 2
    assert {lot.asset for lot in late[0].lots} == {"BTC"}
    assert fully_backed(world)


def test_orders_that_cannot_finish_end_with_what_they_have_after_the_time_to_drain() -> None:
    world = make_world(SolverConfig(rebalance_drain_ns=60 * 10**9, idle_batches=10**6))
    two_sided(world)
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.05")), (amt("4100"), amt("1"))]
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000", max_price=amt("181"))
    world.run(2)
    assert world.last(ALICE).state is OrderState.READY
    publish(world, BTC="1")
    world.run(2)
    assert report(world).state is RebalanceState.DRAINING
    world.tick(120)
    world.run(4)
    assert world.last(ALICE).state is OrderState.MINTED
    world.run(4)
    assert report(world).state is RebalanceState.COMPLETED
    assert "REBALANCE" in world.alerts()


def test_a_second_change_waits_for_the_first_and_only_the_newest_follows() -> None:
    world = held()
    publish(world, 1, BTC="1")
    world.tick()
    publish(world, 2, ETH="1")
    publish(world, 3, SOL="1")
    world.run(12)
    assert [one.weights_version for one in world.engine.state.rebalances.values()] == [1, 3]
    assert set(backing(world)) == {"SOL"} | {a for a, q in backing(world).items() if q * mids(world)[a] < 5 * ATOMS**2}
    assert index_of(world).weights_version == 3
    assert fully_backed(world)


def test_an_asset_without_a_market_delays_only_itself() -> None:
    world = held()
    world.create_index("OTHER", gate="0x" + "0f" * 20)
    market = world.markets["BTCUSDC"]
    market.age_ns = 10**15
    publish(world, BTC="0.2", ETH="0.3", SOL="0.5")
    world.run(6)
    told = report(world)
    assert told.state is RebalanceState.TRADING
    (rebalance,) = world.engine.state.rebalances.values()
    assert {one.asset for one in rebalance.assets if one.delayed} == {"BTC"}
    traded = {trade.asset: trade.quantity for trade in told.trades} | {
        demand.asset: abs(demand.filled) for demand in world.engine.state.demands.values()
    }
    assert traded.get("ETH", 0) > 0
    market.age_ns = 0
    world.run(8)
    assert report(world).state is RebalanceState.COMPLETED
    assert not report(world).delayed
    assert fully_backed(world)


def test_nothing_is_sold_for_an_asset_that_cannot_be_bought_now() -> None:
    world = held()
    before = backing(world)
    world.markets["SOLUSDC"].age_ns = 10**15
    publish(world, SOL="1")
    world.run(5)
    assert backing(world) == before
    assert cash(world) == 0
    world.markets["SOLUSDC"].age_ns = 0
    world.run(5)
    assert report(world).state is RebalanceState.COMPLETED
    assert {asset for asset, _ in index_of(world).quantities} == {"SOL"}


def test_after_its_time_a_rebalance_completes_with_what_was_reached() -> None:
    world = held(SolverConfig(rebalance_trade_ns=600 * 10**9))
    world.markets["BTCUSDC"].age_ns = 10**15
    publish(world, ETH="1")
    world.run(4)
    assert report(world).state is RebalanceState.TRADING
    world.tick(700)
    world.run(2)
    told = report(world)
    assert told.state is RebalanceState.COMPLETED
    assert [asset for asset, _ in told.delayed] == ["BTC"]
    assert {asset for asset, _ in index_of(world).quantities} == {"BTC", "ETH"}
    assert fully_backed(world)


def test_a_rebalance_goes_on_after_a_restart_at_any_point() -> None:
    whole = held()
    publish(whole, BTC="0.25", ETH="0.25", SOL="0.5")
    whole.run(6)
    for stop in range(1, 8):
        world = held()
        publish(world, BTC="0.25", ETH="0.25", SOL="0.5")
        for step in range(8):
            world.tick()
            world.play()
            world.solve()
            if step == stop:
                world.restart()
            world.play()
        assert report(world).state is RebalanceState.COMPLETED
        assert dict(index_of(world).quantities) == dict(index_of(whole).quantities)
        assert fully_backed(world)


def test_dust_of_a_delisted_asset_stays_with_the_holders_but_leaves_the_basket() -> None:
    world = held()
    world.submit(ev.AssetDelisted(symbol="TOP2", proposal_id="d1", asset="ETH", on_chain=False))
    world.run(8)
    index, prices = index_of(world), mids(world)
    assert report(world).state is RebalanceState.COMPLETED
    assert {asset for asset, _ in index.quantities} == {"BTC"}
    assert mul_floor(backing(world).get("ETH", 0), prices["ETH"]) < amt("5")
    assert index.weights == (("BTC", ATOMS),)


def test_a_retired_index_does_not_change_its_basket() -> None:
    world = held()
    publish(world, BTC="1")
    world.submit(ev.IndexStateChanged(symbol="TOP2", state=IndexState.RETIRED))
    world.run(4)
    assert not world.engine.state.rebalances
    assert index_of(world).version == 1


def test_other_indices_trade_on_while_one_changes_its_basket() -> None:
    world = held()
    world.create_index("OTHER", gate="0x" + "0f" * 20)
    world.markets["SOLUSDC"].age_ns = 10**15
    publish(world, SOL="1")
    world.deposit(BOB, "300", gate="0x" + "0f" * 20)
    world.order(BOB, "300", index="OTHER")
    world.run(6)
    assert world.last(BOB).state is OrderState.MINTED
    assert report(world).state is RebalanceState.TRADING


def test_a_rebalance_bigger_than_the_budgets_takes_several_batches() -> None:
    world = held(SolverConfig(order_budget=amt("400"), batch_budget=amt("400"), in_flight_budget=amt("400")))
    publish(world, SOL="1")
    world.run(40)
    assert report(world).state is RebalanceState.COMPLETED
    sold = [c for c in world.sent(out.PlaceAssetOrder) if c.side is Side.SELL]
    assert len(sold) > 4
    assert fully_backed(world)
    assert cash(world) >= 0


@settings(max_examples=15, deadline=None)
@given(parts=st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20)).filter(any))
def test_whatever_the_weights_every_unit_is_fully_backed_and_nothing_is_lost(parts: tuple[int, int, int]) -> None:
    world = held(amount="900")
    whole = sum(parts)
    shares = {asset: part * ATOMS // whole for asset, part in zip(("BTC", "ETH", "SOL"), parts, strict=True)}
    first = next(asset for asset, share in shares.items() if share)
    shares[first] += ATOMS - sum(shares.values())
    before = value(world, backing(world))
    world.submit(
        ev.WeightsProposed(
            symbol="TOP2",
            proposal_id="p",
            weights=tuple((asset, share) for asset, share in shares.items() if share),
            on_chain=False,
        )
    )
    world.run(10)
    told = report(world)
    assert told.state is RebalanceState.COMPLETED
    assert fully_backed(world)
    assert cash(world) >= 0
    after = value(world, backing(world)) + cash(world)
    assert abs(before - after - told.fees - told.slippage) < 10**14
    assert world.engine.ledger.balanced()


@given(
    backed=st.dictionaries(st.sampled_from("ABCDE"), st.integers(0, 10**30), max_size=5),
    supply=st.integers(1, 10**30),
)
def test_a_basket_never_promises_more_than_the_backing(backed: dict[str, int], supply: int) -> None:
    for asset, quantity in basket_from(backed, supply=supply):
        assert 0 < quantity * supply <= backed[asset] * ATOMS < (quantity + 1) * supply


@given(
    wanted=st.dictionaries(st.sampled_from(sorted(RULES)), st.integers(1, 10**22), min_size=1),
    cash_=st.integers(0, 10**24),
    slack=st.integers(0, ATOMS // 50),
)
def test_purchases_stay_within_the_cash_and_over_the_minimums(wanted: dict[str, int], cash_: int, slack: int) -> None:
    prices = {"BTC": amt("100000"), "ETH": amt("4000"), "SOL": amt("200")}
    found = purchases(wanted, cash=cash_, mids=prices, rules=RULES, slack=slack)
    cost = sum(-(-quantity * prices[asset] // ATOMS) * (ATOMS + slack) // ATOMS for asset, quantity in found.items())
    assert cost <= cash_
    for asset, quantity in found.items():
        assert quantity <= wanted[asset]
        assert not is_dust(quantity, prices[asset], RULES[asset])


@given(
    held_=st.dictionaries(st.sampled_from(sorted(RULES)), st.integers(0, 10**22), min_size=1),
    cash_=st.integers(0, 10**24),
    parts=st.tuples(st.integers(1, 9), st.integers(1, 9)),
)
def test_targets_are_worth_no_more_than_what_there_is(
    held_: dict[str, int], cash_: int, parts: tuple[int, int]
) -> None:
    prices = {"BTC": amt("100000"), "ETH": amt("4000"), "SOL": amt("200")}
    weights = {"ETH": parts[0] * ATOMS // sum(parts), "SOL": ATOMS - parts[0] * ATOMS // sum(parts)}
    found = targets(held_, weights=weights, mids=prices, cash=cash_)
    whole = cash_ + sum(mul_floor(quantity, prices[asset]) for asset, quantity in held_.items())
    assert sum(mul_floor(quantity, prices[asset]) for asset, quantity in found.items()) <= whole
    assert found.get("BTC", 0) == 0


@pytest.mark.parametrize("weight", ["0.5", "0.999999999999999999"])
def test_a_recounted_basket_keeps_its_value_but_for_roundings(weight: str) -> None:
    prices = {"BTC": amt("100000"), "SOL": amt("200")}
    weights = {"BTC": amt(weight), "SOL": ATOMS - amt(weight)}
    basket = revalued_basket((("BTC", amt("0.001")),), weights=weights, mids=prices)
    worth = sum(quantity * prices[asset] for asset, quantity in basket)
    assert 0 <= amt("100") * ATOMS - worth <= 2 * amt("100000")
