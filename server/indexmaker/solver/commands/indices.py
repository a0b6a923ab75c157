"""Commands to a chain about indices, and what is told about their management."""

from __future__ import annotations

from indexmaker.solver.commands.base import Command, Report
from indexmaker.solver.vocabulary import DeploymentState, RebalanceState, Side, Value

__all__ = [
    "DeployIndex",
    "DeploymentReport",
    "FeeAccrualReport",
    "PublishWeights",
    "RebalanceReport",
    "RebalanceTrade",
]


class DeployIndex(Command, frozen=True, kw_only=True):
    """Make the gate and the token of an index. Answered by `IndexTransactionUpdated` until FINAL or REVERTED."""

    chain_id: int
    factory: str
    symbol: str
    name: str
    curator: str


class PublishWeights(Command, frozen=True, kw_only=True):
    """Put weights on a gate. Answered by `IndexTransactionUpdated` until FINAL or REVERTED."""

    chain_id: int
    gate: str
    version: int
    weights: tuple[tuple[str, int], ...]
    effective_at: int


class DeploymentReport(Report, frozen=True, kw_only=True):
    """Where the contracts of a new index are."""

    symbol: str
    state: DeploymentState
    tx_hash: str = ""
    gate: str = ""
    token: str = ""
    reason: str = ""
    at: int = 0


class RebalanceTrade(Value, frozen=True, kw_only=True):
    """What a rebalance traded of one asset: `value` is what it really paid or got (fees included), `mid_value` the
    same quantity at the mid price that the rebalance was planned with.
    """

    asset: str
    side: Side
    wanted: int
    quantity: int
    value: int
    fee: int
    mid_value: int


class RebalanceReport(Report, frozen=True, kw_only=True):
    """A rebalance began, went on or ended. Holdings are what backs all units; values are in collateral.

    `slippage` is what the trades cost against mid, without `fees`; `cost_per_unit` is both by unit, rounded up.
    `cash` are proceeds not spent; they stay the holders' and are used by the next rebalance. `delayed` names the
    assets that could not be traded as planned, each with the reason.
    """

    rebalance_id: str
    index: str
    state: RebalanceState
    weights_version: int
    basket_version: int
    supply: int
    before: tuple[tuple[str, int], ...] = ()
    after: tuple[tuple[str, int], ...] = ()
    trades: tuple[RebalanceTrade, ...] = ()
    fees: int = 0
    slippage: int = 0
    cost_per_unit: int = 0
    cash: int = 0
    delayed: tuple[tuple[str, str], ...] = ()
    text: str = ""
    at: int = 0


class FeeAccrualReport(Report, frozen=True, kw_only=True):
    """The management fee of some periods was taken: the quantities per unit fell, `freed` is the house's now."""

    index: str
    basket_version: int
    periods: int
    supply: int
    freed: tuple[tuple[str, int], ...]
    at: int
