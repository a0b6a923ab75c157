"""The solver: a deterministic state machine from deposits and index orders to baskets and mint invoices."""

from __future__ import annotations

from indexmaker.solver.config import SolverConfig
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.errors import SolverError, StateError

__all__ = ["SolverConfig", "SolverEngine", "SolverError", "StateError"]
