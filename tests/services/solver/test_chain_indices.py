"""Weights and new indices between the chain and the solver."""

from __future__ import annotations

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.common.v1 import common_pb2
from indexmaker.money import parse_atoms
from indexmaker.services.solver.edges.chain import event_of_transaction, events_of_chain
from indexmaker.services.solver.edges.chain_indices import submission_of_index
from indexmaker.solver.commands import DeployIndex, PublishWeights
from indexmaker.solver.events import IndexDeployed, IndexTransactionUpdated, WeightsPublished, WeightsRetracted
from indexmaker.solver.vocabulary import Finality, SettlementState

PLACE = common_pb2.LogId(chain_id=42161, tx_hash="0xAA", log_index=3)
DEPLOY = DeployIndex(command_id="di-1", chain_id=42161, factory="0xfa", symbol="DUO", name="Two", curator="")


def weights_event(kind: pb.ChainEvent.Kind.ValueType) -> pb.ChainEvent:
    return pb.ChainEvent(
        id=PLACE,
        kind=kind,
        contract="0xAB",
        block_hash="0xb1",
        finality=pb.FINALITY_CONFIRMED,
        weights_set=pb.WeightsSet(
            version="7",
            effective_at=1_700_000_000,
            weights=[pb.AssetWeight(asset="BTC", weight="0.6"), pb.AssetWeight(asset="ETH", weight="0.4")],
        ),
    )


def test_published_weights_keep_version_time_and_finality() -> None:
    (event,) = events_of_chain(weights_event(pb.ChainEvent.KIND_APPLY))
    assert event == WeightsPublished(
        chain_id=42161,
        gate="0xab",
        version=7,
        effective_at=1_700_000_000_000_000_000,
        weights=(("BTC", parse_atoms("0.6")), ("ETH", parse_atoms("0.4"))),
        tx_hash="0xaa",
        finality=Finality.CONFIRMED,
        block_hash="0xb1",
    )


def test_a_reorg_takes_weights_back_by_their_block() -> None:
    (event,) = events_of_chain(weights_event(pb.ChainEvent.KIND_RETRACT))
    assert event == WeightsRetracted(chain_id=42161, gate="0xab", version=7, block_hash="0xb1")


def test_a_new_index_is_told_with_the_factory_that_made_it() -> None:
    made = pb.ChainEvent(
        id=PLACE,
        kind=pb.ChainEvent.KIND_APPLY,
        contract="0xFA",
        finality=pb.FINALITY_SEEN,
        index_deployed=pb.IndexDeployed(symbol="DUO", gate="0xA1", token="0xB2"),
    )
    (event,) = events_of_chain(made)
    assert event == IndexDeployed(
        chain_id=42161,
        factory="0xfa",
        symbol="DUO",
        gate="0xa1",
        token="0xb2",
        tx_hash="0xaa",
        finality=Finality.SEEN,
    )


def test_commands_become_the_transactions_that_they_name() -> None:
    request = submission_of_index(DEPLOY)
    assert (request.command_id, request.deploy_index.symbol, request.deploy_index.name) == ("di-1", "DUO", "Two")
    weights = PublishWeights(
        command_id="pw-1",
        chain_id=42161,
        gate="0xab",
        version=2,
        weights=(("BTC", parse_atoms("1")),),
        effective_at=1_500_000_001,
    )
    request = submission_of_index(weights)
    assert (request.set_weights.version, request.set_weights.effective_at) == ("2", 2)
    assert [(one.asset, one.weight) for one in request.set_weights.weights] == [("BTC", "1")]


def test_a_transaction_that_reverted_says_why() -> None:
    reverted = pb.Transaction(command_id="di-1", state=pb.Transaction.STATE_REVERTED, error="SymbolTaken")
    event = event_of_transaction(DEPLOY, reverted)
    assert event == IndexTransactionUpdated(command_id="di-1", state=SettlementState.REVERTED, reason="SymbolTaken")
