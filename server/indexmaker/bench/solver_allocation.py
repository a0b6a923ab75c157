"""The netting auction beside the proportional rule on the same orders: time, value filled, the worst-off order."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Mapping, Sequence

import msgspec

from indexmaker.bench.allocation_problem import allocation_problem
from indexmaker.bench.figures import Figure
from indexmaker.money import ATOMS
from indexmaker.solver.batching import Allocation, AllocationProblem, BatchStrategy, Netting, Proportional
from indexmaker.solver.batching.reach import breaches
from indexmaker.solver.vocabulary import Side

__all__ = ["AllocationRun", "allocation_figures", "allocation_runs"]

_SIZES = (100, 1_000, 10_000, 100_000)


class AllocationRun(msgspec.Struct, frozen=True, kw_only=True):
    """One strategy at one size: median seconds, value at mid prices, and the largest share of value that an order
    without a limit was denied.

    `gap` is what the certificate leaves open as a share of the traded value (negative: no certificate).
    """

    strategy: str
    orders: int
    seconds: float
    value: float
    worst_loss: float
    gap: float


def allocation_runs(sizes: Sequence[int] = _SIZES, *, rounds: int = 3) -> list[AllocationRun]:
    """Both strategies at every size; `rounds` seeds each, of which the medians are told.

    Raises:
        RuntimeError: an allocation breaks a rule, or the auction has no certificate.
    """
    runs = []
    for size in sizes:
        problems = [allocation_problem(size, seed=seed) for seed in range(1, rounds + 1)]
        for strategy in (Netting(), Proportional()):
            found = [_measure(strategy, problem) for problem in problems]
            runs.append(
                AllocationRun(
                    strategy=strategy.name,
                    orders=size,
                    seconds=statistics.median(run.seconds for run in found),
                    value=statistics.median(run.value for run in found),
                    worst_loss=statistics.median(run.worst_loss for run in found),
                    gap=max(run.gap for run in found),
                )
            )
    return runs


def allocation_figures(sizes: Sequence[int] = _SIZES, *, rounds: int = 3) -> list[Figure]:
    """The runs as figures: the auction's, with the proportional rule of the same run as peer."""
    runs = allocation_runs(sizes, rounds=rounds)
    figures = []
    for ours, peer in zip(runs[::2], runs[1::2], strict=True):
        size = f"{ours.orders:,} orders"
        detail = f"worst-off order loses {ours.worst_loss:.1%}, with the peer {peer.worst_loss:.1%}"
        figures += [
            Figure(
                name=f"netting time, {size}",
                value=ours.seconds,
                unit="s",
                peer=peer.strategy,
                ratio=ours.seconds / peer.seconds,
                detail=f"certificate leaves open {ours.gap:.2g} of the traded value",
            ),
            Figure(
                name=f"value filled, {size}",
                value=ours.value,
                unit="USDC",
                peer=peer.strategy,
                ratio=ours.value / peer.value,
                detail=detail,
            ),
        ]
    return figures


def _measure(strategy: BatchStrategy, problem: AllocationProblem) -> AllocationRun:
    gc.collect()
    begun = time.perf_counter()
    allocation = strategy.allocate(problem)
    seconds = time.perf_counter() - begun
    broken = breaches(problem, allocation.units)
    if broken:
        raise RuntimeError(f"{strategy.name} breaks its rules: {broken[0]}")
    prices = {d.quantities: 0 for d in problem.demands}
    for basket in prices:
        prices[basket] = sum(quantity * problem.supplies[asset].mid for asset, quantity in basket) // ATOMS
    value = sum(allocation.units[d.order_id] * prices[d.quantities] // ATOMS for d in problem.demands) / ATOMS
    return AllocationRun(
        strategy=strategy.name,
        orders=len(problem.demands),
        seconds=seconds,
        value=value,
        worst_loss=_worst_loss(problem, allocation.units, prices),
        gap=_gap(strategy, allocation, value),
    )


def _worst_loss(
    problem: AllocationProblem, units: Mapping[str, int], prices: Mapping[tuple[tuple[str, int], ...], int]
) -> float:
    losses = []
    for demand in problem.demands:
        if demand.limit:
            continue
        wanted = demand.cap if demand.side is Side.BUY else demand.cap * prices[demand.quantities] // ATOMS
        filled = units[demand.order_id] * prices[demand.quantities] // ATOMS
        losses.append(max(0.0, 1 - filled / wanted))
    return max(losses, default=0.0)


def _gap(strategy: BatchStrategy, allocation: Allocation, value: float) -> float:
    if allocation.certificate is None:
        if strategy.name == Netting.name:
            raise RuntimeError("the auction found no certified allocation")
        return -1.0
    return allocation.certificate.gap / ATOMS**3 / value if value else 0.0
