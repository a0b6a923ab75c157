"""What a transaction of the hot wallet means for the withdrawal that it pays. Pure."""

from __future__ import annotations

from indexmaker.api.chain.v1 import chain_pb2
from indexmaker.exchange.commands import ReportWithdrawal
from indexmaker.exchange.vocabulary import WithdrawalStatus

__all__ = ["is_unmined", "report_of"]

_State = chain_pb2.Transaction
_ARRIVED = (_State.STATE_CONFIRMED, _State.STATE_FINAL)
_UNDER_WAY = (_State.STATE_BROADCAST, _State.STATE_MINED)


def report_of(transaction: chain_pb2.Transaction, *, withdrawal_id: int, confirmations: int) -> ReportWithdrawal | None:
    """The report, or None while there is nothing to say.

    A transfer that failed in a block may still succeed in another one, if blocks are replaced; it counts as failed
    only under `confirmations` blocks. One that was refused before it was sent, or lost its nonce for good, never
    moves money.
    """
    state = transaction.state
    tx_hash = transaction.tx_hashes[-1] if transaction.tx_hashes else ""
    if state in _ARRIVED:
        return ReportWithdrawal(withdrawal_id=withdrawal_id, status=WithdrawalStatus.COMPLETED, tx_hash=tx_hash)
    if state in _UNDER_WAY:
        return ReportWithdrawal(withdrawal_id=withdrawal_id, status=WithdrawalStatus.SENT, tx_hash=tx_hash)
    reverted = state == _State.STATE_REVERTED and (not tx_hash or transaction.confirmations >= confirmations)
    if reverted or state == _State.STATE_DROPPED:
        reason = transaction.error or "the transaction failed"
        return ReportWithdrawal(withdrawal_id=withdrawal_id, status=WithdrawalStatus.FAILED, reason=reason)
    return None


def is_unmined(transaction: chain_pb2.Transaction) -> bool:
    """Whether the wallet's balance does not show the transfer yet."""
    return transaction.state in (_State.STATE_JOURNALED, _State.STATE_BROADCAST)
