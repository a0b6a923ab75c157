"""What the solver raises. Events never raise: their wrongs are answered with reports.

SolverError
└── StateError
"""

from __future__ import annotations

__all__ = ["SolverError", "StateError"]


class SolverError(Exception):
    """Parent of the solver's errors."""


class StateError(SolverError):
    """A snapshot that cannot be loaded; the journal still has everything."""
