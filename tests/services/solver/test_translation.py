"""What plugins say, as the solver hears it."""

from __future__ import annotations

import pytest

from indexmaker.api.bridge.v1 import bridge_pb2
from indexmaker.api.chain.v1 import chain_pb2
from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2 as orders
from indexmaker.money import parse_atoms
from indexmaker.services.solver.edges.bridge import event_of_transfer
from indexmaker.services.solver.edges.chain import event_of_transaction, events_of_chain
from indexmaker.services.solver.edges.order_entry import events_of_report, events_of_result
from indexmaker.solver.commands import CommitCollateral
from indexmaker.solver.events import (
    AssetOrderAccepted,
    AssetOrderDone,
    AssetOrderRejected,
    AssetOrderUnknown,
    CollateralCommitted,
    CommitFailed,
    DepositRetracted,
    DepositSeen,
    ExecutionReported,
)
from indexmaker.solver.vocabulary import AssetOrderStatus, CommitFailure, Finality, RejectClass, TransferState

COMMIT = CommitCollateral(
    command_id="c-1", transfer_id="t", chain_id=1, gate="0xg", request_ids=(1,), route="1", amount=1
)


def trade(trade_id: str) -> orders.Trade:
    return orders.Trade(
        trade_id=trade_id,
        client_order_id="b-1",
        symbol="BTCUSDC",
        price="100.5",
        quantity="0.3",
        commission="0.0003",
        commission_asset="BTC",
        venue_at=7,
    )


def test_trades_come_before_the_end_of_their_order() -> None:
    report = orders.OrderReport(
        client_order_id="b-1",
        status=orders.ORDER_STATUS_EXPIRED,
        executed_quantity="0.6",
        trades=[trade("1"), trade("2")],
    )
    first, second, end = events_of_report("binance", report)
    assert isinstance(first, ExecutionReported)
    assert isinstance(second, ExecutionReported)
    assert (first.trade_id, second.trade_id) == ("1", "2")
    assert first.commission == parse_atoms("0.0003")
    assert end == AssetOrderDone(
        client_order_id="b-1", status=AssetOrderStatus.EXPIRED, executed_quantity=parse_atoms("0.6")
    )


def test_a_working_order_is_accepted_and_an_unknown_one_was_never_there() -> None:
    working = orders.OrderReport(client_order_id="b-1", venue_order_id="9", status=orders.ORDER_STATUS_NEW)
    assert events_of_report("v", working) == [AssetOrderAccepted(client_order_id="b-1", venue_order_id="9")]
    missing = orders.OrderReport(client_order_id="b-1", status=orders.ORDER_STATUS_NOT_FOUND)
    assert events_of_report("v", missing) == [
        AssetOrderRejected(client_order_id="b-1", reject_class=RejectClass.NOT_FOUND)
    ]


@pytest.mark.parametrize(
    ("told", "heard"),
    [
        (orders.REJECT_CLASS_FILTER, RejectClass.FILTER),
        (orders.REJECT_CLASS_BALANCE, RejectClass.BALANCE),
        (orders.REJECT_CLASS_RATE, RejectClass.RATE),
        (orders.REJECT_CLASS_HALTED, RejectClass.OTHER),
        (orders.REJECT_CLASS_UNSPECIFIED, RejectClass.OTHER),
    ],
)
def test_refusals_keep_their_class(told: orders.RejectClass.ValueType, heard: RejectClass) -> None:
    reject = orders.OrderReject(client_order_id="b-1", reject_class=told, venue_code=-2010, detail="no")
    (event,) = events_of_result("v", orders.ExecuteResult(correlation_id=1, reject=reject))
    assert event == AssetOrderRejected(client_order_id="b-1", reject_class=heard, reason="-2010 no")


def test_an_ambiguous_refusal_is_not_a_refusal() -> None:
    reject = orders.OrderReject(client_order_id="b-1", reject_class=orders.REJECT_CLASS_AMBIGUOUS)
    (event,) = events_of_result("v", orders.ExecuteResult(correlation_id=1, reject=reject))
    assert isinstance(event, AssetOrderUnknown)


def deposit(kind: chain_pb2.ChainEvent.Kind.ValueType) -> chain_pb2.ChainEvent:
    return chain_pb2.ChainEvent(
        id=common_pb2.LogId(chain_id=42161, tx_hash="0xAB", log_index=3),
        kind=kind,
        finality=chain_pb2.FINALITY_CONFIRMED,
        contract="0xGATE",
        deposit_requested=chain_pb2.DepositRequested(request_id="5", controller="0xUSER", amount="12.5"),
    )


def test_a_deposit_is_known_by_its_log_and_belongs_to_its_controller() -> None:
    (event,) = events_of_chain(deposit(chain_pb2.ChainEvent.KIND_APPLY))
    assert event == DepositSeen(
        chain_id=42161,
        tx_hash="0xab",
        log_index=3,
        request_id=5,
        gate="0xgate",
        account="42161:0xuser",
        amount=parse_atoms("12.5"),
        finality=Finality.CONFIRMED,
    )


def test_a_reorg_takes_the_deposit_back() -> None:
    (event,) = events_of_chain(deposit(chain_pb2.ChainEvent.KIND_RETRACT))
    assert event == DepositRetracted(chain_id=42161, tx_hash="0xab", log_index=3)


def test_a_commit_counts_once_it_is_confirmed_and_says_nothing_before() -> None:
    for state in (chain_pb2.Transaction.STATE_JOURNALED, chain_pb2.Transaction.STATE_MINED):
        assert event_of_transaction(COMMIT, chain_pb2.Transaction(command_id="c-1", state=state)) is None
    confirmed = chain_pb2.Transaction(
        command_id="c-1", state=chain_pb2.Transaction.STATE_CONFIRMED, tx_hashes=["0xOld", "0xNew"]
    )
    assert event_of_transaction(COMMIT, confirmed) == CollateralCommitted(command_id="c-1", tx_hash="0xnew")


@pytest.mark.parametrize(
    ("error", "failure"),
    [("NotPending(5)", CommitFailure.REQUEST_GONE), ("OutflowCapExceeded", CommitFailure.RETRYABLE)],
)
def test_a_reverted_commit_says_whether_it_may_be_tried_again(error: str, failure: CommitFailure) -> None:
    reverted = chain_pb2.Transaction(command_id="c-1", state=chain_pb2.Transaction.STATE_REVERTED, error=error)
    assert event_of_transaction(COMMIT, reverted) == CommitFailed(command_id="c-1", reason=error, failure=failure)


def test_every_state_of_a_transfer_has_a_meaning() -> None:
    for state in bridge_pb2.Transfer.State.values():
        if state:
            event_of_transfer(bridge_pb2.Transfer(transfer_id="t", state=state))


def test_a_transfer_brings_its_fees_and_the_hashes_of_its_hops() -> None:
    transfer = bridge_pb2.Transfer(
        transfer_id="t",
        state=bridge_pb2.Transfer.STATE_SENT,
        amount_out="99.9",
        fees=[common_pb2.Fee(kind=common_pb2.FEE_KIND_BRIDGE_GAS, asset="USDC", amount="0.1")],
        hops=[bridge_pb2.Hop(source_tx_hash="0x1", destination_tx_hash="0x2")],
    )
    event = event_of_transfer(transfer)
    assert event.state is TransferState.ARRIVED
    assert event.hop_tx_hashes == ("0x1", "0x2")
    assert (event.fees[0].kind, event.fees[0].amount) == ("bridge_gas", parse_atoms("0.1"))
