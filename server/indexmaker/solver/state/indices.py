"""The record of an index, and of what is done to it: deployments, published weights, rebalances."""

from __future__ import annotations

import msgspec

from indexmaker.solver.commands import RebalanceTrade
from indexmaker.solver.events import IndexCreated
from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import DeploymentState, Finality, IndexLimits, IndexState, RebalanceState

__all__ = ["DayUsage", "Deployment", "Index", "Rebalance", "TargetAsset", "WeightsPlan"]


class Index(Record, kw_only=True):
    """An index as last created, with the quantities of its basket per unit."""

    symbol: str
    version: int
    chain_id: int
    gate: str
    token: str
    token_decimals: int
    quantities: tuple[tuple[str, int], ...]
    management_fee: int
    redemption_fee: int = 0
    min_order: int
    max_order: int
    mint_threshold: int
    collateral: str
    collateral_decimals: int
    venue: str
    route: str
    custody: str
    destination: str
    state: IndexState = IndexState.ACTIVE
    name: str = ""
    definition: IndexCreated | None = None
    """As first asked for; the same again changes nothing."""
    weights: tuple[tuple[str, int], ...] = ()
    """Shares of value that the basket was made from; empty when it was given as quantities."""
    weights_version: int = 0
    """Version of the weights on the gate that the basket follows; 0 before the first."""
    limits: IndexLimits = IndexLimits()
    annual_fee: int = 0
    accrued_until: int = 0
    """Up to when the annual fee was taken."""
    rebalance_id: str = ""
    """The rebalance that is under way."""
    hurried: bool = False
    """A rebalance has waited long enough: orders that were begun end with what they have."""
    fee_due: bool = False
    """A fee period is over, and started sales are waited for."""
    minted: int = 0
    """Units that were ever minted and paid for, sales not taken off."""
    sold: int = 0
    """Units whose backing was sold for redemptions."""

    @property
    def unit(self) -> int:
        """The smallest amount of the collateral token, in atoms."""
        return int(10 ** (18 - self.collateral_decimals))

    @property
    def supply(self) -> int:
        """Units that the backing stands behind."""
        return self.minted - self.sold


class DayUsage(Record, kw_only=True):
    """Amount used up of a daily bound; `day` counts UTC days since 1970."""

    day: int
    amount: int


class Deployment(Record, kw_only=True):
    """Contracts of an index that a factory makes."""

    symbol: str
    definition: IndexCreated
    factory: str
    curator: str
    state: DeploymentState
    requested_at: int
    attempts: int = 0
    command_id: str = ""
    tx_hash: str = ""
    reason: str = ""


class WeightsPlan(Record, kw_only=True):
    """Weights that shall hold from a time on. `version` is the gate's; 0 for a curator's call without a chain."""

    plan_id: str
    sequence: int
    index: str
    version: int
    weights: tuple[tuple[str, int], ...]
    effective_at: int
    finality: Finality
    tx_hash: str = ""
    block_hash: str = ""


class TargetAsset(Record, kw_only=True):
    """One asset of a rebalance. `mid` is 0 while it has no price."""

    asset: str
    before: int
    weight: int
    mid: int = 0
    target: int = 0
    delayed: str = ""


class Rebalance(Record, kw_only=True):
    """One change of an index's basket, from the weights to the new quantities."""

    rebalance_id: str
    sequence: int
    index: str
    weights_version: int
    weights: tuple[tuple[str, int], ...]
    state: RebalanceState
    started_at: int
    traded_since: int = 0
    supply: int = 0
    assets: list[TargetAsset] = msgspec.field(default_factory=list)
    demands: list[str] = msgspec.field(default_factory=list)
    """House demands that trade the difference."""
    rounds: int = 0
    """How often purchases were filed."""
    trades: tuple[RebalanceTrade, ...] = ()
    basket_version: int = 0
