from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import ATOMS
from indexmaker.solver.batching import AllocationProblem, Demand, Proportional, WaterFilling

ASSETS = ["A", "B", "C"]
SLACK = 10**6
"""Atoms that rounding may leave unused: a millionth of a millionth of a unit."""


@st.composite
def problems(draw):
    demands = []
    for number in range(draw(st.integers(1, 5))):
        basket = draw(st.dictionaries(st.sampled_from(ASSETS), st.integers(10**15, 10**19), min_size=1))
        demands.append(
            Demand(
                order_id=f"o{number}",
                price=draw(st.integers(10**18, 10**22)),
                quantities=tuple(sorted(basket.items())),
                cap=draw(st.integers(0, 10**22)),
            )
        )
    supplies = {asset: draw(st.integers(0, 10**21)) for asset in ASSETS}
    return AllocationProblem(demands=tuple(demands), supplies=supplies, budget=draw(st.integers(0, 10**22)))


def values(problem, units):
    return {d.order_id: Fraction(units[d.order_id] * d.price, ATOMS) for d in problem.demands}


def used(problem, units, asset):
    total = 0
    for demand in problem.demands:
        quantity = dict(demand.quantities).get(asset, 0)
        total += -(-quantity * units[demand.order_id] // ATOMS)
    return total


@pytest.mark.parametrize("strategy", [WaterFilling(), Proportional()], ids=lambda s: s.name)
@given(problem=problems())
def test_no_cap_supply_or_budget_is_ever_exceeded(strategy, problem):
    units = strategy.allocate(problem)
    worth = values(problem, units)
    assert all(0 <= worth[d.order_id] <= d.cap for d in problem.demands)
    assert sum(worth.values()) <= problem.budget
    assert all(used(problem, units, asset) <= problem.supplies[asset] for asset in ASSETS)


@given(problem=problems())
def test_every_order_is_stopped_by_its_cap_or_by_something_used_up_where_none_has_more_than_it(problem):
    """The bottleneck property: it is equivalent to max-min fairness, and implies that nothing usable is left."""
    units = WaterFilling().allocate(problem)
    worth = values(problem, units)
    near = {d.order_id: Fraction(d.price, ATOMS) + 2 for d in problem.demands}
    highest_step = max(near.values())
    for demand in problem.demands:
        mine = worth[demand.order_id]
        if mine + near[demand.order_id] >= demand.cap:
            continue
        all_worth = sum(worth.values())
        tolerance = sum(near.values()) + len(problem.demands)
        if all_worth + tolerance >= problem.budget and mine + highest_step >= max(worth.values()):
            continue
        stopped = False
        for asset, _ in demand.quantities:
            users = [d for d in problem.demands if asset in dict(d.quantities)]
            rounding = sum(Fraction(dict(d.quantities)[asset], d.price) * highest_step + 3 for d in users)
            full = used(problem, units, asset) + rounding >= problem.supplies[asset]
            stopped |= full and mine + highest_step >= max(worth[d.order_id] for d in users)
        assert stopped, f"{demand.order_id} could have more"


@given(problem=problems(), seed=st.randoms())
def test_the_order_of_the_demands_does_not_matter(problem, seed):
    shuffled = list(problem.demands)
    seed.shuffle(shuffled)
    again = AllocationProblem(demands=tuple(shuffled), supplies=problem.supplies, budget=problem.budget)
    assert WaterFilling().allocate(again) == WaterFilling().allocate(problem)


def demand(order_id, cap, **basket):
    quantities = tuple((asset, quantity * ATOMS) for asset, quantity in sorted(basket.items()))
    return Demand(order_id=order_id, price=ATOMS, quantities=quantities, cap=cap * ATOMS)


def test_the_share_that_one_order_cannot_use_goes_to_another():
    problem = AllocationProblem(
        demands=(demand("both", 100, A=1, B=1), demand("free", 100, B=1)),
        supplies={"A": 10 * ATOMS, "B": 100 * ATOMS},
        budget=1000 * ATOMS,
    )
    fair = WaterFilling().allocate(problem)
    assert fair["both"] == pytest.approx(10 * ATOMS, rel=1e-9)
    assert fair["free"] == pytest.approx(90 * ATOMS, rel=1e-9)
    assert Proportional().allocate(problem)["free"] == pytest.approx(50 * ATOMS, rel=1e-9)


def test_a_small_order_is_not_starved_by_a_big_one():
    problem = AllocationProblem(
        demands=(demand("big", 1000, A=1), demand("small", 10, A=1)),
        supplies={"A": 100 * ATOMS},
        budget=1000 * ATOMS,
    )
    fair = WaterFilling().allocate(problem)
    assert fair["small"] == 10 * ATOMS
    assert fair["big"] == pytest.approx(90 * ATOMS, rel=1e-9)
    assert Proportional().allocate(problem)["small"] < ATOMS


def test_an_asset_without_supply_stops_only_the_orders_that_need_it():
    problem = AllocationProblem(
        demands=(demand("needs", 10, A=1, B=1), demand("other", 10, A=1)),
        supplies={"A": 100 * ATOMS},
        budget=1000 * ATOMS,
    )
    assert WaterFilling().allocate(problem) == {"needs": 0, "other": 10 * ATOMS}


def test_no_orders_no_allocation():
    empty = AllocationProblem(demands=(), supplies={}, budget=1)
    assert WaterFilling().allocate(empty) == Proportional().allocate(empty) == {}
