"""Merging on a price grid never works against an order, and shares out to the last unit."""

from hypothesis import given
from hypothesis import strategies as st

from indexmaker.auction import Merger

BUY, SELL = ((0, 1),), ((0, -1),)
REFERENCE = 10**20


@st.composite
def crowds(draw):
    size = draw(st.integers(1, 40))
    legs = [draw(st.sampled_from([BUY, SELL])) for _ in range(size)]
    limits = [(1 if vector == BUY else -1) * draw(st.integers(99 * 10**18, 101 * 10**18)) for vector in legs]
    quantities = [draw(st.integers(0, 10**20)) for _ in range(size)]
    return legs, limits, quantities


@given(crowd=crowds())
def test_a_merged_limit_is_never_looser_than_any_member_and_never_tighter_by_more_than_a_line(crowd):
    legs, limits, _ = crowd
    merger = Merger(legs, limits, references=[REFERENCE])
    for (vector, limit), members in zip(merger.keys, merger.members, strict=True):
        for member in members:
            assert legs[member] == vector
            assert 0 <= limits[member] - limit < REFERENCE // 10_000


@given(crowd=crowds(), share=st.integers(0, 1000))
def test_fills_are_shared_out_whole_in_proportion_and_within_quantities(crowd, share):
    legs, limits, quantities = crowd
    merger = Merger(legs, limits, references=[REFERENCE])
    fills = [order.quantity * share // 1000 for order in merger.orders(quantities)]
    shares = merger.share_out(fills, quantities)
    assert all(0 <= share <= quantity for share, quantity in zip(shares, quantities, strict=True))
    for fill, members in zip(fills, merger.members, strict=True):
        assert sum(shares[member] for member in members) == fill
        whole = sum(quantities[member] for member in members)
        assert all(abs(shares[m] * whole - fill * quantities[m]) <= whole for m in members)


def test_the_last_unit_goes_to_the_largest_remainder_and_then_to_the_earlier_order():
    merger = Merger([BUY] * 3, [REFERENCE] * 3, references=[REFERENCE])
    assert merger.share_out([4], [1, 1, 3]) == [1, 1, 2]
    assert merger.share_out([2], [2, 2, 2]) == [1, 1, 0]
