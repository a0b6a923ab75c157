"""Whether trading is halted, and what the last comparison with the outside found."""

from __future__ import annotations

from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import PositionCheck

__all__ = ["Reconciliation"]


class Reconciliation(Record, kw_only=True):
    """The last comparison of the ledger with venues, chains and bridges; only what differs is kept."""

    sequence: int
    at: int
    compared: int
    differences: tuple[PositionCheck, ...]
