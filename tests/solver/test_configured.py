"""A configuration that nothing could work with is refused as a whole."""

import msgspec
import pytest

from indexmaker.money import ATOMS
from indexmaker.solver import SolverConfig
from indexmaker.solver import events as ev
from solver.world import ALICE, make_world

YEAR = 365 * 24 * 3600 * 10**9


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"fee_period_ns": 0}, "fee_period_ns"),
        ({"fee_period_ns": YEAR + 1}, "fee_period_ns"),
        ({"routing_max_orders": 0}, "routing_max_orders"),
        ({"batch_orders": -1}, "batch_orders"),
        ({"order_budget": 0}, "order_budget"),
        ({"price_impact": -1}, "price_impact"),
        ({"mint_threshold": ATOMS + 1}, "mint_threshold"),
    ],
)
def test_the_configuration_before_stays_in_force_and_the_setting_is_named(changed, name):
    world = make_world()
    before = world.engine.dump()
    world.submit(ev.Configured(config=msgspec.structs.replace(SolverConfig(), **changed)))
    assert world.engine.dump() == before
    assert world.reports[-1].kind == "CONFIGURATION"
    assert name in world.reports[-1].text
    world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    world.run()


def test_the_shipped_configuration_is_one_that_works():
    assert SolverConfig().objection() == ""
    assert SolverConfig(order_budget=1, routing_window_ns=0, idle_batches=0).objection() == ""
