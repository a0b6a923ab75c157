"""The simulation of the solver: one run by seed, and, when a rule breaks, the smallest run that breaks it too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from indexmaker.money import format_atoms
from indexmaker.runtime import Engine
from indexmaker.simulation.actions import Action, describe, group_of
from indexmaker.simulation.faults import FaultKind
from indexmaker.simulation.generator import actions
from indexmaker.simulation.result import Broken, Progress, SimulationRequest, SimulationResult
from indexmaker.simulation.run import Run
from indexmaker.simulation.shrinking import shrink
from indexmaker.solver import SolverEngine

__all__ = ["simulate"]

_NO_END = 1 << 62


def simulate(
    request: SimulationRequest,
    progress: Progress,
    *,
    factory: Callable[[], Engine[Any, Any]] = SolverEngine,
) -> SimulationResult:
    """Run, and shrink what fails; `factory` makes the engine that is tried."""
    began = time.monotonic()
    options: dict[str, Any] = {"factory": factory, "strategy": request.options.get("strategy", "water-filling")}
    run = Run(request.seed, actions(request.seed, request.faults), steps=request.steps, **options)
    violation = run.execute(progress)
    broken = [_broken(request, run, options)] if violation is not None else []
    elapsed = time.monotonic() - began
    world, contracts = run.world, run.world.chain.contracts
    ends = world.orders.ends
    return SimulationResult(
        engine="solver",
        seed=request.seed,
        steps=world.core.steps,
        crashes=world.core.crashes,
        replays=world.core.replays,
        faults=dict(sorted(world.faults.items())),
        orders=world.orders.taken,
        minted=ends["minted"],
        redeemed=ends["paid"],
        refunded=contracts.refunds,
        counts={
            "actions": len(run.performed),
            "batches": world.orders.batches,
            "cancelled": ends["cancelled"],
            "decisions": world.operators.decisions,
            "expired": ends["expired"],
            "fills": world.venue.fills,
            "partial_fills": world.orders.partial,
            "quotes_used": world.orders.quotes_used,
            "rebalances": world.orders.rebalances,
            "rejected": ends["rejected"],
            "reorganisations": world.chain.reorganised,
            "signatures": world.guardian.signed,
        },
        amounts={
            "minted_units": format_atoms(contracts.minted),
            "redeemed_units": format_atoms(contracts.redeemed),
            "refunded_collateral": format_atoms(contracts.refunded),
            "paid_collateral": format_atoms(contracts.paid),
        },
        violations=tuple(broken),
        state_hash=world.core.state_hash(),
        virtual_s=(world.scheduler.now - world.scheduler.start) // 10**9,
        elapsed_s=round(elapsed, 3),
        steps_per_s=round(world.core.steps / elapsed) if elapsed else 0,
    )


def _broken(request: SimulationRequest, run: Run, options: dict[str, Any]) -> Broken:
    violation = run.violation
    assert violation is not None
    deadline = time.monotonic() + request.shrink_s
    smallest = run

    def fails(some: Sequence[Action]) -> Sequence[Action] | None:
        nonlocal smallest
        again = Run(request.seed, some, steps=_NO_END, check_every=_NO_END, whole_journal=False, **options)
        found = again.execute()
        if found is None or found.kind != violation.kind:
            return None
        smallest = again
        return again.performed

    kept: Sequence[Action] = run.performed
    if request.shrink_s > 0:
        shrink(kept, group=group_of, fails=fails, out_of_time=lambda: time.monotonic() > deadline)
        kept = smallest.performed
    shown = smallest.violation or violation
    return Broken(
        kind=violation.kind,
        text=shown.text,
        step=run.world.core.steps,
        reproduce=(
            f"indexmaker simulate --engine solver --seed {request.seed} --steps {request.steps} "
            f"--faults {_names(request.faults)}"
        ),
        actions=len(run.performed),
        trace=tuple(describe(action) for action in kept),
        last_events=tuple(smallest.last_events),
    )


def _names(faults: frozenset[FaultKind]) -> str:
    if faults == frozenset(FaultKind):
        return "all"
    return ",".join(sorted(faults)) or "none"
