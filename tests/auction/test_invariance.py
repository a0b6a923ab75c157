"""Changes of a book that must not change, or must only scale, what comes out."""

import random

import pytest
from msgspec.structs import replace

from auction.books import SCALE, grown, random_book
from indexmaker.auction import HighsBackend, Order, clear

SEEDS = range(60)


def cleared(case):
    return clear(case, HighsBackend())


def book(seed):
    return grown(random_book(seed), 10**9)


def with_orders(case, orders):
    return replace(case, orders=orders)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_the_orders_does_not_matter(seed):
    case = book(seed)
    places = list(range(len(case.orders)))
    random.Random(seed).shuffle(places)
    before = cleared(case)
    after = cleared(with_orders(case, [case.orders[place] for place in places]))
    assert after.result.prices == before.result.prices
    assert after.certificate == before.certificate
    for place, fill in zip(places, after.result.fills, strict=True):
        same = [n for n, o in enumerate(case.orders) if o == case.orders[place]]
        assert fill == pytest.approx(before.result.fills[same[0]], abs=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_in_two_parts_gets_what_the_whole_gets(seed):
    case = book(seed)
    first, *others = case.orders
    part = first.quantity // 3
    halves = [Order(first.legs, first.limit, part), Order(first.legs, first.limit, first.quantity - part)]
    before, after = cleared(case), cleared(with_orders(case, [*halves, *others]))
    assert after.result.prices == pytest.approx(before.result.prices, abs=5)
    assert sum(after.result.fills[:2]) == pytest.approx(before.result.fills[0], abs=10)


@pytest.mark.parametrize("seed", SEEDS)
def test_prices_scale_with_the_money(seed):
    case = book(seed)
    tenfold = [Order(o.legs, o.limit * 10, o.quantity) for o in case.orders]
    scaled = replace(case, orders=tenfold, references=[10 * r for r in case.references])
    before, after = cleared(case), cleared(scaled)
    assert after.result.prices == pytest.approx([10 * price for price in before.result.prices], abs=60)
    assert after.certificate.welfare == pytest.approx(10 * before.certificate.welfare, rel=1e-6, abs=SCALE * 10**4)


@pytest.mark.parametrize("seed", SEEDS)
def test_an_order_that_nobody_can_serve_changes_nothing(seed):
    case = book(seed)
    before = cleared(case)
    hopeless = Order(((0, 1),), -(10**6), 10**9)
    after = cleared(with_orders(case, [*case.orders, hopeless]))
    assert after.result.prices == before.result.prices
    assert after.result.fills == [*before.result.fills, 0]


@pytest.mark.parametrize("seed", SEEDS)
def test_buyers_and_sellers_are_treated_alike(seed):
    """Every vector turned round and every price negative is the same market seen from the other side."""
    case = book(seed)
    turned = [Order(tuple((a, -w) for a, w in o.legs), o.limit, o.quantity) for o in case.orders]
    mirrored = replace(case, orders=turned, references=[-r for r in case.references])
    before, after = cleared(case), cleared(mirrored)
    assert after.result.prices == pytest.approx([-price for price in before.result.prices], abs=5)
    assert after.certificate.welfare == pytest.approx(before.certificate.welfare, rel=1e-6, abs=SCALE * 10**4)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_names_of_the_atoms_do_not_matter(seed):
    case = book(seed)
    last = len(case.references) - 1
    renamed = [Order(tuple(sorted((last - a, w) for a, w in o.legs)), o.limit, o.quantity) for o in case.orders]
    other = replace(case, orders=renamed, references=case.references[::-1])
    before, after = cleared(case), cleared(other)
    assert after.result.prices[::-1] == pytest.approx(before.result.prices, abs=5)
    assert after.certificate.welfare == pytest.approx(before.certificate.welfare, rel=1e-6, abs=SCALE * 10**4)


def test_the_same_book_gives_the_same_result_every_time():
    case = book(7)
    assert cleared(case) == cleared(case)
