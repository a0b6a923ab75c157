"""Across's fee formulas in integers of 10**-18, rounded down at each step as Across rounds them. Pure."""

from __future__ import annotations

from decimal import Decimal, localcontext

import msgspec

__all__ = ["ONE", "CapitalCost", "RateModel", "average_rate", "capital_fraction", "gas_fee", "part_of", "weekly_rate"]

ONE = 10**18
"""100 % as a fraction."""
WEEKS = 52
PRECISION = 60


class CapitalCost(msgspec.Struct, frozen=True, kw_only=True):
    """What a relayer wants for its capital: from `low` rising to `high` on what is above `cutoff` (fractions).

    `cutoff` is an amount in 10**-18 tokens; it may be 0 only when `low` equals `high`.
    """

    low: int
    high: int
    cutoff: int


class RateModel(msgspec.Struct, frozen=True, kw_only=True):
    """Yearly rates (fractions) of a pool by its utilisation: `r0` rising by `r1` up to `kink`, then by `r2`."""

    kink: int
    r0: int
    r1: int
    r2: int


def capital_fraction(amount: int, *, cost: CapitalCost) -> int:
    """The average fraction that capital costs on `amount` (10**-18 tokens, positive)."""
    if cost.high == cost.low:
        return cost.low
    slope = (cost.high - cost.low) * ONE // cost.cutoff
    rising = min(cost.cutoff, amount)
    above = max(0, amount - cost.cutoff)
    total = cost.low * amount // ONE + slope * (rising * rising // ONE) // (2 * ONE)
    total += (cost.high - cost.low) * above // ONE
    return total * ONE // amount


def average_rate(model: RateModel, *, before: int, after: int) -> int:
    """The yearly rate of money that raises a pool's utilisation (fractions) from `before` to `after`."""
    if after == before:
        return _rate(model, before)
    return (_area(model, after) - _area(model, before)) * ONE // (after - before)


def weekly_rate(yearly: int) -> int:
    """The rate of one week that compounds to `yearly` in a year."""
    with localcontext() as context:
        context.prec = PRECISION
        growth = (1 + Decimal(yearly) / ONE) ** (Decimal(1) / WEEKS)
        return int((growth - 1) * ONE)


def gas_fee(*, units: int, gas_price: int, data_fee: int, native_price: int, decimals: int) -> int:
    """A fill's gas in the token's smallest units, rounded up: the relayer must not lose.

    `gas_price` and `data_fee` (for the parent chain's data) are in wei, `native_price` is what one native coin costs
    in 10**-18 tokens.
    """
    wei = units * gas_price + data_fee
    whole: int = 10**decimals
    return -(-wei * native_price * whole // (ONE * ONE))


def part_of(amount: int, *, fraction: int) -> int:
    """`fraction` of an amount in any unit, rounded down."""
    return amount * fraction // ONE


def _rate(model: RateModel, utilisation: int) -> int:
    rising = min(utilisation, model.kink)
    above = max(0, utilisation - model.kink)
    return model.r0 + model.r1 * rising // model.kink + model.r2 * above // (ONE - model.kink)


def _area(model: RateModel, utilisation: int) -> int:
    """The area under the rate curve from 0 to `utilisation`."""
    rising = min(utilisation, model.kink)
    above = max(0, utilisation - model.kink)
    first = model.r0 * rising // ONE + model.r1 * rising * rising // (2 * model.kink * ONE)
    second = (model.r0 + model.r1) * above // ONE + model.r2 * above * above // (2 * (ONE - model.kink) * ONE)
    return first + second
