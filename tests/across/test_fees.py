"""Across's fee formulas, held against the check vectors of its own library."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker_across.fees import (
    ONE,
    CapitalCost,
    RateModel,
    average_rate,
    capital_fraction,
    gas_fee,
    weekly_rate,
)
from indexmaker_across.quotes import Charges, FeeModel, LocalQuotes, PoolRate, above_cap

PERCENT = ONE // 100
POOL = RateModel(kink=65 * PERCENT, r0=0, r1=8 * PERCENT, r2=ONE)
DOLLARS = st.integers(min_value=1, max_value=10**8)


@pytest.mark.parametrize(
    ("before", "after", "yearly", "weekly"),
    [
        (0, 1, 615384615384600, 11830749673498),
        (95, 100, 1008571428571428580, 13502339199904125),
    ],
)
def test_pool_rates_equal_the_published_vectors(before: int, after: int, yearly: int, weekly: int) -> None:
    assert average_rate(POOL, before=before * PERCENT, after=after * PERCENT) == yearly
    assert weekly_rate(yearly) == weekly


def test_an_amount_too_small_to_move_the_pool_pays_the_rate_of_the_moment() -> None:
    assert average_rate(POOL, before=65 * PERCENT, after=65 * PERCENT) == 8 * PERCENT


def test_the_capital_of_dollars_costs_one_basis_point_whatever_the_amount() -> None:
    flat = CapitalCost(low=ONE // 10_000, high=ONE // 10_000, cutoff=0)
    assert {capital_fraction(amount * ONE, cost=flat) for amount in (1, 1_000, 10**9)} == {ONE // 10_000}


@given(low=st.integers(0, PERCENT), rise=st.integers(1, PERCENT), cutoff=DOLLARS, amount=DOLLARS, more=DOLLARS)
def test_capital_costs_rise_with_the_amount_between_their_bounds(
    low: int, rise: int, cutoff: int, amount: int, more: int
) -> None:
    cost = CapitalCost(low=low, high=low + rise, cutoff=cutoff * ONE)
    small = capital_fraction(amount * ONE, cost=cost)
    large = capital_fraction((amount + more) * ONE, cost=cost)
    assert low - 2 <= small <= large + 2 <= low + rise + 2  # each step is rounded down


@given(before=st.integers(0, 99), step=st.integers(1, 100))
def test_pool_rates_rise_with_utilisation(before: int, step: int) -> None:
    after = min(100, before + step)
    rate = average_rate(POOL, before=before * PERCENT, after=after * PERCENT)
    at_start = average_rate(POOL, before=before * PERCENT, after=before * PERCENT)
    at_end = average_rate(POOL, before=after * PERCENT, after=after * PERCENT)
    assert at_start - 100 <= rate <= at_end + 100


def test_gas_is_rounded_up_to_the_tokens_unit() -> None:
    wei_of_a_unit = 10**12  # one native coin is worth one dollar of 10**6 units
    exact = gas_fee(units=1, gas_price=wei_of_a_unit, data_fee=0, native_price=ONE, decimals=6)
    above = gas_fee(units=1, gas_price=wei_of_a_unit, data_fee=1, native_price=ONE, decimals=6)
    assert (exact, above) == (1, 2)


@given(charges=st.builds(Charges, capital=DOLLARS, gas=DOLLARS, lp=DOLLARS), total=st.integers(-100, 10**9))
def test_observed_fees_keep_the_quotes_proportions_and_their_sum_exactly(charges: Charges, total: int) -> None:
    assert charges.scaled_to(total).total == total


async def test_the_local_model_adds_capital_gas_and_pool_fees() -> None:
    pool = PoolRate(kink="0.65", r0="0", r1="0.08", r2="1", utilisation="0.95", pool_size="20000")
    model = FeeModel(gas_units=100_000, gas_price_wei=10**9, data_fee_wei=0, native_price="4000", lp=pool)
    charges = await LocalQuotes(model).charges(1_000 * 10**6)
    assert charges == Charges(capital=100_000, gas=400_000, lp=13_502_339)


@given(amount=st.integers(1, 10**13))
def test_the_cap_is_exact(amount: int) -> None:
    fee = amount * 50 // 10_000
    assert not above_cap(fee, amount=amount, cap_bps=50)
    assert above_cap(fee + 1, amount=amount, cap_bps=50)
