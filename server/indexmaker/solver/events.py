"""Everything that can happen to the solver: frozen, journaled, and the only thing that changes its state.

Amounts are atoms, times UTC nanoseconds, accounts the text `42161:0x...`. All events are idempotent: told
twice, the second has no effect. Orders of events between different subjects are not assumed (a fill may
precede its acknowledgement, a deposit its order, a venue credit the transfer's own report).
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from indexmaker.instruments import Instrument
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.vocabulary import (
    AssetOrderStatus,
    BookFlag,
    CommitFailure,
    Constituent,
    FeeAmount,
    Finality,
    IndexState,
    RejectClass,
    SettlementState,
    Side,
    TransferState,
    Value,
)

__all__ = [
    "AssetOrderAccepted",
    "AssetOrderDone",
    "AssetOrderRejected",
    "AssetOrderUnknown",
    "BatchSolve",
    "Book",
    "CollateralCommitted",
    "CommitFailed",
    "Configured",
    "DepositRetracted",
    "DepositSeen",
    "DepositTerms",
    "DepositWithdrawn",
    "Event",
    "ExecutionReported",
    "HouseCapital",
    "IndexCreated",
    "IndexStateChanged",
    "InstrumentsUpdated",
    "InvoiceSigned",
    "InvoiceVetoed",
    "OrderCancelRequested",
    "OrderSubmitted",
    "RouteQuoted",
    "RouteRefused",
    "SettlementUpdated",
    "SolverEvent",
    "Tick",
    "TransferUpdated",
    "VenueDepositSeen",
]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Parent of all events; the class name is the tag in the journal."""


class Configured(Event, frozen=True, kw_only=True):
    """The configuration in force from now on; the last one wins."""

    config: SolverConfig


class InstrumentsUpdated(Event, frozen=True, kw_only=True):
    """The rules and fees of a venue's instruments; those not listed keep their last rules."""

    venue: str
    instruments: tuple[Instrument, ...]


class HouseCapital(Event, frozen=True, kw_only=True):
    """Money of the house, counted in at a place (`venue:binance`, `wallet:keeper`); `reference` makes it
    idempotent.
    """

    place: str
    asset: str
    amount: int
    reference: str


class IndexCreated(Event, frozen=True, kw_only=True):
    """An index that takes orders on `gate` (chain `chain_id`), or a new version of its basket, fees and
    limits.

    Quantities per unit come from `constituents`, or are derived as weight share x `target_price` / reference
    price. Collateral goes from `custody` by the gate's route `route` to `destination`, the account of
    `venue`.
    """

    symbol: str
    chain_id: int
    gate: str
    token: str
    constituents: tuple[Constituent, ...]
    version: int = 1
    token_decimals: int = 18
    target_price: int = 0
    management_fee: int = 0
    min_order: int = 0
    max_order: int = 0
    mint_threshold: int = 0
    """Filled share from which the rest is refunded instead of traded; 0 takes the configured one."""
    collateral: str = "USDC"
    collateral_decimals: int = 6
    venue: str = "binance"
    route: str = "across"
    custody: str = "EVM:ARBITRUM:USDC"
    destination: str = "BINANCE:MAIN:USDC"


class IndexStateChanged(Event, frozen=True, kw_only=True):
    """An index is paused, resumed or retired; open orders go on."""

    symbol: str
    state: IndexState


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


class OrderSubmitted(Event, frozen=True, kw_only=True):
    """A client's index order, its signature already verified at the door. A limit of 0 is absent.

    `max_price` is collateral per index unit for assets and venue fees; `min_units` the least to mint for the
    whole amount; `max_fee` bounds routing plus management fee; `expires_at` 0 takes the configured life time.
    """

    client_order_id: str
    account: str
    side: Side
    index: str
    amount: int
    max_price: int = 0
    min_units: int = 0
    max_fee: int = 0
    expires_at: int = 0
    signature_digest: str = ""


class OrderCancelRequested(Event, frozen=True, kw_only=True):
    """The client wants the order ended; what happens to the money depends on its state."""

    account: str
    client_order_id: str


class RouteQuoted(Event, frozen=True, kw_only=True):
    """The answer to `QuoteRoute`: fees are in the collateral asset and known before anything is charged."""

    transfer_id: str
    amount_in: int
    amount_out: int
    fees: tuple[FeeAmount, ...] = ()
    expires_at: int = 0


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


class Book(Value, frozen=True, kw_only=True):
    """One instrument's levels (price, quantity), best first, with the age and the known trouble."""

    venue: str
    symbol: str
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    age_ns: int = 0
    flags: tuple[BookFlag, ...] = ()


class BatchSolve(Event, frozen=True, kw_only=True):
    """Solve a batch now, on exactly these books. Without `batch_id` the id is made from the sequence."""

    books: tuple[Book, ...]
    batch_id: str = ""


class AssetOrderAccepted(Event, frozen=True, kw_only=True):
    """The venue took the order; its end will follow."""

    client_order_id: str
    venue_order_id: str = ""


class ExecutionReported(Event, frozen=True, kw_only=True):
    """A trade of ours. `quantity` is before commission; (venue, symbol, trade id) makes it unique."""

    venue: str
    symbol: str
    trade_id: str
    client_order_id: str
    price: int
    quantity: int
    commission: int
    commission_asset: str
    at: int


class AssetOrderDone(Event, frozen=True, kw_only=True):
    """The order rests no more; `executed_quantity` says how much its trades must add up to."""

    client_order_id: str
    status: AssetOrderStatus
    executed_quantity: int


class AssetOrderRejected(Event, frozen=True, kw_only=True):
    """The venue refused the order (or, as NOT_FOUND, does not know it)."""

    client_order_id: str
    reject_class: RejectClass
    reason: str = ""


class AssetOrderUnknown(Event, frozen=True, kw_only=True):
    """Nobody knows whether the order reached the venue (time-out, lost connection)."""

    client_order_id: str
    reason: str = ""


class InvoiceSigned(Event, frozen=True, kw_only=True):
    """Guardian and issuer agree with an invoice. `lots_root` is the Merkle root the signing edge made from
    its lots.
    """

    invoice_id: str
    signer: str
    signature: str
    lots_root: str
    digest: str = ""


class InvoiceVetoed(Event, frozen=True, kw_only=True):
    """The guardian found a difference; nothing is minted until somebody looks."""

    invoice_id: str
    reason: str


class SettlementUpdated(Event, frozen=True, kw_only=True):
    """The transaction of a `SettleInvoice` as the chain shows it now."""

    command_id: str
    state: SettlementState
    tx_hash: str = ""
    block: int = 0
    confirmations: int = 0
    reason: str = ""


class Tick(Event, frozen=True, kw_only=True):
    """Time passes: groups are closed, retries are due, ages are checked. The time is the one given to
    `apply`.
    """


SolverEvent: TypeAlias = (
    Configured
    | InstrumentsUpdated
    | HouseCapital
    | IndexCreated
    | IndexStateChanged
    | DepositSeen
    | DepositRetracted
    | DepositWithdrawn
    | DepositTerms
    | OrderSubmitted
    | OrderCancelRequested
    | RouteQuoted
    | RouteRefused
    | CollateralCommitted
    | CommitFailed
    | TransferUpdated
    | VenueDepositSeen
    | BatchSolve
    | AssetOrderAccepted
    | ExecutionReported
    | AssetOrderDone
    | AssetOrderRejected
    | AssetOrderUnknown
    | InvoiceSigned
    | InvoiceVetoed
    | SettlementUpdated
    | Tick
)
