"""From exact integers to a well-scaled linear program.

Everything is measured in value at the reference prices: a column's variable is the value of what is filled, a
row's entry is the value share of an atom, and a dual is the price as a multiple of its reference. So numbers
are near one whatever the decimals of the assets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from indexmaker.auction.linear import Floats, Indices, LinearProgram, summed
from indexmaker.auction.model import Order, Problem, price_tolerance

__all__ = ["ScaledProblem", "effective_limit", "scale"]

_LARGEST = 1e6
"""Upper bound of the largest variable, in scaled units."""
_ROW_SLACK = 1e-10
"""Share of a row's bound that is left to rounding."""


@dataclass(frozen=True, kw_only=True)
class ScaledProblem:
    """A program and what brings its numbers back: `fill = x * money / unit_values`, `price = dual * prices`, and for
    rows `dual / row_scales`.
    """

    program: LinearProgram
    money: float
    unit_values: Floats
    prices: Floats
    row_scales: Floats

    @property
    def atoms(self) -> int:
        """Rows that are atoms."""
        return len(self.prices)


def scale(problem: Problem) -> ScaledProblem:
    """Atoms are the first rows (equalities), the problem's rows follow (upper bounds)."""
    references = np.array([max(1.0, abs(float(reference))) for reference in problem.references])
    orders = problem.orders
    counts = np.array([len(order.legs) for order in orders], dtype=np.int32)
    atoms = np.array([atom for order in orders for atom, _ in order.legs], dtype=np.int32)
    weights = np.array([float(weight) for order in orders for _, weight in order.legs])
    owners = np.repeat(np.arange(len(orders)), counts)
    worth = weights * references[atoms]
    unit_values = summed(owners, np.abs(worth), len(orders))
    capacity = np.array([float(order.quantity) for order in orders]) * unit_values
    money = max(1.0, float(capacity.max(initial=0.0)) / _LARGEST)
    limits = np.array([float(effective_limit(problem, order)) for order in orders]) / problem.price_scale
    entries = _Entries(owners, atoms, worth / unit_values[owners])
    bounds, row_scales = np.zeros(0), np.ones(0)
    if problem.rows:
        entries, row_scales = _add_rows(problem, entries, unit_values)
        bounds = np.array([float(row.bound) for row in problem.rows]) / money / row_scales * (1 - _ROW_SLACK)
    starts = np.concatenate(([0], np.cumsum(np.bincount(entries.columns, minlength=len(orders)))))
    program = LinearProgram(
        cost=limits / unit_values,
        upper=capacity / money,
        row_lower=np.concatenate((np.zeros(len(references)), np.full(len(bounds), -np.inf))),
        row_upper=np.concatenate((np.zeros(len(references)), bounds)),
        starts=starts.astype(np.int32),
        rows=entries.rows,
        values=entries.values,
    )
    return ScaledProblem(
        program=program, money=money, unit_values=unit_values, prices=references, row_scales=row_scales
    )


def effective_limit(problem: Problem, order: Order) -> int:
    """The limit in price units, lowered for an order of several legs (see `price_tolerance`)."""
    tolerance = price_tolerance(order.legs, references=problem.references, price_scale=problem.price_scale)
    return order.limit * problem.price_scale - tolerance


class _Entries(NamedTuple):
    """Matrix entries in the order of their columns."""

    columns: NDArray[np.int64]
    rows: Indices
    values: Floats


def _add_rows(problem: Problem, entries: _Entries, unit_values: Floats) -> tuple[_Entries, Floats]:
    """The problem's rows below the atoms, each divided by its largest coefficient per unit of value."""
    scales = []
    columns, rows, values = [], [], []
    for number, row in enumerate(problem.rows):
        shares = [(order, float(coefficient) / unit_values[order]) for order, coefficient in row.coefficients]
        largest = max((abs(share) for _, share in shares), default=0.0) or 1.0
        scales.append(largest)
        for order, share in shares:
            columns.append(order)
            rows.append(len(problem.references) + number)
            values.append(share / largest)
    merged = _Entries(
        np.concatenate((entries.columns, np.array(columns, dtype=np.int64))),
        np.concatenate((entries.rows, np.array(rows, dtype=np.int32))),
        np.concatenate((entries.values, np.array(values, dtype=np.float64))),
    )
    sequence = np.argsort(merged.columns, kind="stable")
    return _Entries(merged.columns[sequence], merged.rows[sequence], merged.values[sequence]), np.array(scales)
