"""The border to linear solvers: a program in arrays, a solution, and the protocol that a solver fulfils."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Indices", "LinearProgram", "LpBackend", "LpSolution", "summed"]

Floats = NDArray[np.float64]
Indices = NDArray[np.int32]


def summed(places: NDArray[np.integer], amounts: Floats, size: int) -> Floats:
    """Amounts added up by place."""
    return np.asarray(np.bincount(places, weights=amounts, minlength=size), dtype=np.float64)


@dataclass(frozen=True, kw_only=True)
class LinearProgram:
    """Maximise `cost . x` with `0 <= x <= upper` and `row_lower <= A x <= row_upper`; A by columns (compressed)."""

    cost: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    starts: Indices
    rows: Indices
    values: Floats

    @property
    def columns(self) -> int:
        """Number of variables."""
        return len(self.cost)

    def times(self, x: Floats) -> Floats:
        """A x."""
        owners = np.repeat(np.arange(self.columns), np.diff(self.starts))
        return summed(self.rows, self.values * x[owners], len(self.row_lower))

    def priced(self, duals: Floats) -> Floats:
        """For each column `cost - column . duals`."""
        if not self.columns:
            return self.cost
        sums = np.add.reduceat(np.append(self.values * duals[self.rows], 0.0), self.starts[:-1])
        sums[np.diff(self.starts) == 0] = 0.0
        return self.cost - sums


@dataclass(frozen=True, kw_only=True)
class LpSolution:
    """An optimum: values, duals of the rows (change of the objective per unit of the row's bound), objective."""

    x: Floats
    duals: Floats
    objective: float


class LpBackend(Protocol):
    """A linear solver: the same program gives the same solution, whatever else the machine does."""

    name: str

    def solve(self, program: LinearProgram) -> LpSolution:
        """An optimal solution; raises `SolverFailed` for any other outcome."""
        ...
