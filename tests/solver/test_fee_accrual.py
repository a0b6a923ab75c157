"""The annual fee: exact, in the holders' favour, and every unit fully backed after it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import ATOMS
from indexmaker.solver import accounts
from indexmaker.solver import commands as out
from indexmaker.solver.handlers.fee_accrual import YEAR_NS, period_rate, reduced
from indexmaker.solver.vocabulary import OrderState

from .world import ALICE, BOB, SECOND, World, amt, make_world

DAY = 24 * 3600


def held(world: World) -> World:
    """Alice has units of an index that costs 2 % a year."""
    world = make_world()
    world.create_index(annual_fee=amt("0.02"))
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000")
    world.run(5)
    assert world.last(ALICE).state is OrderState.MINTED
    return world


def backing(world: World, asset: str) -> int:
    return world.engine.ledger.balance(accounts.backing("TOP2", "binance", asset))


def fully_backed(world: World) -> bool:
    index = world.engine.state.indices["TOP2"]
    return all(backing(world, asset) * ATOMS >= quantity * index.supply for asset, quantity in index.quantities)


def test_nothing_is_taken_before_a_period_is_over() -> None:
    world = held(make_world())
    world.tick(DAY - 60)
    assert not world.told(out.FeeAccrualReport)


def test_a_day_lowers_the_quantities_and_frees_exactly_that_for_the_house() -> None:
    world = held(make_world())
    index = world.engine.state.indices["TOP2"]
    before, version = dict(index.quantities), index.version
    stock = {asset: backing(world, asset) for asset in before}
    world.tick(DAY)
    (report,) = world.told(out.FeeAccrualReport)
    rate = period_rate(amt("0.02"), DAY * SECOND)
    assert index.version == version + 1
    for asset, quantity in index.quantities:
        assert quantity == -(-before[asset] * (ATOMS - rate) // ATOMS)
        freed = dict(report.freed)[asset]
        assert freed == index.supply * (before[asset] - quantity) // ATOMS > 0
        assert backing(world, asset) == stock[asset] - freed
        assert world.engine.ledger.balance(accounts.house_fees("binance", asset)) == freed
    assert fully_backed(world)


def test_days_that_nobody_ticked_are_all_taken_at_once_and_none_twice() -> None:
    world = held(make_world())
    world.tick(3 * DAY)
    world.tick(60)
    (report,) = world.told(out.FeeAccrualReport)
    assert report.periods == 3


def test_an_index_without_units_owes_nothing_for_the_time_before_the_first() -> None:
    world = make_world()
    world.create_index(annual_fee=amt("0.02"))
    world.tick(10 * DAY)
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000")
    world.run(5)
    world.tick(DAY)
    assert [report.periods for report in world.told(out.FeeAccrualReport)] == [1]


def test_a_mint_by_the_quantities_of_before_leaves_its_surplus_to_the_holders() -> None:
    world = held(make_world())
    world.deposit(BOB, "1000")
    world.order(BOB, "1000")
    world.hooks.append(lambda w, c: [] if isinstance(c, out.SettleInvoice) else None)
    world.run(4)
    assert world.last(BOB).state is OrderState.MINT_SUBMITTED
    world.tick(DAY)
    (report,) = world.told(out.FeeAccrualReport)
    world.hooks.clear()
    world.inbox.extend(world.engine.pending())
    world.play()
    assert world.last(BOB).state is OrderState.MINTED
    assert report.supply == world.minted[1].units
    assert fully_backed(world)


@given(quantity=st.integers(1, 10**24), fee=st.integers(0, ATOMS - 1), periods=st.integers(0, 40))
def test_what_stays_is_never_less_than_the_exact_share(quantity: int, fee: int, periods: int) -> None:
    rate = period_rate(fee, DAY * SECOND)
    left = reduced(quantity, rate=rate, periods=periods)
    assert rate * YEAR_NS <= fee * DAY * SECOND
    assert left * ATOMS**periods >= quantity * (ATOMS - rate) ** periods
    assert left <= quantity
