"""Against brute force and closed forms: the auction finds the optimum, and says so truly."""

import random

import pytest

from auction.books import SCALE, best_bound, best_integer_welfare, grown, problem, random_book
from indexmaker.auction import AuctionError, HighsBackend, Order, clear, value_of

UNITS = 10**9


def continuous(case):
    """Cleared with fills so fine that rounding is far below the tolerance."""
    return clear(grown(case, UNITS), HighsBackend())


@pytest.mark.parametrize("seed", range(150))
def test_the_certificate_proves_the_optimum_that_trying_every_vertex_of_the_dual_finds(seed):
    case = random_book(seed)
    certificate = continuous(case).certificate
    best = best_bound(case)
    ordered = sum(o.quantity * sum(abs(w) for _, w in o.legs) for o in case.orders) or 1
    tolerance = ordered * 100 / 10**5
    assert certificate.welfare / SCALE / UNITS == pytest.approx(float(best), abs=tolerance)
    assert certificate.bound / SCALE / UNITS == pytest.approx(float(best), abs=tolerance)
    assert certificate.bound >= best * SCALE * UNITS


@pytest.mark.parametrize("seed", range(60))
def test_no_whole_fills_are_better_than_the_bound(seed):
    case = random_book(seed, orders=5, quantity=3)
    assert best_integer_welfare(case) * SCALE * UNITS <= continuous(case).certificate.bound


@pytest.mark.parametrize("seed", range(200))
def test_nobody_trades_outside_the_limit_and_whoever_is_clearly_in_the_money_is_filled(seed):
    case = grown(random_book(seed), UNITS)
    result = clear(case, HighsBackend()).result
    for order, fill in zip(case.orders, result.fills, strict=True):
        margin = order.limit * SCALE - value_of(order.legs, result.prices)
        assert fill == 0 or margin >= 0
        if margin > SCALE // 1000:
            assert fill >= order.quantity - order.quantity // 10**6


@pytest.mark.parametrize("seed", range(80))
def test_simplex_and_interior_point_find_the_same_welfare_and_prices(seed):
    case = grown(random_book(seed), UNITS)
    simplex = clear(case, HighsBackend(method="simplex"))
    interior = clear(case, HighsBackend(method="ipm"))
    near = 10 + abs(simplex.certificate.welfare) // 10**8
    assert abs(simplex.certificate.welfare - interior.certificate.welfare) <= near
    assert simplex.result.prices == pytest.approx(interior.result.prices, abs=10)


def sweep(buys, sells):
    """Supply and demand of one atom: traded quantity by the sorted curves."""
    buys = sorted(([limit, quantity] for limit, quantity in buys), reverse=True)
    sells = sorted([limit, quantity] for limit, quantity in sells)
    welfare = 0
    while buys and sells and buys[0][0] >= sells[0][0]:
        traded = min(buys[0][1], sells[0][1])
        welfare += traded * (buys[0][0] - sells[0][0])
        for side in (buys, sells):
            side[0][1] -= traded
            if not side[0][1]:
                side.pop(0)
    return welfare


@pytest.mark.parametrize("seed", range(60))
def test_one_atom_clears_where_supply_meets_demand(seed):
    chance = random.Random(seed)
    buys = [(chance.randint(90, 110), chance.randint(1, 50)) for _ in range(chance.randint(0, 8))]
    sells = [(chance.randint(90, 110), chance.randint(1, 50)) for _ in range(chance.randint(0, 8))]
    orders = [Order(((0, 1),), limit, quantity) for limit, quantity in buys]
    orders += [Order(((0, -1),), -limit, quantity) for limit, quantity in sells]
    cleared = clear(problem(orders, [100]), HighsBackend())
    assert cleared.certificate.gap == 0
    assert cleared.certificate.welfare == sweep(buys, sells) * SCALE


def test_a_one_by_two_spread_trades_with_the_single_orders_of_its_legs():
    orders = [
        Order(((0, 1), (1, -2)), -3, 1000),
        Order(((0, -1),), -100, 1000),
        Order(((1, 1),), 55, 2000),
    ]
    cleared = clear(problem(orders, [100, 50]), HighsBackend())
    assert cleared.result.fills == [1000, 1000, 2000]
    assert cleared.certificate.welfare == (-3 * 1000 - 100 * 1000 + 55 * 2000) * SCALE
    first, second = cleared.result.prices
    assert first - 2 * second <= -3 * SCALE


def test_a_buyer_pays_the_ask_and_not_the_own_limit_when_the_book_has_enough():
    orders = [Order(((0, 1),), 120, 5), Order(((0, -1),), -100, 50, external=True)]
    cleared = clear(problem(orders, [99]), HighsBackend())
    assert cleared.result.fills == [5, 5]
    assert cleared.result.prices == [100 * SCALE]


def test_prices_that_the_orders_leave_free_stay_at_the_reference():
    orders = [Order(((0, 1),), 120, 5), Order(((0, -1),), -80, 5)]
    assert clear(problem(orders, [97]), HighsBackend()).result.prices == [97 * SCALE]
    assert clear(problem(orders, [150]), HighsBackend()).result.prices == [120 * SCALE]


def test_equal_orders_at_the_margin_get_equal_shares():
    orders = [Order(((0, 1),), 10, 500), Order(((0, 1),), 10, 1500), Order(((0, -1),), -9, 1000)]
    assert clear(problem(orders, [9]), HighsBackend()).result.fills == [250, 750, 1000]


def test_between_different_vectors_at_the_margin_the_smallest_share_is_as_large_as_it_can_be():
    orders = [
        Order(((0, 1),), 11, 10**9),
        Order(((1, 1),), 11, 10**9),
        Order(((0, -1), (2, 1)), 0, 10**10, external=True),
        Order(((1, -1), (2, 1)), 0, 10**10, external=True),
        Order(((2, -1),), -10, 10**9),
    ]
    fills = clear(problem(orders, [10, 10, 10]), HighsBackend()).result.fills
    assert fills[0] + fills[1] == 10**9
    assert fills[0] == pytest.approx(fills[1], abs=10)


def test_at_the_limit_as_much_as_possible_is_traded():
    orders = [Order(((0, 1),), 10, 7), Order(((0, -1),), -10, 5)]
    assert clear(problem(orders, [10]), HighsBackend()).result.fills == [5, 5]


def test_no_orders_no_trade():
    cleared = clear(problem([], [5]), HighsBackend())
    assert cleared.result.fills == []
    assert cleared.certificate.gap == 0


@pytest.mark.parametrize(
    "orders",
    [
        [Order(((1, 1),), 5, 1)],
        [Order((), 5, 1)],
        [Order(((0, 0),), 5, 1)],
        [Order(((0, 1),), 5, -1)],
        [Order(((0, 1), (0, 1)), 5, 1)],
    ],
    ids=["unknown atom", "no legs", "weight zero", "negative quantity", "atom twice"],
)
def test_an_order_that_makes_no_sense_is_refused(orders):
    with pytest.raises(AuctionError):
        clear(problem(orders, [5]), HighsBackend())
