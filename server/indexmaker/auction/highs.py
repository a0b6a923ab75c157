"""HiGHS as linear solver: simplex, or interior point with crossover where columns are many.

One thread, no time limit and a fixed seed: a replay must get the answer of the first run, however busy the
machine was. (All instances of a process must agree on the number of threads, else HiGHS refuses to run.)
"""

from __future__ import annotations

from typing import Literal

import highspy
import numpy as np

from indexmaker.auction.errors import SolverFailed
from indexmaker.auction.linear import LinearProgram, LpSolution

__all__ = ["HighsBackend"]

_THREADS = 1
_MANY_COLUMNS = 50_000


class HighsBackend:
    """`method`: `simplex`, `ipm`, or `auto`: interior point from 50,000 columns on."""

    name = "highs"

    def __init__(self, *, method: Literal["auto", "simplex", "ipm"] = "auto") -> None:
        self._method = method

    def solve(self, program: LinearProgram) -> LpSolution:
        """An optimal basic solution; raises `SolverFailed` with the status of HiGHS for any other outcome."""
        method = self._method
        if method == "auto":
            method = "ipm" if program.columns >= _MANY_COLUMNS else "simplex"
        highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (
            ("output_flag", False),
            ("threads", _THREADS),
            ("parallel", "off"),
            ("random_seed", 0),
            ("solver", method),
            ("run_crossover", "on"),
            ("primal_feasibility_tolerance", 1e-9),
            ("dual_feasibility_tolerance", 1e-9),
        ):
            highs.setOptionValue(option, value)
        if highs.passModel(_model(program)) == highspy.HighsStatus.kError:
            raise SolverFailed("HiGHS refused the program: not finite, or its arrays do not fit together")
        highs.run()
        status = highs.getModelStatus()
        if status != highspy.HighsModelStatus.kOptimal:
            raise SolverFailed(f"HiGHS ({method}) ended with {highs.modelStatusToString(status)}, not at an optimum")
        solution = highs.getSolution()
        return LpSolution(
            x=np.asarray(solution.col_value, dtype=np.float64),
            duals=np.asarray(solution.row_dual, dtype=np.float64),
            objective=float(highs.getInfo().objective_function_value),
        )


def _model(program: LinearProgram) -> highspy.HighsLp:
    model = highspy.HighsLp()
    model.num_col_ = program.columns
    model.num_row_ = len(program.row_lower)
    model.sense_ = highspy.ObjSense.kMaximize
    model.col_cost_ = program.cost
    model.col_lower_ = np.zeros(program.columns)
    model.col_upper_ = program.upper
    model.row_lower_ = program.row_lower
    model.row_upper_ = program.row_upper
    model.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    model.a_matrix_.start_ = program.starts
    model.a_matrix_.index_ = program.rows
    model.a_matrix_.value_ = program.values
    return model
