"""The certificate catches every kind of tampering, without a solver."""

import subprocess
import sys

import pytest
from msgspec.structs import replace

from auction.books import SCALE, grown, problem, random_book
from indexmaker.auction import HighsBackend, NotCertified, Order, Result, Row, certify, clear, no_trade

A, GIVES_A = ((0, 1),), ((0, -1),)
CASE = problem([Order(A, 12, 10), Order(A, 10, 10), Order(GIVES_A, -9, 15), Order(GIVES_A, -11, 5)], [9])
GOOD = Result(fills=[10, 5, 15, 0], prices=[10 * SCALE])


def test_an_optimum_has_no_gap():
    certificate = certify(CASE, GOOD)
    assert certificate.gap == 0
    assert certificate.welfare == (12 * 10 + 10 * 5 - 9 * 15) * SCALE


@pytest.mark.parametrize(
    "fills",
    [[10, 6, 15, 0], [11, 4, 15, 0], [10, 5, 15, -1], [10, 5, 15], [10, 10, 15, 5]],
    ids=["out of balance", "more than ordered", "negative", "one missing", "beyond a limit"],
)
def test_tampered_fills_are_refused(fills):
    with pytest.raises(NotCertified):
        certify(CASE, replace(GOOD, fills=fills))


def test_a_price_beyond_the_limit_of_somebody_filled_is_refused():
    with pytest.raises(NotCertified, match="beyond its limit"):
        certify(CASE, replace(GOOD, prices=[10 * SCALE + 1]))
    with pytest.raises(NotCertified, match="beyond its limit"):
        certify(CASE, replace(GOOD, prices=[9 * SCALE - 1]))


def test_worse_fills_and_worse_prices_show_as_a_gap():
    fewer = certify(CASE, replace(GOOD, fills=[10, 4, 14, 0]))
    assert fewer.gap == (10 - 9) * SCALE
    cheaper = certify(CASE, replace(GOOD, prices=[9 * SCALE]))
    assert cheaper.gap == 5 * SCALE
    nothing = certify(CASE, no_trade(CASE))
    assert nothing.welfare == 0
    assert nothing.gap >= certify(CASE, GOOD).welfare


@pytest.mark.parametrize("seed", range(60))
def test_moving_any_price_never_lowers_the_bound(seed):
    case = grown(random_book(seed), 10**9)
    cleared = clear(case, HighsBackend())
    nothing = replace(cleared.result, fills=[0] * len(case.orders))
    for atom in range(len(case.references)):
        for step in (-SCALE, SCALE):
            prices = list(cleared.result.prices)
            prices[atom] += step
            assert certify(case, replace(nothing, prices=prices)).bound >= cleared.certificate.welfare


def test_a_row_is_kept_and_its_dual_counted():
    row = Row(coefficients=((0, 3), (1, 3)), bound=30)
    case = problem([Order(A, 12, 10), Order(A, 10, 10), Order(GIVES_A, -9, 15)], [9], rows=[row])
    cleared = clear(case, HighsBackend())
    assert cleared.result.fills == [10, 0, 10]
    assert cleared.result.row_prices[0] > 0
    assert 0 <= cleared.certificate.gap <= SCALE
    with pytest.raises(NotCertified, match="row 0"):
        certify(case, replace(cleared.result, fills=[10, 1, 11]))
    with pytest.raises(NotCertified, match="negative"):
        certify(case, replace(cleared.result, row_prices=[-1]))


def test_what_is_wasted_is_bounded_and_counted():
    case = replace(CASE, wastes=[2])
    assert certify(case, replace(GOOD, fills=[10, 4, 15, 0])).gap == 10 * SCALE
    with pytest.raises(NotCertified):
        certify(case, replace(GOOD, fills=[10, 2, 15, 0]))
    with pytest.raises(NotCertified):
        certify(case, replace(GOOD, fills=[10, 6, 15, 0]))


def test_the_certificate_needs_no_solver():
    """The auditor's modules, alone in a process, import neither numpy nor HiGHS."""
    code = (
        "import importlib.util, sys, types;"
        "package = types.ModuleType('indexmaker.auction');"
        "import indexmaker, pathlib;"
        "package.__path__ = [str(pathlib.Path(p) / 'auction') for p in indexmaker.__path__];"
        "sys.modules['indexmaker.auction'] = package;"
        "import indexmaker.auction.certify;"
        "assert not {'numpy', 'highspy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
