"""Making batches: markets, strategies and the plan with exchange quantities. Pure."""

from __future__ import annotations

from indexmaker.solver.batching.netting import Netting
from indexmaker.solver.batching.proportional import Proportional
from indexmaker.solver.batching.strategy import Allocation, AllocationProblem, AssetSupply, BatchStrategy, Demand
from indexmaker.solver.batching.water_filling import WaterFilling

__all__ = [
    "Allocation",
    "AllocationProblem",
    "AssetSupply",
    "BatchStrategy",
    "Demand",
    "Netting",
    "Proportional",
    "WaterFilling",
    "register_strategy",
    "strategy_named",
]

_DEFAULT = Netting()
_STRATEGIES: dict[str, BatchStrategy] = {s.name: s for s in (_DEFAULT, WaterFilling(), Proportional())}


def register_strategy(strategy: BatchStrategy) -> None:
    """Offer a strategy under its name; to be done before the first event is applied, and again before a
    replay.
    """
    _STRATEGIES[strategy.name] = strategy


def strategy_named(name: str) -> BatchStrategy:
    """The strategy of that name; the default one when nobody offers it."""
    return _STRATEGIES.get(name, _DEFAULT)
