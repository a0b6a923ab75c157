"""What plugins say about sells, as the solver hears it, and what they are told."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from indexmaker.api.chain.v1 import chain_pb2
from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2 as orders
from indexmaker.money import parse_atoms
from indexmaker.services.solver.edges.chain import event_of_transaction, events_of_chain
from indexmaker.services.solver.edges.chain_redemptions import submission_of_redemption
from indexmaker.services.solver.edges.funding import FundingEdge, event_of_withdrawal
from indexmaker.solver.commands import CommitRedemptions, RedemptionInvoice, SettleRedemption
from indexmaker.solver.events import (
    CollateralCommitted,
    CommitFailed,
    RedemptionRetracted,
    RedemptionSeen,
    RedemptionTerms,
    RedemptionWithdrawn,
    SettlementUpdated,
    WithdrawalUpdated,
)
from indexmaker.solver.vocabulary import CommitFailure, Finality, SettlementState, WithdrawalState

GATE = "0x" + "Ab" * 20
LOCK = CommitRedemptions(command_id="cr-1", chain_id=1, gate=GATE, request_ids=(4, 5))
Chain = chain_pb2.ChainEvent
Venue = orders.VenueWithdrawal


def chain_event(kind: int = Chain.KIND_APPLY, **body: Any) -> chain_pb2.ChainEvent:
    return Chain(
        id=common_pb2.LogId(chain_id=42161, tx_hash="0xAB", log_index=3),
        block_hash="0xb1",
        kind=kind,
        finality=chain_pb2.FINALITY_CONFIRMED,
        contract=GATE,
        **body,
    )


REQUESTED = chain_pb2.RedemptionRequested(request_id="4", controller="0xC0", owner="0xD0", units="2.5")


def test_an_escrow_is_told_with_the_controllers_account_and_its_block() -> None:
    assert events_of_chain(chain_event(redemption_requested=REQUESTED)) == [
        RedemptionSeen(
            chain_id=42161,
            tx_hash="0xab",
            log_index=3,
            request_id=4,
            gate=GATE.lower(),
            account="42161:0xc0",
            units=parse_atoms("2.5"),
            finality=Finality.CONFIRMED,
            block_hash="0xb1",
        )
    ]


def test_a_retracted_escrow_is_told_as_such_and_other_retractions_are_not() -> None:
    assert events_of_chain(chain_event(Chain.KIND_RETRACT, redemption_requested=REQUESTED)) == [
        RedemptionRetracted(chain_id=42161, tx_hash="0xab", log_index=3, block_hash="0xb1")
    ]
    cancelled = chain_pb2.RedemptionCancelled(request_id="4")
    assert events_of_chain(chain_event(Chain.KIND_RETRACT, redemption_cancelled=cancelled)) == []


@pytest.mark.parametrize(
    ("told", "heard"),
    [("1.5", parse_atoms("1.5")), ("0", 0), ("340282366920938463463374607431768.211455", 10**36)],
)
def test_a_fee_limit_beyond_any_money_is_no_limit(told: str, heard: int) -> None:
    terms = chain_pb2.RedemptionTerms(request_id="4", min_amount="100", max_fee=told)
    (event,) = events_of_chain(chain_event(redemption_terms=terms))
    assert event == RedemptionTerms(
        chain_id=42161, gate=GATE.lower(), request_id=4, min_out=parse_atoms("100"), max_fee=heard
    )


def test_tokens_that_went_back_by_cancel_or_default_are_gone_from_the_gate() -> None:
    gone = RedemptionWithdrawn(chain_id=42161, gate=GATE.lower(), request_id=4)
    cancelled = chain_pb2.RedemptionCancelled(request_id="4")
    defaulted = chain_pb2.RedemptionDefaulted(request_id="4", units="1")
    assert events_of_chain(chain_event(redemption_cancelled=cancelled)) == [gone]
    assert events_of_chain(chain_event(redemption_defaulted=defaulted)) == [gone]


def test_own_locks_and_payments_are_learned_from_their_transactions_only() -> None:
    committed = chain_pb2.RedemptionCommitted(request_id="4")
    settled = chain_pb2.RedemptionSettled(request_id="4")
    assert events_of_chain(chain_event(redemption_committed=committed)) == []
    assert events_of_chain(chain_event(redemption_settled=settled)) == []


def test_a_lock_is_done_once_confirmed_and_failed_when_reverted() -> None:
    mined = chain_pb2.Transaction(state=chain_pb2.Transaction.STATE_MINED, tx_hashes=["0xA"])
    assert event_of_transaction(LOCK, mined) is None
    confirmed = chain_pb2.Transaction(state=chain_pb2.Transaction.STATE_CONFIRMED, tx_hashes=["0xA"])
    assert event_of_transaction(LOCK, confirmed) == CollateralCommitted(command_id="cr-1", tx_hash="0xa")
    reverted = chain_pb2.Transaction(state=chain_pb2.Transaction.STATE_REVERTED, error="WrongState(4, 4)")
    event = event_of_transaction(LOCK, reverted)
    assert isinstance(event, CommitFailed)
    assert event.failure is CommitFailure.REQUEST_GONE


def _payment() -> SettleRedemption:
    invoice = RedemptionInvoice(
        invoice_id="i",
        order_id="o",
        client_order_id="c",
        account="1:0xa",
        index="TOP",
        basket_version=1,
        chain_id=1,
        gate=GATE,
        request_id=4,
        request_tx="0x1",
        transfer_id="p",
        escrowed=parse_atoms("2.5"),
        burned=parse_atoms("2"),
        returned=parse_atoms("0.5"),
        proceeds=parse_atoms("101"),
        venue_fees=0,
        routing_fees=parse_atoms("0.75"),
        redemption_fee=parse_atoms("0.25"),
        rounding=0,
        paid=parse_atoms("100"),
        fee=parse_atoms("1"),
        deadline=5_000_000_001,
        lots=(),
    )
    return SettleRedemption(
        command_id="st-1", chain_id=1, gate=GATE, invoice=invoice, lots_root="0x00", signer="0x51", signature="0x99"
    )


def test_a_payment_says_what_the_invoice_says() -> None:
    request = submission_of_redemption(_payment())
    assert request.settle_redemption == chain_pb2.SettleRedemption(
        gate=GATE,
        request_id="4",
        burned="2",
        returned="0.5",
        paid="100",
        fee="1",
        lots_root="0x00",
        deadline=5,
        signer="0x51",
        signature="0x99",
    )
    final = chain_pb2.Transaction(state=chain_pb2.Transaction.STATE_FINAL, tx_hashes=["0xA"], block_number=7)
    event = event_of_transaction(_payment(), final)
    assert isinstance(event, SettlementUpdated)
    assert (event.state, event.tx_hash, event.block) == (SettlementState.FINAL, "0xa", 7)


def withdrawal(status: int, **values: Any) -> orders.VenueWithdrawal:
    amount = common_pb2.AssetAmount(asset="USDC", amount="100")
    return Venue(withdrawal_id="wd-1", amount=amount, fee="0.3", status=status, **values)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Venue.STATUS_PROCESSING, WithdrawalState.ACCEPTED),
        (Venue.STATUS_SENT, WithdrawalState.SENT),
        (Venue.STATUS_COMPLETED, WithdrawalState.COMPLETED),
        (Venue.STATUS_FAILED, WithdrawalState.FAILED),
        (Venue.STATUS_REJECTED, WithdrawalState.FAILED),
    ],
)
def test_a_withdrawal_is_told_with_what_leaves_after_the_fee(status: int, state: WithdrawalState) -> None:
    event = event_of_withdrawal(withdrawal(status, tx_hash="0xFE"))
    assert event == WithdrawalUpdated(
        command_id="wd-1", state=state, tx_hash="0xfe", amount=parse_atoms("99.7"), fee=parse_atoms("0.3")
    )


def test_a_withdrawal_that_the_venue_does_not_know_says_nothing() -> None:
    assert event_of_withdrawal(withdrawal(Venue.STATUS_NOT_FOUND)) is None


class _Terms:
    """A venue that answers one question."""

    def __init__(self, **terms: Any) -> None:
        self._terms = {"fee": "0.5", "min_amount": "2", "max_amount": "0", "amount_step": "0.01", "enabled": True}
        self._terms |= terms

    async def QuoteWithdrawal(self, *_: object, **__: object) -> orders.QuoteWithdrawalResponse:  # noqa: N802
        return orders.QuoteWithdrawalResponse(**self._terms)


@pytest.mark.parametrize(
    ("amount", "terms", "refusal", "later"),
    [
        ("10", {}, "", False),
        ("1.99", {}, "no less than 2", False),
        ("0.5", {"min_amount": "0"}, "no less", False),
        ("10.001", {}, "whole multiples", False),
        ("10", {"max_amount": "9"}, "no more than 9", False),
        ("10", {"enabled": False, "reason": "maintenance"}, "maintenance", True),
    ],
)
def test_what_a_venue_would_not_send_is_refused_before_it_is_asked(
    amount: str, terms: dict[str, Any], refusal: str, later: bool
) -> None:
    edge = FundingEdge.__new__(FundingEdge)
    vars(edge).update(_stub=_Terms(**terms), _chain_id=8453)
    answer = asyncio.run(edge.withdrawal_terms("USDC", parse_atoms(amount)))
    assert answer.fee == parse_atoms("0.5")
    assert refusal in answer.refusal
    assert bool(answer.refusal) is bool(refusal)
    assert answer.later is later
