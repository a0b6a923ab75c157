"""Bounds of accounts and indices at the door; each refusal names its rule."""

from __future__ import annotations

from indexmaker.solver import SolverConfig
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import IndexLimits, OrderState, RejectReason

from .world import ALICE, BOB, SECOND, World, amt, make_world

DAY = 24 * 3600


def bounded(**limits: object) -> World:
    world = make_world()
    world.solve()
    world.submit(ev.IndexLimitsChanged(symbol="TOP2", limits=IndexLimits(**limits)))
    return world


def taken(world: World, account: str, name: str = "one") -> bool:
    return world.last(account, name).state is not OrderState.REJECTED


def test_only_listed_accounts_may_order() -> None:
    world = bounded(allowed=(ALICE,))
    world.order(BOB, "100")
    assert world.last(BOB).reason is RejectReason.ACCOUNT_NOT_ALLOWED
    world.order(ALICE, "100")
    assert taken(world, ALICE)


def test_an_account_may_have_so_many_open_orders_and_another_one_once_one_has_ended() -> None:
    world = make_world(SolverConfig(account_open_orders=2))
    for name in ("a", "b", "c"):
        world.order(ALICE, "100", name)
    assert [taken(world, ALICE, name) for name in ("a", "b", "c")] == [True, True, False]
    refusal = world.last(ALICE, "c")
    assert refusal.reason is RejectReason.TOO_MANY_OPEN_ORDERS
    assert "2 open orders" in refusal.text
    world.order(BOB, "100")
    assert taken(world, BOB)
    world.cancel(ALICE, "a")
    world.order(ALICE, "100", "d")
    assert taken(world, ALICE, "d")


def test_an_account_may_order_so_much_a_day_and_ending_an_order_gives_nothing_back() -> None:
    world = make_world(SolverConfig(account_daily_notional=amt("250")))
    world.order(ALICE, "200", "a")
    world.cancel(ALICE, "a")
    world.order(ALICE, "60", "b")
    refusal = world.last(ALICE, "b")
    assert refusal.reason is RejectReason.DAILY_NOTIONAL
    assert refusal.text.startswith("50 of 250")
    world.order(ALICE, "50", "c")
    assert taken(world, ALICE, "c")
    world.tick(DAY)
    world.order(ALICE, "250", "d")
    assert taken(world, ALICE, "d")


def test_open_buys_count_against_the_supply_that_an_index_may_reach() -> None:
    world = bounded(max_supply=amt("3"))
    world.order(ALICE, "360", "a")
    world.order(BOB, "360", "a")
    assert world.last(BOB, "a").reason is RejectReason.MAX_SUPPLY
    world.order(BOB, "150", "b")
    assert taken(world, BOB, "b")


def test_minted_units_count_against_the_supply() -> None:
    world = bounded(max_supply=amt("3"))
    world.deposit(ALICE, "400")
    world.order(ALICE, "400")
    world.run(5)
    index = world.engine.state.indices["TOP2"]
    assert world.last(ALICE).state is OrderState.MINTED
    assert index.supply == world.minted[1].units
    world.order(BOB, "360")
    assert world.last(BOB).reason is RejectReason.MAX_SUPPLY


def test_units_made_in_a_day_are_bounded_and_the_next_day_there_is_room_again() -> None:
    world = bounded(daily_issuance=amt("3"))
    world.deposit(ALICE, "400")
    world.order(ALICE, "400")
    world.run(5)
    world.order(BOB, "360", "a")
    assert world.last(BOB, "a").reason is RejectReason.DAILY_ISSUANCE
    world.tick(DAY)
    world.order(BOB, "360", "b")
    assert taken(world, BOB, "b")


def test_an_order_may_not_expire_later_than_orders_may_live() -> None:
    world = make_world(SolverConfig(order_life_max_ns=3600 * SECOND))
    world.order(ALICE, "100", "late", expires_at=world.now + 3600 * SECOND + 1)
    refusal = world.last(ALICE, "late")
    assert (refusal.reason, refusal.text) == (RejectReason.EXPIRY_TOO_LATE, "an order may live 3600 seconds")
    world.order(ALICE, "100", "last", expires_at=world.now + 3600 * SECOND)
    world.order(ALICE, "100", "usual")
    assert taken(world, ALICE, "last")
    assert taken(world, ALICE, "usual")
