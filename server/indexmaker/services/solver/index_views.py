"""Indices, deployments, rebalances and values as messages."""

from __future__ import annotations

from collections.abc import Iterable

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.identifiers import AccountId
from indexmaker.money import format_atoms
from indexmaker.services.solver.nav import Nav
from indexmaker.solver.events import IndexCreated
from indexmaker.solver.handlers.rebalance_reports import cost_of_rebalance, traded
from indexmaker.solver.state import Deployment, Index, Rebalance, SolverState, WeightsPlan
from indexmaker.solver.vocabulary import DeploymentState, IndexLimits, Side

__all__ = ["deployment_view", "index_view", "nav_view", "plan_view", "rebalance_view", "weights_view"]

_MS = 1_000_000


def index_view(index: Index, *, deployment: Deployment | None = None, note: str = "") -> pb.Index:
    """An index with its basket and bounds."""
    weights = dict(index.weights)
    definition = index.definition
    given = {one.asset: one.reference_price for one in definition.constituents} if definition else {}
    return pb.Index(
        symbol=index.symbol,
        name=index.name or index.symbol,
        chain_id=index.chain_id,
        gate=index.gate,
        token=index.token,
        constituents=[
            pb.Constituent(
                asset=asset,
                weight=_optional(weights.get(asset, 0)),
                quantity=format_atoms(quantity),
                reference_price=_optional(given.get(asset, 0)),
            )
            for asset, quantity in index.quantities
        ],
        basket_version=index.version,
        management_fee=format_atoms(index.management_fee),
        min_order=format_atoms(index.min_order),
        max_order=format_atoms(index.max_order),
        state=pb.IndexState.Value(f"INDEX_STATE_{index.state.value}"),
        annual_fee=format_atoms(index.annual_fee),
        limits=_limits(index.limits),
        supply=format_atoms(index.supply),
        weights_version=index.weights_version,
        rebalance_id=index.rebalance_id,
        deployment_tx_hash=deployment.tx_hash if deployment is not None else "",
        note=note,
    )


def deployment_view(deployment: Deployment) -> pb.Index:
    """An index that has no contracts yet."""
    failed = deployment.state is DeploymentState.FAILED
    definition: IndexCreated = deployment.definition
    return pb.Index(
        symbol=definition.symbol,
        name=definition.name or definition.symbol,
        chain_id=definition.chain_id,
        constituents=[
            pb.Constituent(
                asset=one.asset,
                weight=_optional(one.weight),
                quantity=_optional(one.quantity),
                reference_price=_optional(one.reference_price),
            )
            for one in definition.constituents
        ],
        management_fee=format_atoms(definition.management_fee),
        annual_fee=format_atoms(definition.annual_fee),
        min_order=format_atoms(definition.min_order),
        max_order=format_atoms(definition.max_order),
        limits=_limits(definition.limits),
        state=pb.INDEX_STATE_DEPLOYMENT_FAILED if failed else pb.INDEX_STATE_DEPLOYING,
        deployment_tx_hash=deployment.tx_hash,
        note=deployment.reason or (f"attempt {deployment.attempts}" if not failed else ""),
    )


def plan_view(plan: WeightsPlan) -> pb.Rebalance:
    """Weights that wait for their time."""
    return pb.Rebalance(
        rebalance_id=plan.plan_id,
        index=plan.index,
        state=pb.Rebalance.STATE_SCHEDULED,
        weights_version=plan.version,
        weights=weights_view(plan.weights),
        effective_at=plan.effective_at,
    )


def rebalance_view(state: SolverState, rebalance: Rebalance, *, cash: int) -> pb.Rebalance:
    """A rebalance with what it has traded so far."""
    cost = cost_of_rebalance(state, rebalance)
    trades: dict[str, list[int]] = {}
    for trade in traded(state, rebalance):
        sums = trades.setdefault(trade.asset, [0, 0, 0])
        sign = 1 if trade.side is Side.BUY else -1
        sums[0] += sign * trade.quantity
        sums[1] += sign * trade.value
        sums[2] += trade.fee
    return pb.Rebalance(
        rebalance_id=rebalance.rebalance_id,
        index=rebalance.index,
        state=pb.Rebalance.State.Value(f"STATE_{rebalance.state.value}"),
        weights_version=rebalance.weights_version,
        basket_version=rebalance.basket_version,
        weights=weights_view(rebalance.weights),
        started_at=rebalance.started_at,
        assets=[
            pb.RebalanceAsset(
                asset=one.asset,
                before=format_atoms(one.before),
                target=format_atoms(one.target),
                traded=format_atoms(trades.get(one.asset, [0, 0, 0])[0]),
                value=format_atoms(trades.get(one.asset, [0, 0, 0])[1]),
                fee=format_atoms(trades.get(one.asset, [0, 0, 0])[2]),
                mid=_optional(one.mid),
                delayed=one.delayed,
            )
            for one in rebalance.assets
        ],
        supply=format_atoms(rebalance.supply),
        fees=format_atoms(cost.fees),
        slippage=format_atoms(cost.slippage),
        cost_per_unit=format_atoms(cost.per_unit),
        cash=format_atoms(cash),
    )


def weights_view(weights: Iterable[tuple[str, int]]) -> list[pb.Weight]:
    """Shares of value."""
    return [pb.Weight(asset=asset, weight=format_atoms(weight)) for asset, weight in weights]


def nav_view(nav: Nav) -> pb.Nav:
    """The value of a unit."""
    return pb.Nav(
        symbol=nav.symbol,
        value="" if nav.missing else format_atoms(nav.value),
        basket_version=nav.version,
        oldest_price_ms=nav.oldest_ns // _MS,
        missing=nav.missing,
        computed_at=nav.at,
    )


def _limits(limits: IndexLimits) -> pb.IndexLimits:
    allowed = [AccountId.parse(account) for account in limits.allowed]
    return pb.IndexLimits(
        max_supply=_optional(limits.max_supply),
        daily_issuance=_optional(limits.daily_issuance),
        allowed=[common_pb2.AccountId(chain_id=one.chain_id, address=one.address) for one in allowed],
    )


def _optional(atoms: int) -> str:
    return format_atoms(atoms) if atoms else ""
