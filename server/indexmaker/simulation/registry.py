"""Simulations by engine, imported when needed."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from indexmaker.simulation.result import Progress, SimulationRequest, SimulationResult

__all__ = ["SIMULATIONS", "Simulate", "UnknownEngineError", "simulation_of"]

Simulate = Callable[[SimulationRequest, Progress], SimulationResult]

SIMULATIONS = {"solver": "indexmaker.simulation.solver:simulate"}
"""Where each engine's simulation is."""


class UnknownEngineError(ValueError):
    """There is no simulation of this engine."""


def simulation_of(engine: str) -> Simulate:
    """The simulation of an engine; raises `UnknownEngineError`."""
    place = SIMULATIONS.get(engine)
    if place is None:
        raise UnknownEngineError(f"--engine {engine!r} cannot be simulated; known are {', '.join(sorted(SIMULATIONS))}")
    module, _, name = place.partition(":")
    simulate: Simulate = getattr(importlib.import_module(module), name)
    return simulate
