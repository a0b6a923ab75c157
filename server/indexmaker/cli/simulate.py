"""`indexmaker simulate`: a whole engine and everything around it in one process, by seed, with faults."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from indexmaker.simulation.faults import UnknownFaultError, parse_faults
from indexmaker.simulation.registry import UnknownEngineError, simulation_of
from indexmaker.simulation.result import SimulationRequest, SimulationResult

__all__ = ["app"]

app = App(name="simulate", help="Run a whole engine with users, venue, chain and bridge by seed, with faults.")

_OK, _BROKEN, _BAD_ARGUMENT = 0, 1, 2
_TELL_EVERY_S = 5.0
_LONGEST_TRACE = 100


@app.default
def simulate(
    *,
    engine: str = "solver",
    seed: int = 1,
    steps: int = 20_000,
    faults: str = "all",
    strategy: str = "water-filling",
    shrink_seconds: float = 60.0,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Simulate an engine. The same arguments give the same run, to the hash of the last state.

    After every step the books are compared with the outside, and everything that has begun is brought to its end.
    Exit code 0: no rule was broken; 1: one was, and the smallest run found that breaks it is printed; 2: a bad
    argument. Progress of long runs goes to stderr.

    Parameters
    ----------
    engine
        Which engine.
    seed
        What chance is made from.
    steps
        The least number of events.
    faults
        all, none, or kinds with commas between: lost, late, doubled, reordered, rejects, unknown, partial, books,
        reorgs, stuck, reverted, dropped, delays, refunds, outages, crashes, clock, duplicates, halts.
    strategy
        The batch strategy of the solver.
    shrink_seconds
        How long a failing run may be made smaller; 0: not at all.
    json
        Print JSON.
    """
    try:
        request = SimulationRequest(
            seed=seed,
            steps=steps,
            faults=parse_faults(faults),
            shrink_s=shrink_seconds,
            options={"strategy": strategy},
        )
        run = simulation_of(engine)
    except (UnknownFaultError, UnknownEngineError) as error:
        sys.stderr.write(f"{error}\n")
        return _BAD_ARGUMENT
    result = run(request, _Teller(steps))
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n" if json else _text(result))
    return _BROKEN if result.violations else _OK


class _Teller:
    """Says now and then how far a run is."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._began = self._told = time.monotonic()

    def __call__(self, steps: int) -> None:
        now = time.monotonic()
        if now - self._told >= _TELL_EVERY_S:
            self._told = now
            rate = steps / (now - self._began)
            sys.stderr.write(f"{steps} of {self._steps} steps, {rate:.0f} a second\n")
            sys.stderr.flush()


def _text(result: SimulationResult) -> str:
    fields = msgspec.to_builtins(result)
    violations = fields.pop("violations")
    lines = []
    for name, value in fields.items():
        shown = " ".join(f"{key}={one}" for key, one in value.items()) if isinstance(value, dict) else value
        lines.append(f"{name:<12} {shown}")
    for one in violations:
        lines += ["", f"BROKEN       {one['kind']}: {one['text']}", f"reproduce    {one['reproduce']}"]
        lines += [
            f"actions      {len(one['trace'])} left of {one['actions']}:",
            *(f"  {line}" for line in one["trace"]),
        ]
        lines += ["the last events:", *(f"  {line}" for line in one["last_events"])]
    return "\n".join(lines) + "\n"
