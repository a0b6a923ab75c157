"""The netting auction as a strategy: what meets inside, what is bought, who is served, and its proof."""

import numpy as np
import pytest

from indexmaker.auction import LpSolution, SolverFailed
from indexmaker.bench.allocation_problem import allocation_problem
from indexmaker.money import ATOMS, parse_atoms
from indexmaker.solver.batching import AllocationProblem, AssetSupply, Demand, Netting, Proportional, WaterFilling
from indexmaker.solver.batching.reach import breaches, net_flows
from indexmaker.solver.vocabulary import Side

NEAR = 2e-6
"""Roundings of the auction, as a share: far below a cent."""


def amt(text):
    return parse_atoms(str(text))


def order(order_id, side, cap, limit=0, **basket):
    quantities = tuple((asset, amt(quantity)) for asset, quantity in sorted(basket.items()))
    return Demand(order_id=order_id, side=side, limit=amt(limit), quantities=quantities, cap=amt(cap))


def book(mid, *, asks=(), bids=(), **house):
    steps = {
        name: tuple((amt(price), amt(quantity)) for price, quantity in side)
        for name, side in (("asks", asks), ("bids", bids))
    }
    return AssetSupply(mid=amt(mid), **steps, **{name: amt(value) for name, value in house.items()})


def allocate(*demands, budget=10**9, **supplies):
    problem = AllocationProblem(demands=demands, supplies=supplies, budget=amt(budget))
    found = Netting().allocate(problem)
    assert breaches(problem, found.units) == []
    assert found.certificate is not None
    return problem, found


def test_a_sale_of_one_index_serves_a_purchase_of_another_without_the_books():
    deep = book(10, asks=[(11, 1000)], bids=[(9, 1000)])
    problem, found = allocate(
        order("sale", Side.SELL, 10, A=1, B=1), order("a", Side.BUY, 100, A=1), order("b", Side.BUY, 100, B=1),
        A=deep, B=deep,
    )  # fmt: skip
    missing, left_over = net_flows(problem.demands, found.units)
    assert all(abs(amount) < ATOMS // 10**4 for amount in (*missing.values(), *left_over.values()))
    assert found.units["sale"] == pytest.approx(10 * ATOMS, rel=NEAR)


def test_only_the_residue_goes_to_the_book_and_it_sets_the_price():
    problem, found = allocate(
        order("s", Side.SELL, 4, A=1), order("b", Side.BUY, 111, A=1), A=book(10, asks=[("11.1", 50)])
    )
    missing, _ = net_flows(problem.demands, found.units)
    assert found.units["b"] == pytest.approx(10 * ATOMS, rel=NEAR)
    assert missing["A"] == pytest.approx(6 * ATOMS, rel=NEAR)
    assert found.prices["A"] == amt("11.1")


def test_the_houses_inventory_comes_before_dearer_asks_and_is_not_sold_to_the_book():
    _, found = allocate(order("b", Side.BUY, 50, A=1), A=book(10, asks=[(12, 50)], bids=[(9, 50)], inventory=20))
    assert found.prices["A"] == amt(10)
    assert found.units["b"] == pytest.approx(5 * ATOMS, rel=NEAR)


def test_a_limit_at_the_price_of_the_book_is_served_and_one_below_is_not():
    supply = book(10, asks=[(11, 50)])
    _, found = allocate(
        order("at", Side.BUY, 22, limit=11, A=1), order("below", Side.BUY, 22, limit="10.999", A=1), A=supply
    )
    assert found.units == {"at": pytest.approx(2 * ATOMS, rel=NEAR), "below": 0}


def test_orders_of_one_index_without_limits_share_what_is_scarce_in_proportion():
    _, found = allocate(
        order("small", Side.BUY, 10, A=1, B=1), order("big", Side.BUY, 990, A=1, B=1),
        A=book(1, asks=[(1, 50)]), B=book(1, asks=[(1, 5000)]),
    )  # fmt: skip
    assert found.units["small"] == pytest.approx(amt("0.5"), rel=NEAR)
    assert found.units["big"] == pytest.approx(amt("49.5"), rel=NEAR)


def test_naming_an_absurd_limit_brings_no_more_than_naming_none():
    _, found = allocate(
        order("none", Side.BUY, 100, A=1), order("absurd", Side.BUY, 100, limit=10**6, A=1), A=book(1, asks=[(1, 100)])
    )
    assert found.units["none"] == pytest.approx(found.units["absurd"], rel=NEAR)


def test_a_share_that_one_index_cannot_use_goes_to_another():
    _, found = allocate(
        order("both", Side.BUY, 200, A=1, B=1), order("free", Side.BUY, 100, B=1),
        A=book(1, asks=[(1, 10)]), B=book(1, asks=[(1, 100)]),
    )  # fmt: skip
    assert found.units["both"] == pytest.approx(amt(10), rel=1e-5)
    assert found.units["free"] == pytest.approx(amt(90), rel=1e-5)


def test_the_budget_is_shared_by_orders_alike():
    _, found = allocate(
        order("a", Side.BUY, 100, A=1), order("b", Side.BUY, 300, B=1),
        A=book(1, asks=[(1, 1000)]), B=book(1, asks=[(1, 1000)]), budget=100,
    )  # fmt: skip
    assert found.units["a"] == pytest.approx(amt(25), rel=1e-5)
    assert found.units["b"] == pytest.approx(amt(75), rel=1e-5)


def test_a_deep_purchase_is_reckoned_at_the_price_it_reaches():
    steps = [(10, 1), (11, 1), (12, 1), (13, 100)]
    _, found = allocate(order("b", Side.BUY, 36, A=1), A=book(10, asks=steps))
    assert found.units["b"] <= 3 * ATOMS
    assert found.units["b"] >= amt("2.7")
    assert found.prices["A"] <= amt(13)


@pytest.mark.parametrize("seed", range(3))
def test_a_crowd_is_allocated_with_a_proof_and_more_value_than_in_proportion(seed):
    problem = allocation_problem(3000, indices=6, assets=25, levels=6, seed=seed)
    found = Netting().allocate(problem)
    assert found.certificate is not None
    assert 0 <= found.certificate.gap * 1000 <= found.certificate.bound
    assert breaches(problem, found.units) == []
    assert value(problem, found.units) > value(problem, Proportional().allocate(problem).units)


def value(problem, units):
    mids = {}
    for demand in problem.demands:
        basket = demand.quantities
        if basket not in mids:
            mids[basket] = sum(quantity * problem.supplies[asset].mid for asset, quantity in basket)
    return sum(units[demand.order_id] * mids[demand.quantities] for demand in problem.demands)


def test_the_sequence_of_a_crowd_does_not_matter():
    problem = allocation_problem(2500, indices=4, assets=12, levels=4)
    turned = AllocationProblem(
        demands=problem.demands[::-1], supplies=dict(reversed(problem.supplies.items())), budget=problem.budget
    )
    first, second = Netting().allocate(problem), Netting().allocate(turned)
    assert first.units == second.units
    assert first.prices == second.prices
    assert first.certificate == second.certificate


class Broken:
    name = "broken"

    def solve(self, program):
        raise SolverFailed("no optimum")


def test_without_a_solution_the_orders_are_served_by_water_filling_and_nothing_is_claimed():
    problem = allocation_problem(50, indices=3, assets=8, levels=3)
    found = Netting(Broken()).allocate(problem)
    assert found == WaterFilling().allocate(problem)
    assert found.certificate is None


class Lying:
    """A solver whose answers are wrong."""

    name = "lying"

    def solve(self, program):
        return LpSolution(x=program.upper.copy(), duals=np.zeros(len(program.row_lower)), objective=0.0)


def test_wrong_answers_of_a_solver_are_found_out():
    problem = allocation_problem(50, indices=3, assets=8, levels=3)
    assert Netting(Lying()).allocate(problem).certificate is None
