"""Escrowed index tokens, their commits, and the way of sale proceeds back to the chain."""

from __future__ import annotations

import enum

from indexmaker.solver.state.base import Record
from indexmaker.solver.state.collateral import RequestLot
from indexmaker.solver.vocabulary import FeeAmount, TransferState, WithdrawalState

__all__ = ["Payout", "PayoutStage", "RedemptionLimits", "TokenCommit", "TokenLot"]


class TokenLot(RequestLot, kw_only=True):
    """A request that brought index tokens: `amount` is index units, `asset` the ledger's name of the token."""


class RedemptionLimits(Record, kw_only=True):
    """The price protection of a redemption request; see `RedemptionTerms`."""

    min_out: int
    max_fee: int


class TokenCommit(Record, kw_only=True):
    """Requests of one gate whose tokens are locked in one transaction, once the payment's cost is known.

    `shares` are (order, estimated proceeds), `amount` is their sum; 0 where the index has no known price, then the
    cost is not asked. `committing`: the transaction was sent.
    """

    commit_id: str
    sequence: int
    index: str
    amount: int
    shares: tuple[tuple[str, int], ...]
    committing: bool = False


class PayoutStage(enum.StrEnum):
    """Where a shared return transfer is. FAILED stands still until it is restarted; DROPPED moved nothing."""

    QUOTING = "QUOTING"
    WITHDRAWING = "WITHDRAWING"
    MOVING = "MOVING"
    ARRIVED = "ARRIVED"
    FAILED = "FAILED"
    DROPPED = "DROPPED"


class Payout(Record, kw_only=True):
    """Proceeds of several sell orders on their way from a venue to the keeper's wallet on a chain.

    `shares` are (order, amount) in whole units of the collateral token, `amount` is their sum: what leaves the venue,
    its fee included. `expected_in` is what the quote took the withdrawal to bring, `carried` what it brought,
    `arrived` what came into the wallet.
    """

    payout_id: str
    sequence: int
    venue: str
    asset: str
    source: str
    destination: str
    route: str
    chain_id: int
    unit: int
    amount: int
    shares: tuple[tuple[str, int], ...]
    stage: PayoutStage
    quoted_out: int = 0
    expected_in: int = 0
    network: str = ""
    address: str = ""
    withdraw_attempts: int = 0
    withdraw_command: str = ""
    withdrawal: WithdrawalState | None = None
    withdraw_tx: str = ""
    carried: int = 0
    transfer_attempts: int = 0
    transfer_id: str = ""
    last: TransferState | None = None
    fees: tuple[FeeAmount, ...] = ()
    hops: tuple[str, ...] = ()
    arrived: int = 0
