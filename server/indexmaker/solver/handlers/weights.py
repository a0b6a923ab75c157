"""Weights of indices: curators' calls, their publication on the gate, and which of them is next."""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.money import ATOMS, mul_floor, split_pro_rata
from indexmaker.solver.commands import IndexReport, PublishWeights
from indexmaker.solver.events import AssetDelisted, WeightsProposed, WeightsPublished, WeightsRetracted
from indexmaker.solver.state import Index, WeightsPlan
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Finality, IndexState

__all__ = [
    "current_weights",
    "next_weights",
    "on_asset_delisted",
    "on_weights_proposed",
    "on_weights_published",
    "on_weights_retracted",
]

Weights = tuple[tuple[str, int], ...]


def on_weights_proposed(step: Step, event: WeightsProposed) -> None:
    """Send a curator's weights to the gate, or take them by this call alone."""
    weights = tuple(sorted(event.weights))
    _propose(step, event, weights, _objection_to_weights(step, event.symbol, weights))


def on_asset_delisted(step: Step, event: AssetDelisted) -> None:
    """Give the asset's weight to the others, in proportion to theirs."""
    index = step.state.indices.get(event.symbol)
    weights: Weights = ()
    reason = "no such index"
    if index is not None:
        kept = [(asset, weight) for asset, weight in current_weights(step, index) if asset != event.asset]
        reason = ""
        if event.asset not in {asset for asset, _ in index.quantities}:
            reason = f"{event.asset} is not in the basket"
        elif not sum(weight for _, weight in kept):
            reason = "the other assets have no weight (or no price to find it by)"
        else:
            parts = split_pro_rata(ATOMS, kept)
            weights = tuple(sorted((asset, weight) for asset, weight in parts.items() if weight))
            reason = _objection_to_weights(step, event.symbol, weights)
    _propose(step, event, weights, reason)


def on_weights_published(step: Step, event: WeightsPublished) -> None:
    """Keep what a gate says until its time has come; an older version than the one in force is history."""
    index = _by_gate(step, event.chain_id, event.gate)
    if index is None or event.version <= _newest_version(step, index):
        return
    plan_id = derived_id("w", index.symbol, event.version)
    known = step.state.weights_plans.get(plan_id)
    if known is not None:
        known.block_hash = event.block_hash
        if event.finality.rank > known.finality.rank:
            known.finality = event.finality
        return
    weights = tuple(sorted(event.weights))
    if reason := _objection_to_weights(step, index.symbol, weights):
        known_reason = f"{plan_id}:{reason}"
        if step.state.proposals.get(plan_id) != known_reason:
            step.state.proposals[plan_id] = known_reason
            step.alert("WEIGHTS", index.symbol, f"version {event.version} on the gate cannot be followed: {reason}")
        return
    step.state.weights_plans[plan_id] = WeightsPlan(
        plan_id=plan_id,
        sequence=step.sequence,
        index=index.symbol,
        version=event.version,
        weights=weights,
        effective_at=event.effective_at,
        finality=event.finality,
        tx_hash=event.tx_hash,
        block_hash=event.block_hash,
    )


def on_weights_retracted(step: Step, event: WeightsRetracted) -> None:
    """Forget weights that a reorg took back; once they are in force only a person can judge."""
    index = _by_gate(step, event.chain_id, event.gate)
    if index is None:
        return
    plan_id = derived_id("w", index.symbol, event.version)
    plan = step.state.weights_plans.get(plan_id)
    if plan is not None and event.block_hash in ("", plan.block_hash):
        del step.state.weights_plans[plan_id]
    elif plan is None and event.version == _newest_version(step, index):
        text = f"version {event.version} of the weights is followed already, and a reorg took it back"
        step.alert("REORG", index.symbol, text)


def next_weights(step: Step, index: Index) -> WeightsPlan | None:
    """The weights that shall hold now, taken off the list together with those that they overtake."""
    plans = [plan for plan in step.state.weights_plans.values() if plan.index == index.symbol]
    due = [p for p in plans if p.effective_at <= step.at and p.finality.rank >= Finality.CONFIRMED.rank]
    if not due:
        return None
    published = [plan.version for plan in due if plan.version]
    newest = max(published, default=0)
    chosen = max((p for p in due if p.version in (0, newest)), key=lambda plan: (plan.sequence, plan.plan_id))
    for plan in plans:
        if plan in due or (plan.version and plan.version < chosen.version):
            del step.state.weights_plans[plan.plan_id]
    return chosen


def current_weights(step: Step, index: Index) -> Weights:
    """Shares of value as last published, or as the basket has them at the last known prices."""
    if index.weights and {asset for asset, _ in index.weights} == {asset for asset, _ in index.quantities}:
        return index.weights
    values = [(asset, mul_floor(quantity, step.state.marks.get(asset, 0))) for asset, quantity in index.quantities]
    if not sum(value for _, value in values):
        return tuple((asset, 0) for asset, _ in values)
    return tuple(split_pro_rata(ATOMS, values).items())


def _propose(step: Step, event: WeightsProposed | AssetDelisted, weights: Weights, reason: str) -> None:
    key = f"{event.symbol}:{event.proposal_id}"
    known = step.state.proposals.get(key)
    index = step.state.indices.get(event.symbol)
    version = index.version if index else 0
    if known is not None:
        same = known == _fingerprint(event)
        other = "" if same else "another proposal has this id"
        step.report(IndexReport(symbol=event.symbol, version=version, accepted=same, reason=other))
        return
    if reason or index is None:
        step.report(IndexReport(symbol=event.symbol, version=version, accepted=False, reason=reason))
        return
    step.state.proposals[key] = _fingerprint(event)
    step.report(IndexReport(symbol=event.symbol, version=version, accepted=True))
    if event.on_chain:
        gate_version = 1 + max(_newest_version(step, index), _sent_version(step, index), _planned(step, index))
        command_id = derived_id("pw", index.symbol, event.proposal_id)
        step.send(
            PublishWeights(
                command_id=command_id,
                chain_id=index.chain_id,
                gate=index.gate,
                version=gate_version,
                weights=weights,
                effective_at=event.effective_at,
            )
        )
        return
    plan_id = derived_id("w", index.symbol, "call", event.proposal_id)
    step.state.weights_plans[plan_id] = WeightsPlan(
        plan_id=plan_id,
        sequence=step.sequence,
        index=index.symbol,
        version=0,
        weights=weights,
        effective_at=event.effective_at,
        finality=Finality.FINAL,
    )


def _fingerprint(event: WeightsProposed | AssetDelisted) -> str:
    what = event.weights if isinstance(event, WeightsProposed) else event.asset
    return derived_id("f", type(event).__name__, what, event.effective_at, event.on_chain)


def _objection_to_weights(step: Step, symbol: str, weights: Weights) -> str:
    index = step.state.indices.get(symbol)
    if index is None:
        return "no such index"
    if index.state is IndexState.RETIRED:
        return "a retired index keeps its basket"
    assets = [asset for asset, _ in weights]
    if len(set(assets)) < len(assets) or not assets:
        return "each asset must be named once"
    if index.collateral in assets:
        return "the collateral itself cannot be a constituent"
    if any(weight <= 0 for _, weight in weights) or sum(weight for _, weight in weights) != ATOMS:
        return "weights are above 0 and 1 in sum"
    traded = {i.base for i in step.state.instruments.values() if (i.venue, i.quote) == (index.venue, index.collateral)}
    unknown = sorted(set(assets) - traded)
    return f"{unknown[0]} is not traded on {index.venue} against {index.collateral}" if unknown else ""


def _by_gate(step: Step, chain_id: int, gate: str) -> Index | None:
    gate = gate.lower()
    return next((i for i in step.state.indices.values() if (i.chain_id, i.gate) == (chain_id, gate)), None)


def _newest_version(step: Step, index: Index) -> int:
    """Of those that are in force or being traded."""
    rebalance = step.state.rebalances.get(index.rebalance_id)
    return max(index.weights_version, rebalance.weights_version if rebalance else 0)


def _planned(step: Step, index: Index) -> int:
    plans = step.state.weights_plans.values()
    return max((plan.version for plan in plans if plan.index == index.symbol), default=0)


def _sent_version(step: Step, index: Index) -> int:
    waiting = (one.command for one in step.state.outbox.values())
    return max((c.version for c in waiting if isinstance(c, PublishWeights) and c.gate == index.gate), default=0)
