"""The kinds of trouble that a run can have; each can be switched on by itself."""

from __future__ import annotations

import enum

__all__ = ["FaultKind", "UnknownFaultError", "parse_faults"]


class FaultKind(enum.StrEnum):
    """One kind of fault; the value is its name on the command line and in reports."""

    LOST = "lost"
    """A message does not arrive; it is noticed later."""
    LATE = "late"
    """A message takes very long."""
    DOUBLED = "doubled"
    """A message arrives twice."""
    REORDERED = "reordered"
    """A message is overtaken by those after it."""
    REJECTS = "rejects"
    """The venue refuses an order, for any class of reason."""
    UNKNOWN = "unknown"
    """Nobody knows whether an order reached the venue."""
    PARTIAL = "partial"
    """An order is filled in part, or not at all."""
    BOOKS = "books"
    """A book is stale, gapped, halted, crossed or empty."""
    REORGS = "reorgs"
    """The chain takes blocks back."""
    STUCK = "stuck"
    """A transaction waits long for its block."""
    REVERTED = "reverted"
    """A transaction fails."""
    DROPPED = "dropped"
    """A transaction never gets into a block."""
    DELAYS = "delays"
    """A transfer or a withdrawal takes very long, or loses more than was quoted."""
    REFUNDS = "refunds"
    """A transfer or a withdrawal fails, or comes back."""
    OUTAGES = "outages"
    """A connector is away."""
    CRASHES = "crashes"
    """The core dies, at any point of its work."""
    CLOCK = "clock"
    """The core's clock jumps."""
    DUPLICATES = "duplicates"
    """A client uses an order id twice."""
    HALTS = "halts"
    """An operator halts trading for a while."""


class UnknownFaultError(ValueError):
    """A fault kind that does not exist."""


def parse_faults(text: str) -> frozenset[FaultKind]:
    """Read `all`, `none` or a list of kinds with commas between; raises `UnknownFaultError`."""
    if text == "all":
        return frozenset(FaultKind)
    if text in ("none", ""):
        return frozenset()
    try:
        return frozenset(FaultKind(name.strip()) for name in text.split(","))
    except ValueError as error:
        known = ", ".join(FaultKind)
        raise UnknownFaultError(f"--faults {text!r}: {error}; say all, none, or some of {known}") from None
