"""Deposits on the gates and their way to the venue."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import CommitFailure, FeeAmount, Finality, TransferState

__all__ = [
    "CollateralCommitted",
    "CommitFailed",
    "DepositRetracted",
    "DepositSeen",
    "DepositTerms",
    "DepositWithdrawn",
    "RouteQuoted",
    "RouteRefused",
    "TransferUpdated",
    "VenueDepositSeen",
]


class DepositSeen(Event, frozen=True, kw_only=True):
    """A collateral request on a gate. Told again as its finality grows; `request_id` is the gate's number."""

    chain_id: int
    tx_hash: str
    log_index: int
    request_id: int
    gate: str
    account: str
    amount: int
    finality: Finality
    block_hash: str = ""


class DepositRetracted(Event, frozen=True, kw_only=True):
    """A reorg took the deposit back; only if it is still known in this very block (it may have come again since)."""

    chain_id: int
    tx_hash: str
    log_index: int
    block_hash: str = ""


class DepositWithdrawn(Event, frozen=True, kw_only=True):
    """The user cancelled the request on the gate before it was committed."""

    chain_id: int
    gate: str
    request_id: int


class DepositTerms(Event, frozen=True, kw_only=True):
    """The price protection that a request has on its gate: a settlement outside of it would revert.

    `min_units` is the least for the whole deposit (0: no limit); a `max_fee` of 0 allows no fee at all.
    """

    chain_id: int
    gate: str
    request_id: int
    min_units: int
    max_fee: int


class RouteQuoted(Event, frozen=True, kw_only=True):
    """The answer to `QuoteRoute`: fees are in the collateral asset and known before anything is charged.

    For a transfer that starts on a venue, `pickup_network` and `pickup_address` say where it shall send the money.
    """

    transfer_id: str
    amount_in: int
    amount_out: int
    fees: tuple[FeeAmount, ...] = ()
    expires_at: int = 0
    pickup_network: str = ""
    pickup_address: str = ""


class RouteRefused(Event, frozen=True, kw_only=True):
    """The route cannot carry the transfer; a `retryable` refusal is asked again later."""

    transfer_id: str
    reason: str
    retryable: bool = False


class CollateralCommitted(Event, frozen=True, kw_only=True):
    """The gate moved the requests of a `CommitCollateral` to the route."""

    command_id: str
    tx_hash: str


class CommitFailed(Event, frozen=True, kw_only=True):
    """The commit did not happen and will not; nothing moved."""

    command_id: str
    reason: str
    failure: CommitFailure = CommitFailure.RETRYABLE


class TransferUpdated(Event, frozen=True, kw_only=True):
    """A transfer as its connector sees it now (not a delta). COMPLETED answers `ConfirmArrival`."""

    transfer_id: str
    state: TransferState
    amount_out: int = 0
    fees: tuple[FeeAmount, ...] = ()
    hop_tx_hashes: tuple[str, ...] = ()
    external_id: str = ""
    reason: str = ""


class VenueDepositSeen(Event, frozen=True, kw_only=True):
    """A deposit in the venue's own records; `credited` once it can be traded with."""

    venue: str
    asset: str
    amount: int
    tx_hash: str
    deposit_id: str
    credited: bool
