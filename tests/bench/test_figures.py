"""Benchmarks measure what they say; none of these tests looks at a time."""

import pytest

from indexmaker.bench.figures import median_rate, percentile, slope
from indexmaker.bench.solver_core import growth_figures
from indexmaker.bench.solver_intake import intake_figures


def test_a_percentile_is_a_value_that_was_measured():
    assert percentile([5, 1, 4, 2, 3], 0.5) == 3
    assert percentile([5, 1, 4, 2, 3], 0.99) == 5
    assert percentile([7], 0.5) == 7


@pytest.mark.parametrize(("power", "expected"), [(0, 0), (1, 1), (2, 2)])
def test_the_slope_is_the_exponent_of_growth(power, expected):
    assert slope([(size, 3.0 * size**power) for size in (10, 100, 1000)]) == pytest.approx(expected)


def test_a_rate_counts_what_the_work_says_it_did():
    assert median_rate(lambda: 0) == 0


def test_growth_is_told_for_every_size():
    figures = growth_figures(sizes=(5, 10))
    assert [figure.name for figure in figures if "memory of" in figure.name] == [
        "memory of an open order, 5 open",
        "memory of an open order, 10 open",
    ]
    assert all(figure.value > 0 for figure in figures if figure.unit != "exponent")


@pytest.mark.integration
def test_every_order_of_the_intake_is_accepted_and_timed():
    figures = intake_figures(orders=130)
    assert {figure.unit for figure in figures} == {"orders/s", "ms"}
    assert len(figures) == 6
