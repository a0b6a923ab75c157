"""Deposits, transfers, and the records of the venue about them."""

from __future__ import annotations

import enum

from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import FeeAmount, Finality, TransferState

__all__ = ["DepositLot", "GateTerms", "LotState", "RequestLot", "Transfer", "TransferStage", "VenueDeposit"]


class LotState(enum.StrEnum):
    """Life of what a request brought to its gate; GONE covers retracted and withdrawn ones."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    COMMITTED = "COMMITTED"
    GONE = "GONE"


class RequestLot(Record, kw_only=True):
    """One on-chain request, keyed by chain, transaction and log index; `order_id` is the order that it funds.

    `asset` and `amount` are what it brought to the gate.
    """

    key: str
    sequence: int
    chain_id: int
    tx_hash: str
    request_id: int
    gate: str
    account: str
    asset: str
    amount: int
    finality: Finality
    state: LotState
    block_hash: str = ""
    removed: str = ""
    """Why it is gone from the gate while its commit is on the way; applied when the commit has failed."""
    order_id: str = ""
    ended_at: int = 0
    """When it was gone."""


class DepositLot(RequestLot, kw_only=True):
    """A request that brought collateral."""


class GateTerms(Record, kw_only=True):
    """The price protection of a request; see `DepositTerms`."""

    min_units: int
    max_fee: int


class TransferStage(enum.StrEnum):
    """Where a shared transfer is, seen from the solver."""

    QUOTING = "QUOTING"
    COMMITTING = "COMMITTING"
    MOVING = "MOVING"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    DROPPED = "DROPPED"
    WRITTEN_OFF = "WRITTEN_OFF"


class Transfer(Record, kw_only=True):
    """Collateral of several orders of one gate on its way to the venue. `shares` are (order, amount)."""

    transfer_id: str
    sequence: int
    index: str
    amount: int
    shares: tuple[tuple[str, int], ...]
    stage: TransferStage
    quoted_out: int = 0
    commit_tx: str = ""
    last: TransferState | None = None
    fees: tuple[FeeAmount, ...] = ()
    hops: tuple[str, ...] = ()
    external_id: str = ""
    deposit_id: str = ""


class VenueDeposit(Record, kw_only=True):
    """A deposit in a venue's records, and the transfer it belongs to once that is known."""

    key: str
    venue: str
    asset: str
    amount: int
    tx_hash: str
    deposit_id: str
    credited: bool
    transfer_id: str = ""
