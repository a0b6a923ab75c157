"""Rules of a single transfer that need no world."""

from __future__ import annotations

import msgspec
import pytest

from indexmaker_across import events as ev
from indexmaker_across.config import Limits
from indexmaker_across.judgement import is_overdue
from indexmaker_across.machine import apply
from indexmaker_across.quotes import Charges
from indexmaker_across.transfer import Leg, Phase, Terms, Transfer

TERMS = Terms(transfer_id="t", source="a", destination="b", amount=1_000, min_out=990, recipient="0x07")
DECIDED = {"operator": "olga", "note": "seen"}


def transfer(phase: Phase, **changes: object) -> Transfer:
    made = Transfer(terms=TERMS, output=995, charges=Charges(capital=5), phase=phase, since=0, changed_at=0)
    return msgspec.structs.replace(made, **changes)


@pytest.mark.parametrize("amount", [989, 1_001])
def test_a_fill_outside_what_was_agreed_waits_for_an_operator_and_is_then_paid_whole(amount: int) -> None:
    odd = apply(transfer(Phase.FILLING), ev.FillSeen(tx_hash="0xf", amount=amount), at=1)
    assert (odd.phase, odd.alarm, odd.received) == (Phase.PAYING, True, amount)
    assert not apply(odd, ev.Retried(**DECIDED), at=2).alarm


def test_what_is_seen_on_the_chain_clears_an_alarm() -> None:
    late = apply(transfer(Phase.FILLING), ev.Overdue(reason="late"), at=1)
    assert late.alarm
    assert not apply(late, ev.FillSeen(tx_hash="0xf", amount=995), at=2).alarm


def test_an_abandoned_transfer_does_nothing_more_and_keeps_its_place() -> None:
    given_up = apply(transfer(Phase.FILLING), ev.Abandoned(**DECIDED), at=1)
    assert (given_up.phase, given_up.open, given_up.alarm) == (Phase.FILLING, False, True)
    assert "olga" in given_up.reason
    assert apply(given_up, ev.Retried(**DECIDED), at=2) is given_up


def test_abandoning_what_has_not_moved_cancels_it() -> None:
    assert apply(transfer(Phase.CREATED), ev.Abandoned(**DECIDED), at=1).phase is Phase.CANCELLED


def test_an_accepted_refund_is_the_end() -> None:
    accepted = apply(transfer(Phase.REFUNDED), ev.RefundAccepted(**DECIDED), at=1)
    assert apply(accepted, ev.Retried(**DECIDED), at=2) is accepted


def test_a_deferred_refund_is_claimed_and_ends_the_transfer_once_it_is_there() -> None:
    deferred = apply(transfer(Phase.REFUND_PENDING), ev.RefundDeferred(tx_hash="0xr", block=7), at=1)
    assert (deferred.phase, deferred.alarm, deferred.refund_block) == (Phase.CLAIMING, False, 7)
    claimed = apply(deferred, ev.RefundSeen(tx_hash="0xr"), at=2)
    assert (claimed.phase, claimed.refund_tx) == (Phase.REFUNDED, "0xr")


def test_a_claim_that_fails_calls_an_operator_until_the_refund_is_seen_all_the_same() -> None:
    claiming = transfer(Phase.CLAIMING, refund_tx="0xr")
    failed = apply(claiming, ev.TransactionFailed(leg=Leg.CLAIM, tx_hash="0xc", reason="nothing to claim"), at=1)
    assert (failed.phase, failed.alarm) == (Phase.CLAIMING, True)
    assert apply(failed, ev.Retried(**DECIDED), at=2).command_id(Leg.CLAIM) != failed.command_id(Leg.CLAIM)
    seen = apply(failed, ev.RefundSeen(tx_hash="0xr"), at=2)
    assert (seen.phase, seen.alarm) == (Phase.REFUNDED, False)


def test_a_venue_may_credit_a_payment_before_it_was_seen_in_a_block() -> None:
    paying = transfer(Phase.PAYING, received=995)
    arrival = ev.ArrivalConfirmed(external_id="d")
    assert apply(paying, arrival, at=1) is paying
    sent = apply(paying, ev.TransactionSent(leg=Leg.PAYMENT, tx_hash="0xp"), at=1)
    assert apply(sent, arrival, at=2).phase is Phase.COMPLETED


@pytest.mark.parametrize(
    "phase",
    [
        Phase.COLLECTING,
        Phase.CREATED,
        Phase.BRIDGING,
        Phase.FILLING,
        Phase.PAYING,
        Phase.SENT,
        Phase.REFUND_PENDING,
        Phase.CLAIMING,
    ],
)
def test_every_state_that_waits_has_a_time_limit(phase: Phase) -> None:
    limits = Limits()
    assert not is_overdue(transfer(phase), limits=limits, at=1)
    assert is_overdue(transfer(phase), limits=limits, at=10 * limits.refund_s * 10**9)
