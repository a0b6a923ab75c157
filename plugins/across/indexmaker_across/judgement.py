"""What observations mean for a transfer: transactions, time limits, withdrawals, refunds. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from indexmaker_across import events as ev
from indexmaker_across.config import Limits
from indexmaker_across.relay import Payment
from indexmaker_across.transfer import Leg, Phase, Transfer
from indexmaker_evm.transactions.model import Transaction, TxState

__all__ = ["is_overdue", "refund_shares", "transaction_event", "withdrawn"]

SECOND = 1_000_000_000
MOST_ATTEMPTS = 5
MOST_COMBINED = 12
_CONFIRMED = (TxState.CONFIRMED, TxState.FINAL)


def transaction_event(transfer: Transfer, leg: Leg, transaction: Transaction, *, at: int) -> ev.Event:
    """What the transaction manager's record of a leg says."""
    tx_hash = transaction.hashes[-1] if transaction.hashes else ""
    if transaction.state is TxState.REVERTED and transaction.nonce is None:
        attempt = transfer.attempt(leg)
        retry_at = None if attempt + 1 >= MOST_ATTEMPTS else at + (SECOND << attempt)
        return ev.TransactionRefused(leg=leg, reason=transaction.error, retry_at=retry_at)
    if transaction.state in (TxState.REVERTED, TxState.DROPPED):
        return ev.TransactionFailed(leg=leg, tx_hash=tx_hash, reason=transaction.error)
    if transaction.state in _CONFIRMED:
        return ev.TransactionConfirmed(leg=leg, tx_hash=tx_hash)
    return ev.TransactionSent(leg=leg, tx_hash=tx_hash)


def is_overdue(transfer: Transfer, *, limits: Limits, at: int) -> str:
    """Why an operator must look, because the transfer has stayed in its phase for too long; empty when not."""
    seconds, text = {
        Phase.COLLECTING: (limits.withdrawal_s, "its withdrawal is not in the route contract"),
        Phase.CREATED: (limits.collateral_s, "its collateral is not in the route contract"),
        Phase.BRIDGING: (limits.transaction_s, "its deposit is not in a block"),
        Phase.FILLING: (limits.fill_s + limits.overdue_fill_s, "neither a fill nor its expiry can be seen"),
        Phase.PAYING: (limits.transaction_s, "its payment is not in a block"),
        Phase.SENT: (limits.arrival_s, "the venue has not credited it"),
        Phase.REFUND_PENDING: (limits.refund_s, "Across has not refunded it"),
        Phase.CLAIMING: (limits.transaction_s, "its refund was not claimed"),
    }.get(transfer.phase, (0, ""))
    if not text or transfer.alarm or at - transfer.since <= seconds * SECOND:
        return ""
    last = f" ({transfer.reason})" if transfer.reason else ""
    return f"after {seconds} s {text}{last}"


def withdrawn(amount: int, payments: Sequence[Payment]) -> Payment | str:
    """Which of a withdrawal's payments to the route contract, none booked yet, is a transfer's of `amount`.

    The one of that very amount, or the only one there is; else why none can be told.
    """
    exact = [payment for payment in payments if payment.amount == amount]
    if exact or len(payments) == 1:
        return (exact or payments)[0]
    if not payments:
        return "the withdrawal's transaction pays nothing more to the route contract"
    return f"the withdrawal's transaction makes {len(payments)} payments to the route contract, none of this amount"


def refund_shares(amount: int, pending: Sequence[Transfer]) -> Sequence[Transfer]:
    """The transfers that a refund of `amount` pays back: Across sums up a depositor's expired deposits.

    The fewest that fit exactly, the oldest first; none when nothing fits.
    """
    candidates = pending[:MOST_COMBINED]
    for count in range(1, len(candidates) + 1):
        for group in itertools.combinations(candidates, count):
            if sum(transfer.amount for transfer in group) == amount:
                return group
    return ()
