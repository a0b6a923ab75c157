"""Progressive filling of one side: the bottleneck property, and what it is for."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.money import ATOMS
from indexmaker.solver.batching.filling import Share, fill_fairly
from indexmaker.solver.batching.proportional import fill_in_proportion

ASSETS = ["A", "B", "C"]


@st.composite
def cases(draw):
    shares = []
    for number in range(draw(st.integers(1, 5))):
        basket = draw(st.dictionaries(st.sampled_from(ASSETS), st.integers(10**15, 10**19), min_size=1))
        shares.append(
            Share(
                order_id=f"o{number}",
                price=draw(st.integers(10**18, 10**22)),
                quantities=tuple(sorted(basket.items())),
                cap=draw(st.integers(0, 10**22)),
            )
        )
    room = {asset: draw(st.integers(0, 10**21)) for asset in ASSETS}
    return shares, room, draw(st.integers(0, 10**22))


def values(shares, units):
    return {s.order_id: Fraction(units[s.order_id] * s.price, ATOMS) for s in shares}


def used(shares, units, asset):
    return sum(-(-dict(s.quantities).get(asset, 0) * units[s.order_id] // ATOMS) for s in shares)


@pytest.mark.parametrize("fill", [fill_fairly, fill_in_proportion])
@given(case=cases())
def test_no_cap_room_or_budget_is_ever_exceeded(fill, case):
    shares, room, budget = case
    units = fill(shares, room=room, budget=budget)
    worth = values(shares, units)
    assert all(0 <= worth[s.order_id] <= s.cap for s in shares)
    assert sum(worth.values()) <= budget
    assert all(used(shares, units, asset) <= room[asset] for asset in ASSETS)


@given(case=cases())
def test_every_share_is_stopped_by_its_cap_or_by_something_used_up_where_none_has_more_than_it(case):
    """The bottleneck property: it is equivalent to max-min fairness, and implies that nothing usable is left."""
    shares, room, budget = case
    units = fill_fairly(shares, room=room, budget=budget)
    worth = values(shares, units)
    near = {s.order_id: Fraction(s.price, ATOMS) + 2 for s in shares}
    highest_step = max(near.values())
    for share in shares:
        mine = worth[share.order_id]
        if mine + near[share.order_id] >= share.cap:
            continue
        tolerance = sum(near.values()) + len(shares)
        if sum(worth.values()) + tolerance >= budget and mine + highest_step >= max(worth.values()):
            continue
        stopped = False
        for asset, _ in share.quantities:
            users = [s for s in shares if asset in dict(s.quantities)]
            rounding = sum(Fraction(dict(s.quantities)[asset], s.price) * highest_step + 3 for s in users)
            full = used(shares, units, asset) + rounding >= room[asset]
            stopped |= full and mine + highest_step >= max(worth[s.order_id] for s in users)
        assert stopped, f"{share.order_id} could have more"


@given(case=cases(), seed=st.randoms())
def test_the_order_of_the_shares_does_not_matter(case, seed):
    shares, room, budget = case
    shuffled = list(shares)
    seed.shuffle(shuffled)
    assert fill_fairly(shuffled, room=room, budget=budget) == fill_fairly(shares, room=room, budget=budget)


def share(order_id, cap, **basket):
    quantities = tuple((asset, quantity * ATOMS) for asset, quantity in sorted(basket.items()))
    return Share(order_id=order_id, price=ATOMS, quantities=quantities, cap=cap * ATOMS)


def test_the_share_that_one_order_cannot_use_goes_to_another():
    shares = [share("both", 100, A=1, B=1), share("free", 100, B=1)]
    room = {"A": 10 * ATOMS, "B": 100 * ATOMS}
    fair = fill_fairly(shares, room=room)
    assert fair["both"] == pytest.approx(10 * ATOMS, rel=1e-9)
    assert fair["free"] == pytest.approx(90 * ATOMS, rel=1e-9)
    assert fill_in_proportion(shares, room=room)["free"] == pytest.approx(50 * ATOMS, rel=1e-9)


def test_a_small_order_is_not_starved_by_a_big_one():
    shares = [share("big", 1000, A=1), share("small", 10, A=1)]
    fair = fill_fairly(shares, room={"A": 100 * ATOMS})
    assert fair["small"] == 10 * ATOMS
    assert fair["big"] == pytest.approx(90 * ATOMS, rel=1e-9)
    assert fill_in_proportion(shares, room={"A": 100 * ATOMS})["small"] < ATOMS


def test_an_asset_without_room_stops_only_the_shares_that_need_it():
    shares = [share("needs", 10, A=1, B=1), share("other", 10, A=1)]
    assert fill_fairly(shares, room={"A": 100 * ATOMS}) == {"needs": 0, "other": 10 * ATOMS}


def test_no_shares_no_units():
    assert fill_fairly([], room={}) == fill_in_proportion([], room={}) == {}
