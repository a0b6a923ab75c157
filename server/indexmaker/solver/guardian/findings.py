"""What the guardian compares, and how it tells what does not fit."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from indexmaker.money import format_atoms
from indexmaker.solver.vocabulary import Value

__all__ = ["Check", "Discrepancy", "differs", "unequal"]


class Check(enum.StrEnum):
    """What was compared; the ones from CHAIN on need more than the journal."""

    JOURNAL = "JOURNAL"
    IDENTITY = "IDENTITY"
    BALANCE = "BALANCE"
    PRECISION = "PRECISION"
    ROUTING_FEE = "ROUTING_FEE"
    MANAGEMENT_FEE = "MANAGEMENT_FEE"
    LOT = "LOT"
    OVERASSIGNED = "OVERASSIGNED"
    UNITS = "UNITS"
    LIMIT = "LIMIT"
    RELIEF = "RELIEF"
    CHAIN = "CHAIN"
    VENUE = "VENUE"
    ROOT = "ROOT"
    SIGNATURE = "SIGNATURE"
    SETTLEMENT = "SETTLEMENT"
    SIGNED_BEFORE = "SIGNED_BEFORE"


class Discrepancy(Value, frozen=True, kw_only=True):
    """One thing that does not fit."""

    check: Check
    text: str


def differs(check: Check, what: str, *, stated: int, computed: int) -> Discrepancy:
    """Two amounts, in atoms, that should agree."""
    text = f"{what}: invoice says {format_atoms(stated)}, recomputed {format_atoms(computed)}"
    return Discrepancy(check=check, text=text)


def unequal(check: Check, pairs: tuple[tuple[str, object, object], ...]) -> Iterator[Discrepancy]:
    """The pairs (what, stated, known) whose parts differ."""
    for what, stated, known in pairs:
        if stated != known:
            yield Discrepancy(check=check, text=f"{what}: invoice says {stated!r}, known is {known!r}")
