"""The rules of a transfer. Pure: `apply` takes facts as they come, and ignores those that no longer matter."""

from __future__ import annotations

from typing import Any

import msgspec

from indexmaker_across import events as ev
from indexmaker_across.transfer import Leg, Phase, Transfer
from indexmaker_across.usdc import usdc_text

__all__ = ["apply"]

_DEPOSITED = (Phase.BRIDGING, Phase.FILLING, Phase.REFUND_PENDING)
"""Phases in which the deposit is, or may be, on the chain."""
_PHASES = {Leg.DEPOSIT: _DEPOSITED, Leg.PAYMENT: (Phase.PAYING, Phase.SENT), Leg.CLAIM: (Phase.CLAIMING,)}
MOST_ROUNDS = 3
"""Deposits of a returning transfer that come back unfilled, until an operator is called."""


def apply(transfer: Transfer, event: ev.Event, *, at: int) -> Transfer:  # noqa: C901 - one line for each event
    """The transfer after an event; the very same object when the event changes nothing."""
    match event:
        case ev.Collected() if transfer.phase is Phase.COLLECTING:
            return _collect(transfer, event, at)
        case ev.CollectionRefused(reason=reason) if transfer.phase is Phase.COLLECTING and not transfer.alarm:
            return _alarm(transfer, at, reason=reason)
        case ev.DepositPlanned():
            return _plan(transfer, event, at)
        case ev.TransactionSent(leg=leg, tx_hash=tx_hash):
            return _note_hash(transfer, leg, tx_hash, at)
        case ev.TransactionConfirmed(leg=leg, tx_hash=tx_hash):
            return _confirm(transfer, leg, tx_hash, at)
        case ev.TransactionRefused():
            return _refuse(transfer, event, at)
        case ev.TransactionFailed():
            return _fail(transfer, event, at)
        case ev.FillSeen():
            return _fill(transfer, event, at)
        case ev.FillExpired() if transfer.phase is Phase.FILLING:
            return _enter(transfer, Phase.REFUND_PENDING, at, reason="not filled in time; Across owes a refund")
        case ev.RefundSeen() if transfer.phase in (Phase.REFUND_PENDING, Phase.CLAIMING):
            return _come_back(transfer, event, at)
        case ev.RefundDeferred(tx_hash=tx_hash, block=block) if transfer.phase is Phase.REFUND_PENDING:
            text = "the refund waits in the SpokePool to be claimed"
            return _enter(transfer, Phase.CLAIMING, at, refund_tx=tx_hash, refund_block=block, reason=text)
        case ev.Overdue(reason=reason) if transfer.open and not transfer.alarm:
            return _alarm(transfer, at, reason=reason)
        case ev.Cancelled() if transfer.phase is Phase.CREATED and not transfer.returns:
            return _enter(transfer, Phase.CANCELLED, at, reason="cancelled")
        case ev.ArrivalConfirmed(external_id=external_id) if _may_arrive(transfer):
            return _enter(transfer, Phase.COMPLETED, at, external_id=external_id)
        case ev.Retried():
            return _retry(transfer, event, at)
        case ev.RefundAccepted() if transfer.phase in (Phase.REFUND_PENDING, Phase.CLAIMING, Phase.REFUNDED):
            reason = f"refund accepted by {event.operator}: {event.note}"
            return _enter(transfer, Phase.REFUNDED, at, closed=True, reason=reason)
        case ev.Abandoned() if not transfer.closed:
            return _abandon(transfer, event, at)
    return transfer


def _collect(transfer: Transfer, event: ev.Collected, at: int) -> Transfer:
    output = event.amount - event.charges.total
    there = _enter(transfer, Phase.CREATED, at, collected=event.amount, charges=event.charges, output=output)
    if output > 0 and output >= transfer.terms.min_out:
        return there
    brought, told = usdc_text(event.amount), usdc_text(transfer.terms.amount)
    return _alarm(there, at, reason=f"the withdrawal brought {brought} USDC, not {told}: retry to send it all the same")


def _come_back(transfer: Transfer, event: ev.RefundSeen, at: int) -> Transfer:
    """A refund ends a transfer that leaves; one that returns is tried again, since its way back is the same route."""
    if not transfer.returns:
        return _enter(transfer, Phase.REFUNDED, at, refund_tx=event.tx_hash, reason="not filled in time")
    rounds = transfer.round_number + 1
    again = _enter(transfer, Phase.CREATED, at, reason="not filled in time; tried again", **_new_round(transfer))
    if rounds % MOST_ROUNDS:
        return again
    return _alarm(again, at, reason=f"not filled in time, {rounds} times: retry when relayers fill again")


def _new_round(transfer: Transfer) -> dict[str, Any]:
    """What a refund leaves of a deposit: nothing but higher numbers."""
    return {
        "deposit": None,
        "deposit_tx": "",
        "refund_tx": "",
        "round_number": transfer.round_number + 1,
        "deposit_attempt": transfer.deposit_attempt + 1,
        "claim_attempt": transfer.claim_attempt + 1,
    }


def _plan(transfer: Transfer, event: ev.DepositPlanned, at: int) -> Transfer:
    if transfer.phase is not Phase.CREATED or transfer.alarm:
        return transfer
    return _enter(transfer, Phase.BRIDGING, at, deposit=event.deposit, deposit_tx="")


def _note_hash(transfer: Transfer, leg: Leg, tx_hash: str, at: int) -> Transfer:
    if leg is Leg.DEPOSIT and transfer.phase in _DEPOSITED and transfer.deposit_tx != tx_hash:
        return _with(transfer, at, deposit_tx=tx_hash)
    if leg is Leg.PAYMENT and transfer.phase in (Phase.PAYING, Phase.SENT) and transfer.payment_tx != tx_hash:
        return _with(transfer, at, payment_tx=tx_hash)
    return transfer


def _confirm(transfer: Transfer, leg: Leg, tx_hash: str, at: int) -> Transfer:
    if leg is Leg.DEPOSIT and transfer.phase is Phase.BRIDGING:
        return _enter(transfer, Phase.FILLING, at, deposit_tx=tx_hash)
    if leg is Leg.PAYMENT and transfer.phase is Phase.PAYING:
        return _enter(transfer, Phase.SENT, at, payment_tx=tx_hash)
    return _note_hash(transfer, leg, tx_hash, at)


def _refuse(transfer: Transfer, event: ev.TransactionRefused, at: int) -> Transfer:
    """Nothing was signed, so the next attempt may differ."""
    give_up = event.retry_at is None
    reason = f"{event.leg} refused: {event.reason}"
    if event.leg is Leg.DEPOSIT and transfer.phase is Phase.BRIDGING:
        attempt = transfer.deposit_attempt + 1
        back = _with(transfer, at, phase=Phase.CREATED, deposit=None, deposit_tx="", deposit_attempt=attempt)
    elif event.leg is Leg.PAYMENT and transfer.phase is Phase.PAYING:
        back = _with(transfer, at, payment_attempt=transfer.payment_attempt + 1)
    elif event.leg is Leg.CLAIM and transfer.phase is Phase.CLAIMING:
        back = _with(transfer, at, claim_attempt=transfer.claim_attempt + 1)
    else:
        return transfer
    return _with(back, at, retry_at=event.retry_at or 0, alarm=give_up, reason=reason)


def _fail(transfer: Transfer, event: ev.TransactionFailed, at: int) -> Transfer:
    if transfer.phase not in _PHASES[event.leg] or transfer.failed or transfer.closed:
        return transfer
    reason = f"{event.leg} failed in {event.tx_hash or 'no transaction'}: {event.reason}"
    if event.leg is Leg.DEPOSIT:
        phase = Phase.BRIDGING
        return _alarm(transfer, at, phase=phase, deposit_tx=event.tx_hash, failed=True, reason=reason)
    if event.leg is Leg.CLAIM:
        return _alarm(transfer, at, failed=True, reason=reason)
    return _alarm(transfer, at, phase=Phase.PAYING, payment_tx=event.tx_hash, failed=True, reason=reason)


def _fill(transfer: Transfer, event: ev.FillSeen, at: int) -> Transfer:
    if transfer.phase not in _DEPOSITED:
        return transfer
    expected = transfer.terms.min_out <= event.amount <= transfer.amount
    text = f"{usdc_text(event.amount)} USDC arrived, expected were {usdc_text(transfer.terms.min_out)}"
    text = "" if expected else f"{text} to {usdc_text(transfer.amount)}"
    if transfer.returns:
        return _enter(transfer, Phase.COMPLETED, at, fill_tx=event.tx_hash, received=event.amount, reason=text)
    filled = _enter(transfer, Phase.PAYING, at, fill_tx=event.tx_hash, received=event.amount)
    return filled if expected else _alarm(filled, at, reason=f"{text}: retry to send it on all the same")


def _may_arrive(transfer: Transfer) -> bool:
    """A venue can credit a payment before this plugin has seen it deep enough in a block."""
    return transfer.phase is Phase.SENT or (transfer.phase is Phase.PAYING and bool(transfer.payment_tx))


def _retry(transfer: Transfer, event: ev.Retried, at: int) -> Transfer:
    changes: dict[str, Any] = {"since": at, "retry_at": 0, "alarm": False, "failed": False}
    changes["reason"] = f"retried by {event.operator}: {event.note}"
    if transfer.closed:
        return transfer
    if transfer.phase is Phase.REFUNDED:
        return _with(transfer, at, phase=Phase.CREATED, **changes, **_new_round(transfer))
    if not transfer.alarm:
        return transfer
    if transfer.failed and transfer.phase is Phase.BRIDGING:
        anew = {"phase": Phase.CREATED, "deposit": None, "deposit_tx": ""}
        return _with(transfer, at, **changes, **anew, deposit_attempt=transfer.deposit_attempt + 1)
    if transfer.failed and transfer.phase is Phase.CLAIMING:
        return _with(transfer, at, **changes, claim_attempt=transfer.claim_attempt + 1)
    if transfer.failed:
        return _with(transfer, at, **changes, payment_tx="", payment_attempt=transfer.payment_attempt + 1)
    return _with(transfer, at, **changes)


def _abandon(transfer: Transfer, event: ev.Abandoned, at: int) -> Transfer:
    reason = f"abandoned by {event.operator}: {event.note}"
    if transfer.phase is Phase.CREATED and not transfer.returns:
        return _enter(transfer, Phase.CANCELLED, at, reason=reason)
    return _alarm(transfer, at, closed=True, reason=reason) if transfer.open else transfer


def _enter(transfer: Transfer, phase: Phase, at: int, *, reason: str = "", **changes: Any) -> Transfer:  # noqa: ANN401
    clear = {"since": at, "retry_at": 0, "alarm": False, "failed": False}
    return _with(transfer, at, phase=phase, reason=reason, **clear, **changes)


def _alarm(transfer: Transfer, at: int, **changes: Any) -> Transfer:  # noqa: ANN401 - fields of the transfer
    return _with(transfer, at, alarm=True, **changes)


def _with(transfer: Transfer, at: int, **changes: Any) -> Transfer:  # noqa: ANN401 - fields of the transfer
    return msgspec.structs.replace(transfer, changed_at=at, **changes)
