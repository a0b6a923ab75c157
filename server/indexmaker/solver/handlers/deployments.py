"""New indices whose contracts a factory makes: asked for once, followed on chain, taken in when confirmed."""

from __future__ import annotations

import msgspec

from indexmaker.identifiers import derived_id
from indexmaker.solver.commands import DeployIndex, DeploymentReport, IndexReport
from indexmaker.solver.events import DeploymentRequested, IndexDeployed, IndexTransactionUpdated
from indexmaker.solver.handlers.indices import objection_to_definition, take_index
from indexmaker.solver.state import Deployment
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import DeploymentState, Finality, SettlementState

__all__ = ["on_deployment_requested", "on_index_deployed", "on_index_transaction"]


def on_deployment_requested(step: Step, event: DeploymentRequested) -> None:
    """Send a deployment once; the same definition tries a failed one again, another one is refused."""
    symbol = event.definition.symbol
    known = step.state.deployments.get(symbol)
    reason = _objection(step, event, known)
    if reason:
        report = IndexReport(symbol=symbol, version=event.definition.version, accepted=False, reason=reason)
        step.report(report)
    elif known is None:
        deployment = Deployment(
            symbol=symbol,
            definition=event.definition,
            factory=event.factory.lower(),
            curator=event.curator.lower(),
            state=DeploymentState.SENT,
            requested_at=step.at,
        )
        step.state.deployments[symbol] = deployment
        _send(step, deployment)
    elif known.state is DeploymentState.FAILED:
        _send(step, known)
    else:
        _tell(step, known)


def on_index_deployed(step: Step, event: IndexDeployed) -> None:
    """Take the index in when its contracts are confirmed; those that nobody here asked for are not ours."""
    deployment = step.state.deployments.get(event.symbol)
    if deployment is None or deployment.state is DeploymentState.DEPLOYED:
        return
    if (deployment.definition.chain_id, deployment.factory) != (event.chain_id, event.factory.lower()):
        return
    deployment.tx_hash = event.tx_hash
    if event.finality.rank < Finality.CONFIRMED.rank:
        return
    deployment.state = DeploymentState.DEPLOYED
    deployment.reason = ""
    step.confirm(deployment.command_id)
    definition = msgspec.structs.replace(deployment.definition, gate=event.gate.lower(), token=event.token.lower())
    take_index(step, definition)
    _tell(step, deployment)


def on_index_transaction(step: Step, event: IndexTransactionUpdated) -> None:
    """Follow the transaction of a deployment or of weights; one that reverted is told with its reason."""
    over = event.state in (SettlementState.FINAL, SettlementState.REVERTED)
    waiting = step.waiting(event.command_id) is not None
    deployment = next((d for d in step.state.deployments.values() if d.command_id == event.command_id), None)
    if deployment is not None and deployment.state is DeploymentState.SENT:
        told = deployment.tx_hash
        deployment.tx_hash = event.tx_hash or deployment.tx_hash
        if event.state is SettlementState.REVERTED:
            deployment.state = DeploymentState.FAILED
            deployment.reason = event.reason or "the transaction reverted"
            step.alert("DEPLOYMENT", deployment.symbol, deployment.reason)
        if deployment.tx_hash != told or deployment.state is DeploymentState.FAILED:
            _tell(step, deployment)
    elif waiting and event.state is SettlementState.REVERTED and deployment is None:
        step.alert("WEIGHTS", event.command_id, f"weights were not published: {event.reason or 'reverted'}")
    if over:
        step.confirm(event.command_id)


def _objection(step: Step, event: DeploymentRequested, known: Deployment | None) -> str:
    if known is not None:
        same = (known.definition, known.factory, known.curator)
        if same != (event.definition, event.factory.lower(), event.curator.lower()):
            return "an index of this symbol was asked for with another definition"
        return ""
    if event.definition.symbol in step.state.indices:
        return "an index of this symbol exists"
    if not event.factory:
        return f"no factory is known on chain {event.definition.chain_id}: name one in the configuration"
    return objection_to_definition(event.definition)


def _send(step: Step, deployment: Deployment) -> None:
    deployment.attempts += 1
    deployment.state = DeploymentState.SENT
    deployment.reason = ""
    deployment.command_id = derived_id("di", deployment.symbol, deployment.definition.chain_id, deployment.attempts)
    step.send(
        DeployIndex(
            command_id=deployment.command_id,
            chain_id=deployment.definition.chain_id,
            factory=deployment.factory,
            symbol=deployment.symbol,
            name=deployment.definition.name or deployment.symbol,
            curator=deployment.curator,
        )
    )
    _tell(step, deployment)


def _tell(step: Step, deployment: Deployment) -> None:
    index = step.state.indices.get(deployment.symbol)
    step.report(
        DeploymentReport(
            symbol=deployment.symbol,
            state=deployment.state,
            tx_hash=deployment.tx_hash,
            gate=index.gate if index else "",
            token=index.token if index else "",
            reason=deployment.reason,
            at=step.at,
        )
    )
