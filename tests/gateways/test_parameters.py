"""Numbers in and out: decimals of the interface and the exact money behind them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.formats import fixed
from indexmaker.gateways.binance.parameters import Parameters, form

UNIT = 10**10  # 10**-8 of an asset in 10**-18


@given(st.integers(0, 10**28 - 1))
def test_what_is_shown_is_read_back_exactly(units: int) -> None:
    assert Parameters({"price": fixed(units * UNIT)}).decimal("price") == units * UNIT


@given(st.integers(1, 10**30))
def test_more_than_eight_decimals_are_cut_towards_zero(money: int) -> None:
    assert Parameters({"price": fixed(money)}).decimal("price") == money - money % UNIT
    assert fixed(-money) == f"-{fixed(money)}"


@pytest.mark.parametrize("text", ["1e-05", ".5", "5.", "+1", "1,5", " 1", "1" * 21, "nan", "٣"])
def test_text_that_is_no_decimal_is_refused(text: str) -> None:
    with pytest.raises(ApiError) as refusal:
        Parameters({"price": text}).decimal("price")
    assert refusal.value.code == -1100


def test_zeros_around_a_number_do_not_count() -> None:
    assert Parameters({"price": "0001.500000000000"}).decimal("price") == 15 * 10**17


def test_first_source_wins_and_no_source_repeats_a_name() -> None:
    assert form("a=1&b=x%2Fy", "a=2&c=") == {"a": "1", "b": "x/y", "c": ""}
    with pytest.raises(ApiError, match="Duplicate values for parameter 'a'"):
        form("a=1&a=1")
