"""What is asked of a simulation and what it answers, the same for every engine."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from indexmaker.simulation.faults import FaultKind

__all__ = ["Broken", "Progress", "SimulationRequest", "SimulationResult"]


class SimulationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One simulation. `steps` is the least number of events; what has begun then is brought to its end."""

    seed: int
    steps: int
    faults: frozenset[FaultKind] = frozenset(FaultKind)
    shrink_s: float = 60.0
    """How long a failing run may be made smaller, in seconds of real time; 0: not at all."""
    options: dict[str, str] = msgspec.field(default_factory=dict)
    """Options of the engine's own simulation."""


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that did not hold, and how to see it again."""

    kind: str
    text: str
    step: int
    """The event after which it was noticed."""
    reproduce: str
    """Command that shows it again."""
    actions: int
    """Actions before it; `trace` are those that are left after shrinking."""
    trace: tuple[str, ...] = ()
    last_events: tuple[str, ...] = ()
    """The events before the violation in the shrunk run."""


class SimulationResult(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome. Everything but `elapsed_s` and `steps_per_s` follows from the request."""

    engine: str
    seed: int
    steps: int
    crashes: int
    replays: int
    """States compared with a recovery from the journal."""
    faults: dict[str, int]
    """By kind, how many were played."""
    orders: int
    minted: int
    """Orders that ended so, like `redeemed`; `refunded` are settlements that gave money back."""
    redeemed: int
    refunded: int
    counts: dict[str, int]
    """What else happened, by name."""
    amounts: dict[str, str]
    """Totals as decimals."""
    violations: tuple[Broken, ...]
    state_hash: str
    virtual_s: int
    elapsed_s: float
    steps_per_s: int


Progress = Callable[[int], None]
"""Hears of the steps made, now and then."""
