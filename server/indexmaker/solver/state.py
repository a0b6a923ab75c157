"""The solver's state: plain records, all of it encoded by a dump. Nothing here depends on the order of a
dict.

`sequence` is that of the event that made a record; it gives the order of arrival.
"""

from __future__ import annotations

import enum

import msgspec

from indexmaker.instruments import Instrument
from indexmaker.solver.commands import IndexOrderReport, Invoice, InvoiceLot, SolverCommand
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.vocabulary import (
    FeeAmount,
    Finality,
    IndexState,
    OrderState,
    RejectReason,
    Side,
    TransferState,
)

__all__ = [
    "AssetOrder",
    "AssetOrderState",
    "Batch",
    "DepositLot",
    "Fill",
    "GateTerms",
    "Index",
    "IndexOrder",
    "InventoryLot",
    "Leg",
    "LotState",
    "SolverState",
    "Transfer",
    "TransferStage",
    "VenueDeposit",
]


class Record(msgspec.Struct, kw_only=True):
    """Parent of the mutable records."""


class Index(Record, kw_only=True):
    """An index as last created, with the quantities of its basket per unit."""

    symbol: str
    version: int
    chain_id: int
    gate: str
    token: str
    token_decimals: int
    quantities: tuple[tuple[str, int], ...]
    management_fee: int
    min_order: int
    max_order: int
    mint_threshold: int
    collateral: str
    collateral_decimals: int
    venue: str
    route: str
    custody: str
    destination: str
    state: IndexState = IndexState.ACTIVE

    @property
    def unit(self) -> int:
        """The smallest amount of the collateral token, in atoms."""
        return int(10 ** (18 - self.collateral_decimals))


class LotState(enum.StrEnum):
    """Life of a deposit lot; GONE covers retracted and withdrawn ones."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    COMMITTED = "COMMITTED"
    GONE = "GONE"


class DepositLot(Record, kw_only=True):
    """One on-chain request, keyed by chain, transaction and log index; `order_id` is the order that it funds."""

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


class GateTerms(Record, kw_only=True):
    """The price protection of a request; see `DepositTerms`."""

    min_units: int
    max_fee: int


class IndexOrder(Record, kw_only=True):
    """One client instruction and everything that became of it. Money in atoms of the collateral.

    `tradable` is what may be spent on assets and venue fees, known once the transfer has arrived; `ending` is
    the final state that a cancel or an expiry leads to when the order cannot end at once.
    """

    order_id: str
    sequence: int
    account: str
    client_order_id: str
    index: str
    side: Side
    amount: int
    max_price: int
    min_units: int
    max_fee: int
    expires_at: int
    signature_digest: str
    management_fee: int = 0
    """The rate that was in force when the order was taken."""
    state: OrderState
    state_since: int
    first: IndexOrderReport | None = None
    stuck_told: bool = False
    ending: OrderState | None = None
    ending_reason: RejectReason = RejectReason.NONE
    lot_key: str = ""
    deposit: int = 0
    transfer_id: str = ""
    alone: bool = False
    attempts: int = 0
    retry_at: int = 0
    routing_fee: int = 0
    tradable: int = 0
    price_limit: int = 0
    quantities: tuple[tuple[str, int], ...] = ()
    version: int = 0
    reserved: int = 0
    spent: int = 0
    units: int = 0
    idle: int = 0
    minimum_since: int = 0
    lots: list[InvoiceLot] = []
    invoice: Invoice | None = None
    invoice_attempts: int = 0
    vetoed: str = ""
    lots_root: str = ""
    signer: str = ""
    signature: str = ""
    settle_command: str = ""
    settle_tx: str = ""
    settle_block: int = 0
    settle_final: bool = False

    @property
    def left(self) -> int:
        """Collateral that may still be spent on assets and venue fees."""
        return self.tradable - self.spent


class TransferStage(enum.StrEnum):
    """Where a shared transfer is, seen from the solver."""

    QUOTING = "QUOTING"
    COMMITTING = "COMMITTING"
    MOVING = "MOVING"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    DROPPED = "DROPPED"


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


class InventoryLot(Record, kw_only=True):
    """Surplus of a venue trade, now the house's. `cost` is what the house paid for it, fees included."""

    sequence: int
    venue: str
    asset: str
    symbol: str
    trade_id: str
    quantity: int
    cost: int


class Fill(Record, kw_only=True):
    """One venue trade of a leg. `net` is what is left after commission in the asset; `fee` is None until
    valued.

    `cost` is the part of the payment that belongs to `net`.
    """

    symbol: str
    trade_id: str
    client_order_id: str
    at: int
    price: int
    quantity: int
    net: int
    cost: int
    commission: int
    commission_asset: str
    fee: int | None


class Leg(Record, kw_only=True):
    """One asset of a batch."""

    asset: str
    symbol: str
    needed: int
    quantity: int
    limit_price: int
    mid: int
    house_value: int
    held: list[InventoryLot] = []
    fills: list[Fill] = []
    late: list[Fill] = []
    """Trades told after the leg was closed; they are the house's."""
    attempts: int = 0
    closed: bool = False

    @property
    def held_quantity(self) -> int:
        """Inventory set aside for this leg."""
        return sum(lot.quantity for lot in self.held)


class Batch(Record, kw_only=True):
    """Index orders engaged together: (order, units planned, price at the limits), and the legs by asset."""

    batch_id: str
    sequence: int
    venue: str
    collateral: str
    opened_at: int
    orders: tuple[tuple[str, int, int], ...]
    value: int
    legs: list[Leg]
    closed: bool = False
    fee_told: bool = False


class AssetOrderState(enum.StrEnum):
    """An order on the venue as far as the solver knows. RETRY waits for its time to be replaced by a new one."""

    SENT = "SENT"
    LIVE = "LIVE"
    UNKNOWN = "UNKNOWN"
    RETRY = "RETRY"
    DONE = "DONE"


class AssetOrder(Record, kw_only=True):
    """One order to a venue. `done_quantity` is -1 until the venue has said how much was executed."""

    client_order_id: str
    batch_id: str
    asset: str
    venue: str
    symbol: str
    price: int
    quantity: int
    state: AssetOrderState
    asked_at: int
    retry_at: int = 0
    executed: int = 0
    done_quantity: int = -1
    queries: int = 0
    query_command: str = ""


class SolverState(Record, kw_only=True):
    """All of it, but for the ledger."""

    config: SolverConfig = SolverConfig()
    instruments: dict[str, Instrument] = {}
    indices: dict[str, Index] = {}
    lots: dict[str, DepositLot] = {}
    terms: dict[str, GateTerms] = {}
    """By request, as `terms_key` names it."""
    orders: dict[str, IndexOrder] = {}
    transfers: dict[str, Transfer] = {}
    venue_deposits: dict[str, VenueDeposit] = {}
    inventory: list[InventoryLot] = []
    batches: dict[str, Batch] = {}
    asset_orders: dict[str, AssetOrder] = {}
    trades: dict[str, str] = {}
    """Venue trades seen, and the batch of each (empty for one that is not ours)."""
    settlements: dict[str, str] = {}
    """Settle command id to order id."""
    marks: dict[str, int] = {}
    """Last mid price of an asset in the collateral, for valuing commissions."""
    holds: dict[str, int] = {}
    """Assets left alone until a time."""
    capital_references: set[str] = set()
    open_orders: set[str] = set()
    """Index orders that are not final."""
    open_batches: set[str] = set()
    live_asset_orders: set[str] = set()
    """Venue orders of which more is expected."""
    outbox: list[SolverCommand] = []
