"""Short runs for tests."""

from __future__ import annotations

from indexmaker.simulation.faults import FaultKind, parse_faults
from indexmaker.simulation.generator import actions
from indexmaker.simulation.run import Run


def run(seed: int, steps: int, faults: str = "all", strategy: str = "water-filling") -> Run:
    """A run that was executed; its violation, if it has one, is kept in it."""
    made = Run(seed, actions(seed, parse_faults(faults)), steps=steps, strategy=strategy, check_every=3_000)
    made.execute()
    return made


KINDS = sorted(kind.value for kind in FaultKind)
