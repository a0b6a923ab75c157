"""Who is looked at when more orders are ready than a batch may have."""

from __future__ import annotations

from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver.vocabulary import OrderState
from solver.world import ALICE, BOB, CAROL, SECOND, amt, make_world, market


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


def test_an_order_with_a_small_rest_ends_although_another_batch_uses_a_part_of_the_budget():
    world = make_world(SolverConfig(in_flight_budget=amt("500"), aggregation_window_ns=20 * SECOND))
    ready(world, BOB, "one")
    world.hooks.append(lambda _, command: [] if isinstance(command, out.PlaceAssetOrder) else None)
    world.run(1)
    assert world.engine.order(BOB, "one").state is OrderState.ENGAGED
    mine = world.engine.state.open_batches.copy()
    world.hooks[0] = lambda _, c: [] if isinstance(c, out.PlaceAssetOrder) and c.batch_id in mine else None
    world.hooks.append(lambda _, command: [] if isinstance(command, out.QueryAssetOrder) else None)
    (sent,) = (one for one in world.sent(out.PlaceAssetOrder) if one.symbol == "ETHUSDC")
    world.markets["ETHUSDC"].asks = [(amt("4000"), sent.quantity + amt("0.0108"))]  # the rest of it is ALICE's
    ready(world, ALICE, "one")
    order = world.engine.order(ALICE, "one")
    for _ in range(3):
        world.run(1)
    assert (order.state, order.units > 0) == (OrderState.READY, True)
    world.markets["ETHUSDC"] = market("4000")
    for _ in range(12):
        world.tick()
        world.play()
        world.solve()
    assert world.engine.order(BOB, "one").state is OrderState.ENGAGED
    assert order.state is not OrderState.READY
