"""The canonical fills: of all optimal ones at these prices, the largest volume, then the most equal fill ratios.

What is in the money is full and what is out of it is empty; only what is at its limit is free. Equal vectors at
their limit count as one, so they get equal ratios. Between different ones the smallest ratio is raised as far
as it goes, then the next smallest (lexicographic max-min), so that nobody is starved for another's benefit.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexmaker.auction.errors import SolverFailed
from indexmaker.auction.linear import Floats, LinearProgram, LpBackend, LpSolution
from indexmaker.auction.model import Legs, Problem, value_of
from indexmaker.auction.scaling import ScaledProblem

__all__ = ["Standing", "State", "canonical_ratios", "stand"]

_EPSILON = 1e-10
_EXTERNAL_COST = 1e-3
"""What a step of an outside book costs in the volume: just enough not to be used without need."""
_RAISES = 16
"""Rounds of raising the smallest ratio; later ones keep what the last round gave them."""


class State(enum.IntEnum):
    """Where an order's limit stands to the prices."""

    EMPTY = 0
    FREE = 1
    FULL = 2


@dataclass(frozen=True, kw_only=True)
class Standing:
    """For each order its state and, exactly, its margin in price units; and whether it can take what rounding
    leaves on its atom: a single leg of weight one that is in no row.
    """

    states: list[State]
    margins: list[int]
    balancing: list[bool]


def stand(problem: Problem, scaled: ScaledProblem, prices: Sequence[int], row_duals: Floats) -> Standing:
    """Judge every order at the prices: balancing ones exactly, others within a rounding error of their lowered
    limit.
    """
    in_rows = {order for row in problem.rows for order, _ in row.coefficients}
    duals = np.array([float(p) for p in prices]) / problem.price_scale / scaled.prices
    reduced = scaled.program.priced(np.concatenate((duals, row_duals))).tolist()
    values: dict[Legs, int] = {}
    rounding: dict[Legs, float] = {}
    states, margins, balancing = [], [], []
    for number, order in enumerate(problem.orders):
        legs = order.legs
        value = values.get(legs)
        if value is None:
            value = values[legs] = value_of(legs, prices)
            rounding[legs] = _rounding(problem, legs)
        margin = order.limit * problem.price_scale - value
        balances = len(legs) == 1 and abs(legs[0][1]) == 1 and number not in in_rows
        measure = margin if balances else reduced[number]
        least = 0 if balances else _EPSILON + rounding[legs]
        state = State.FULL if measure > least else State.EMPTY if measure < -least or margin < 0 else State.FREE
        states.append(state)
        margins.append(margin)
        balancing.append(balances)
    return Standing(states=states, margins=margins, balancing=balancing)


def _rounding(problem: Problem, legs: Legs) -> float:
    """What rounded prices may move the value of these legs by, as a share of their value at the references."""
    moved = sum(abs(weight) * (abs(problem.references[atom]) // 10**12 + 1) for atom, weight in legs)
    value = sum(abs(weight) * max(1, abs(problem.references[atom])) for atom, weight in legs)
    return moved / value / problem.price_scale


def canonical_ratios(
    problem: Problem,
    scaled: ScaledProblem,
    standing: Standing,
    backend: LpBackend,
    fallback: LpSolution,
    *,
    equal: bool,
) -> Floats:
    """Filled share of every order, between 0 and 1; unless `equal`, any of the largest volume."""
    program = scaled.program
    states = np.array(standing.states)
    filled = np.where(states == State.FULL, program.upper, 0.0)
    ratios = np.where(states == State.FULL, 1.0, 0.0)
    groups = _groups(problem, np.flatnonzero((states == State.FREE) & (program.upper > 0)))
    if not groups:
        return ratios
    external = np.array([problem.orders[group[0]].external for group in groups], dtype=bool)
    margin = _restricted(program, groups, external, program.times(filled))
    try:
        x = backend.solve(margin).x
        if equal and np.count_nonzero(~external) > 1 and np.any(x[~external] < margin.upper[~external] * (1 - 1e-9)):
            x = _equalised(margin, external, x, backend)
    except SolverFailed:
        upper = np.where(program.upper > 0, program.upper, 1.0)
        return np.where(states == State.FREE, np.clip(fallback.x / upper, 0.0, 1.0), ratios)
    for group, share in zip(groups, (x / margin.upper).tolist(), strict=True):
        ratios[group] = min(1.0, max(0.0, share))
    return ratios


def _groups(problem: Problem, free: NDArray[np.int64]) -> list[list[int]]:
    """Free orders by vector; those in rows each for itself."""
    in_rows = {order for row in problem.rows for order, _ in row.coefficients}
    groups: dict[tuple[Legs, bool, int], list[int]] = {}
    for number in free.tolist():
        order = problem.orders[number]
        groups.setdefault((order.legs, order.external, number if number in in_rows else -1), []).append(number)
    return list(groups.values())


def _restricted(
    program: LinearProgram, groups: list[list[int]], external: NDArray[np.bool_], used: Floats
) -> LinearProgram:
    """The largest volume of the free groups, when the full orders use `used` of every row."""
    first = [group[0] for group in groups]
    entries = [np.arange(program.starts[column], program.starts[column + 1]) for column in first]
    inside = np.concatenate(entries)
    rows = program.rows[inside]
    present = np.unique(rows)
    position = np.zeros(len(program.row_lower), dtype=np.int32)
    position[present] = np.arange(len(present), dtype=np.int32)
    return LinearProgram(
        cost=np.where(external, -_EXTERNAL_COST, 1.0),
        upper=np.array([program.upper[group].sum() for group in groups]),
        row_lower=(program.row_lower - used)[present],
        row_upper=(program.row_upper - used)[present],
        starts=np.concatenate(([0], np.cumsum([len(e) for e in entries]))).astype(np.int32),
        rows=position[rows],
        values=program.values[inside],
    )


def _equalised(margin: LinearProgram, external: NDArray[np.bool_], x: Floats, backend: LpBackend) -> Floats:
    """Among the fills of largest volume those with lexicographically largest ratios."""
    volume = float(margin.cost @ x)
    floor = np.zeros(margin.columns)
    open_ = ~external
    for _ in range(_RAISES):
        if not open_.any():
            break
        solution = backend.solve(_raising(margin, open_, floor, volume))
        x, level = solution.x[:-1], float(solution.x[-1])
        blocked = open_.copy()
        blocked[open_] = np.abs(solution.duals[-np.count_nonzero(open_) :]) > 1e-9
        if not blocked.any() or level >= 1 - 1e-12:
            break
        floor[blocked] = level
        open_ &= ~blocked
    return x


def _raising(margin: LinearProgram, open_: NDArray[np.bool_], floor: Floats, volume: float) -> LinearProgram:
    """Maximise the smallest ratio of the open columns, the others kept at their floor, the volume kept."""
    rows, columns = len(margin.row_lower), margin.columns
    numbers = np.flatnonzero(open_)
    closed = np.flatnonzero(~open_ & (floor > 0))
    owners = np.repeat(np.arange(columns), np.diff(margin.starts))
    every = np.arange(columns)
    volume_row, closed_rows = rows, rows + 1 + np.arange(len(closed))
    open_rows = rows + 1 + len(closed) + np.arange(len(numbers))
    level = np.full(len(numbers), columns)
    cols = np.concatenate((owners, every, closed, numbers, level))
    rws = np.concatenate((margin.rows, np.full(columns, volume_row), closed_rows, open_rows, open_rows))
    vals = np.concatenate(
        (margin.values, margin.cost, np.ones(len(closed)), np.ones(len(numbers)), -margin.upper[numbers])
    )
    order = np.lexsort((rws, cols))
    starts = np.concatenate(([0], np.cumsum(np.bincount(cols, minlength=columns + 1))))
    endless = np.full(1 + len(closed) + len(numbers), np.inf)
    least = np.concatenate(
        ([volume - 1e-9 * abs(volume)], floor[closed] * margin.upper[closed] * (1 - 1e-9), np.zeros(len(numbers)))
    )
    return replace(
        margin,
        cost=np.concatenate((np.zeros(columns), [float(margin.upper.max())])),
        upper=np.concatenate((margin.upper, [1.0])),
        row_lower=np.concatenate((margin.row_lower, least)),
        row_upper=np.concatenate((margin.row_upper, endless)),
        starts=starts.astype(np.int32),
        rows=rws[order].astype(np.int32),
        values=vals[order],
    )
