"""How much of a daily bound is used up, and how many units exist."""

from __future__ import annotations

from indexmaker.solver.state import DayUsage, Index
from indexmaker.solver.step import Step

__all__ = ["DAY_NS", "count_minted", "count_used", "used_today"]

DAY_NS = 24 * 3600 * 1_000_000_000


def count_minted(step: Step, index: Index, units: int) -> None:
    """Count units as minted (above zero) or as taken back by a reorg (below zero)."""
    index.minted += units
    count_used(step, f"minted:{index.symbol}", units)


def count_used(step: Step, subject: str, amount: int) -> None:
    """Add to what a subject has used on the present UTC day; never below zero."""
    used = used_today(step, subject) + amount
    step.state.usage[subject] = DayUsage(day=step.at // DAY_NS, amount=max(0, used))


def used_today(step: Step, subject: str) -> int:
    """What a subject has used on the present UTC day."""
    usage = step.state.usage.get(subject)
    return usage.amount if usage is not None and usage.day == step.at // DAY_NS else 0
