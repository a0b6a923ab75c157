"""Indices on chain: contracts that factories make, weights that curators publish."""

from __future__ import annotations

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.solver.commands import DeployIndex, PublishWeights
from indexmaker.solver.events import (
    IndexDeployed,
    IndexTransactionUpdated,
    SolverEvent,
    WeightsPublished,
    WeightsRetracted,
)
from indexmaker.solver.vocabulary import Finality, SettlementState

__all__ = ["event_of_index_transaction", "events_of_deployment", "events_of_weights", "submission_of_index"]

_SECOND = 1_000_000_000


def events_of_weights(event: pb.ChainEvent, finality: Finality) -> list[SolverEvent]:
    """Weights that a gate has now, or has no more."""
    weights = event.weights_set
    gate, version = event.contract.lower(), int(weights.version)
    if event.kind == pb.ChainEvent.KIND_RETRACT:
        retracted = WeightsRetracted(
            chain_id=event.id.chain_id, gate=gate, version=version, block_hash=event.block_hash
        )
        return [retracted]
    return [
        WeightsPublished(
            chain_id=event.id.chain_id,
            gate=gate,
            version=version,
            effective_at=weights.effective_at * _SECOND,
            weights=tuple((one.asset, parse_atoms(one.weight)) for one in weights.weights),
            tx_hash=event.id.tx_hash.lower(),
            finality=finality,
            block_hash=event.block_hash,
        )
    ]


def events_of_deployment(event: pb.ChainEvent, finality: Finality) -> list[SolverEvent]:
    """Contracts of an index; a deployment that a reorg takes back is mined again by its own transaction."""
    if event.kind == pb.ChainEvent.KIND_RETRACT:
        return []
    made = event.index_deployed
    return [
        IndexDeployed(
            chain_id=event.id.chain_id,
            factory=event.contract.lower(),
            symbol=made.symbol,
            gate=made.gate.lower(),
            token=made.token.lower(),
            tx_hash=event.id.tx_hash.lower(),
            finality=finality,
        )
    ]


def event_of_index_transaction(
    command: DeployIndex | PublishWeights, transaction: pb.Transaction, state: SettlementState
) -> SolverEvent:
    """What the state of the command's transaction tells the solver."""
    return IndexTransactionUpdated(
        command_id=command.command_id,
        state=state,
        tx_hash=transaction.tx_hashes[-1].lower() if transaction.tx_hashes else "",
        reason=transaction.error,
    )


def submission_of_index(command: DeployIndex | PublishWeights) -> pb.SubmitRequest:
    """The transaction that a command asks for."""
    request = pb.SubmitRequest(command_id=command.command_id, chain_id=command.chain_id)
    if isinstance(command, DeployIndex):
        request.deploy_index.CopyFrom(
            pb.DeployIndex(factory=command.factory, symbol=command.symbol, name=command.name, curator=command.curator)
        )
        return request
    request.set_weights.CopyFrom(
        pb.SetWeights(
            gate=command.gate,
            version=str(command.version),
            weights=[pb.AssetWeight(asset=asset, weight=format_atoms(weight)) for asset, weight in command.weights],
            effective_at=-(-command.effective_at // _SECOND),
        )
    )
    return request
