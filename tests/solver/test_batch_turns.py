"""Who is looked at when more orders are ready than a batch may have."""

from __future__ import annotations

from indexmaker.solver import SolverConfig
from indexmaker.solver.vocabulary import OrderState
from solver.world import ALICE, BOB, CAROL, amt, make_world


def ready(world, account, client_order_id, **limits):
    world.deposit(account, "100")
    world.order(account, "100", client_order_id, **limits)


def test_orders_that_cannot_be_served_keep_nobody_else_out():
    world = make_world(SolverConfig(batch_orders=2))
    for number in range(4):
        ready(world, ALICE, f"cheap{number}", max_price=amt("1"))
    ready(world, BOB, "one")
    world.run(6)
    assert world.last(BOB, "one").state is OrderState.MINTED
    assert world.last(ALICE, "cheap0").state is OrderState.READY


def test_where_a_batch_has_room_for_all_the_oldest_order_stays_first():
    world = make_world(SolverConfig(batch_orders=2))
    for account in (ALICE, BOB, CAROL):
        ready(world, account, "one")
    world.run(2)
    first, second = (world.engine.order(account, "one").lots[0].batch_id for account in (ALICE, BOB))
    assert first == second != world.engine.order(CAROL, "one").lots[0].batch_id
