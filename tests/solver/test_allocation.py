"""What every strategy promises, whatever the orders and books: caps, limits, budget, balance of both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import ATOMS
from indexmaker.solver.batching import AllocationProblem, AssetSupply, Demand, Netting, Proportional, WaterFilling
from indexmaker.solver.batching.reach import breaches
from indexmaker.solver.vocabulary import Side

ASSETS = ["A", "B", "C"]
STRATEGIES = [Netting(), WaterFilling(), Proportional()]


def amounts(low, high):
    """Atoms between 10**low and 10**high, every magnitude as likely as another, seldom round."""
    return st.builds(
        lambda digits, size: digits * 10**size // 10**6, st.integers(10**6, 10**7 - 1), st.integers(low, high - 1)
    )


@st.composite
def supplies(draw):
    mid = draw(amounts(15, 23))
    asks, bids = [], []
    price = mid
    for rise, value in draw(st.lists(st.tuples(st.integers(0, 300), amounts(16, 23)), max_size=3)):
        price += price * rise // 10_000
        asks.append((price, value * ATOMS // price))
    price = mid
    for fall, value in draw(st.lists(st.tuples(st.integers(0, 300), amounts(16, 23)), max_size=3)):
        price -= price * fall // 10_000
        bids.append((price, value * ATOMS // price))
    house = st.one_of(st.just(0), st.just(1), amounts(12, 22))
    return AssetSupply(
        mid=mid,
        asks=tuple(asks),
        bids=tuple(bids),
        inventory=draw(house) * ATOMS // mid,
        absorb=draw(house) * ATOMS // mid,
        reservation=draw(st.sampled_from([0, mid + mid // 1000, mid - mid // 1000])),
    )


@st.composite
def problems(draw):
    offers = {asset: draw(supplies()) for asset in ASSETS if draw(st.integers(0, 9))}
    baskets = [
        tuple(
            (asset, max(1, draw(amounts(16, 21)) * ATOMS // offers[asset].mid) if asset in offers else ATOMS)
            for asset in sorted(draw(st.sets(st.sampled_from(ASSETS), min_size=1)))
        )
        for _ in range(draw(st.integers(1, 3)))
    ]
    demands = []
    for number in range(draw(st.integers(1, 6))):
        basket = draw(st.sampled_from(baskets))
        middle = sum(quantity * offers[a].mid // ATOMS for a, quantity in basket if a in offers)
        side, value = draw(st.sampled_from(Side)), draw(st.one_of(st.just(0), st.just(1), amounts(14, 23)))
        demands.append(
            Demand(
                order_id=f"o{number}",
                side=side,
                limit=middle * draw(st.sampled_from([0, 0, 97, 99, 100, 101, 105])) // 100,
                quantities=basket,
                cap=value if side is Side.BUY else value * ATOMS // max(1, middle),
            )
        )
    budget = draw(st.one_of(st.just(0), amounts(17, 22), st.just(10**26)))
    return AllocationProblem(demands=tuple(demands), supplies=offers, budget=budget)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
@given(problem=problems())
def test_no_cap_limit_supply_or_budget_is_ever_exceeded(strategy, problem):
    units = strategy.allocate(problem).units
    assert set(units) == {d.order_id for d in problem.demands}
    assert breaches(problem, units) == []


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
@given(problem=problems(), seed=st.randoms())
def test_the_order_of_the_demands_does_not_matter(strategy, problem, seed):
    shuffled = list(problem.demands)
    seed.shuffle(shuffled)
    again = AllocationProblem(demands=tuple(shuffled), supplies=problem.supplies, budget=problem.budget)
    assert strategy.allocate(again).units == strategy.allocate(problem).units


def order(order_id, side, cap, limit=0, **basket):
    quantities = tuple((asset, quantity * ATOMS) for asset, quantity in sorted(basket.items()))
    return Demand(order_id=order_id, side=side, limit=limit * ATOMS, quantities=quantities, cap=cap * ATOMS)


def problem(*demands, budget=10**6, **offers):
    return AllocationProblem(demands=demands, supplies=offers, budget=budget * ATOMS)


EMPTY = AssetSupply(mid=ATOMS)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_a_buyer_is_served_by_a_seller_where_the_book_is_empty(strategy):
    case = problem(order("b", Side.BUY, 10, A=1), order("s", Side.SELL, 4, A=1), A=EMPTY)
    units = strategy.allocate(case).units
    assert units["b"] == pytest.approx(4 * ATOMS, rel=1e-9)
    assert units["s"] == pytest.approx(4 * ATOMS, rel=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_a_seller_beyond_the_buyers_need_sells_to_the_bids_and_the_house(strategy):
    offer = AssetSupply(mid=ATOMS, bids=((ATOMS, 2 * ATOMS),), absorb=ATOMS)
    case = problem(order("b", Side.BUY, 1, A=1), order("s", Side.SELL, 10, A=1), A=offer)
    assert strategy.allocate(case).units["s"] == pytest.approx(4 * ATOMS, rel=1e-6)


@pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda s: s.name)
def test_an_order_whose_limit_the_books_cannot_meet_gets_nothing(strategy):
    offer = AssetSupply(mid=2 * ATOMS, asks=((2 * ATOMS, 100 * ATOMS),), bids=((2 * ATOMS, 100 * ATOMS),))
    case = problem(
        order("low", Side.BUY, 10, limit=1, A=1),
        order("fair", Side.BUY, 10, limit=2, A=1),
        order("dear", Side.SELL, 10, limit=3, A=1),
        A=offer,
    )
    assert strategy.allocate(case).units == {"low": 0, "fair": 5 * ATOMS, "dear": 0}


def test_no_orders_no_allocation():
    assert all(strategy.allocate(problem()).units == {} for strategy in STRATEGIES)
