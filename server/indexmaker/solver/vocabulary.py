"""Words shared by the solver's events, commands and state: enumerations and small value types.

Every amount is an `int` of atoms (10**-18), every rate is atoms too (0.001 = 10**15), every time is UTC
nanoseconds.
"""

from __future__ import annotations

import enum

import msgspec

__all__ = [
    "AssetOrderStatus",
    "BookFlag",
    "CommitFailure",
    "Constituent",
    "DeploymentState",
    "ExecType",
    "FeeAmount",
    "Finality",
    "IndexLimits",
    "IndexState",
    "LotSource",
    "OrderState",
    "PositionCheck",
    "PositionStatus",
    "QuoteState",
    "RebalanceState",
    "RejectClass",
    "RejectReason",
    "SettlementState",
    "Side",
    "TransferState",
    "Value",
    "WithdrawalState",
]


class Value(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Parent of the small immutable records; two with equal fields are equal."""


class Side(enum.StrEnum):
    """Direction of an index order or an asset order."""

    BUY = "BUY"
    SELL = "SELL"


class Finality(enum.StrEnum):
    """How far a chain has settled a transaction, weakest first."""

    SEEN = "SEEN"
    CONFIRMED = "CONFIRMED"
    SAFE = "SAFE"
    FINAL = "FINAL"

    @property
    def rank(self) -> int:
        """0 for SEEN up to 3 for FINAL."""
        return list(Finality).index(self)


class IndexState(enum.StrEnum):
    """Whether an index takes new orders."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    RETIRED = "RETIRED"


class DeploymentState(enum.StrEnum):
    """Progress of the contracts of a new index: FAILED may be asked for again."""

    SENT = "SENT"
    DEPLOYED = "DEPLOYED"
    FAILED = "FAILED"


class RebalanceState(enum.StrEnum):
    """Life of a change of weights: it waits for its time, for started orders, for trades, and is over."""

    SCHEDULED = "SCHEDULED"
    DRAINING = "DRAINING"
    TRADING = "TRADING"
    COMPLETED = "COMPLETED"
    SUPERSEDED = "SUPERSEDED"


class QuoteState(enum.StrEnum):
    """Life of a binding quote: it holds capacity while OPEN, and for its order while USED."""

    OPEN = "OPEN"
    USED = "USED"
    EXPIRED = "EXPIRED"
    REFUSED = "REFUSED"


class OrderState(enum.StrEnum):
    """Life of an index order: the buy side, the sell side, and the ends that both share."""

    PENDING_COLLATERAL = "PENDING_COLLATERAL"
    ROUTING = "ROUTING"
    READY = "READY"
    ENGAGED = "ENGAGED"
    MINTABLE = "MINTABLE"
    MINT_SUBMITTED = "MINT_SUBMITTED"
    MINTED = "MINTED"
    PENDING_TOKENS = "PENDING_TOKENS"
    PAYABLE = "PAYABLE"
    PAYOUT_ROUTING = "PAYOUT_ROUTING"
    PAID = "PAID"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"

    @property
    def final(self) -> bool:
        """True for a state that no event leaves (a reorg of the mint apart)."""
        return self in _FINAL_STATES


_FINAL_STATES = frozenset(
    {OrderState.MINTED, OrderState.PAID, OrderState.CANCELLED, OrderState.EXPIRED, OrderState.REJECTED}
)


class ExecType(enum.StrEnum):
    """Why an order report is sent."""

    NEW = "NEW"
    STATUS = "STATUS"
    PARTIAL_FILL = "PARTIAL_FILL"
    FILL = "FILL"
    MINTED = "MINTED"
    PAID = "PAID"
    REPLACED = "REPLACED"
    REPLACE_REJECTED = "REPLACE_REJECTED"
    PENDING_CANCEL = "PENDING_CANCEL"
    CANCEL_REJECTED = "CANCEL_REJECTED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class RejectReason(enum.StrEnum):
    """Machine-readable reason of a rejection, cancel or refused cancel."""

    NONE = ""
    BAD_ACCOUNT = "BAD_ACCOUNT"
    BAD_CLIENT_ORDER_ID = "BAD_CLIENT_ORDER_ID"
    BAD_LIMIT = "BAD_LIMIT"
    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE"
    AMOUNT_PRECISION = "AMOUNT_PRECISION"
    AMOUNT_BELOW_MINIMUM = "AMOUNT_BELOW_MINIMUM"
    AMOUNT_ABOVE_MAXIMUM = "AMOUNT_ABOVE_MAXIMUM"
    UNKNOWN_INDEX = "UNKNOWN_INDEX"
    INDEX_NOT_ACTIVE = "INDEX_NOT_ACTIVE"
    WRONG_CHAIN = "WRONG_CHAIN"
    EXPIRY_IN_PAST = "EXPIRY_IN_PAST"
    EXPIRY_TOO_LATE = "EXPIRY_TOO_LATE"
    UNKNOWN_ORDER = "UNKNOWN_ORDER"
    NOTHING_TO_AMEND = "NOTHING_TO_AMEND"
    ALREADY_USED = "ALREADY_USED"
    SELF_MATCHED = "SELF_MATCHED"
    TOO_LATE = "TOO_LATE"
    ROUTE_REFUSED = "ROUTE_REFUSED"
    FEE_ABOVE_LIMIT = "FEE_ABOVE_LIMIT"
    TRANSFER_FAILED = "TRANSFER_FAILED"
    BELOW_VENUE_MINIMUM = "BELOW_VENUE_MINIMUM"
    ACCOUNT_NOT_ALLOWED = "ACCOUNT_NOT_ALLOWED"
    MAX_SUPPLY = "MAX_SUPPLY"
    DAILY_ISSUANCE = "DAILY_ISSUANCE"
    TOO_MANY_OPEN_ORDERS = "TOO_MANY_OPEN_ORDERS"
    DAILY_NOTIONAL = "DAILY_NOTIONAL"
    TRADING_HALTED = "TRADING_HALTED"
    INDEX_REBALANCING = "INDEX_REBALANCING"
    NO_MARKET = "NO_MARKET"
    NO_CAPACITY = "NO_CAPACITY"
    PRICE_ABOVE_LIMIT = "PRICE_ABOVE_LIMIT"
    UNKNOWN_QUOTE = "UNKNOWN_QUOTE"
    QUOTE_EXPIRED = "QUOTE_EXPIRED"
    QUOTE_USED = "QUOTE_USED"
    QUOTE_MISMATCH = "QUOTE_MISMATCH"
    CANCELLED_BY_USER = "CANCELLED_BY_USER"
    EXPIRED = "EXPIRED"


class CommitFailure(enum.StrEnum):
    """Why the gate did not commit: RETRYABLE may be tried again, REQUEST_GONE means a request is no longer
    there.
    """

    RETRYABLE = "RETRYABLE"
    REQUEST_GONE = "REQUEST_GONE"


class TransferState(enum.StrEnum):
    """Progress of a routed transfer as its connector tells it."""

    ACCEPTED = "ACCEPTED"
    IN_FLIGHT = "IN_FLIGHT"
    ARRIVED = "ARRIVED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    REFUNDED = "REFUNDED"
    NEEDS_OPERATOR = "NEEDS_OPERATOR"


class AssetOrderStatus(enum.StrEnum):
    """How an order on a venue ended."""

    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    REJECTED = "REJECTED"


class RejectClass(enum.StrEnum):
    """What a venue's refusal means: the class decides what the solver does with that leg alone.

    NOT_FOUND answers a query: the venue has never seen the order.
    """

    FILTER = "FILTER"
    BALANCE = "BALANCE"
    RATE = "RATE"
    UNKNOWN = "UNKNOWN"
    NOT_FOUND = "NOT_FOUND"
    OTHER = "OTHER"


class LotSource(enum.StrEnum):
    """Where a lot of an order comes from (or goes to, for a sale): a venue trade, the house's inventory, or another
    order of the same batch.
    """

    TRADE = "TRADE"
    INVENTORY = "INVENTORY"
    CROSS = "CROSS"


class WithdrawalState(enum.StrEnum):
    """Progress of a withdrawal from a venue, as the venue tells it."""

    ACCEPTED = "ACCEPTED"
    SENT = "SENT"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    NEEDS_OPERATOR = "NEEDS_OPERATOR"


class SettlementState(enum.StrEnum):
    """Progress of the transaction that settles an invoice."""

    SUBMITTED = "SUBMITTED"
    CONFIRMED = "CONFIRMED"
    FINAL = "FINAL"
    REVERTED = "REVERTED"
    REORGED = "REORGED"


class BookFlag(enum.StrEnum):
    """What market data says is wrong with a book; any flag makes it unusable."""

    STALE = "STALE"
    GAP = "GAP"
    HALTED = "HALTED"


class FeeAmount(Value, frozen=True, kw_only=True):
    """A fee of one kind (`bridge`, `gas`, `withdrawal`), in atoms of `asset`."""

    kind: str
    asset: str
    amount: int


class Constituent(Value, frozen=True, kw_only=True):
    """One asset of an index. Give `quantity` per index unit, or `reference_price` to have it derived."""

    asset: str
    weight: int = 0
    quantity: int = 0
    reference_price: int = 0


class IndexLimits(Value, frozen=True, kw_only=True):
    """Bounds that the door keeps for one index; 0 (or nobody listed) is no bound. Units are atoms of the index."""

    max_supply: int = 0
    """Units outstanding, those of open buys included."""
    daily_issuance: int = 0
    """Units minted in one UTC day, those of open buys included."""
    allowed: tuple[str, ...] = ()
    """Accounts that may place orders, in lower case."""


class PositionStatus(enum.StrEnum):
    """What a comparison found: equal, different within what is on its way, or different without an explanation."""

    MATCHED = "MATCHED"
    EXPLAINED = "EXPLAINED"
    UNEXPLAINED = "UNEXPLAINED"


class PositionCheck(Value, frozen=True, kw_only=True):
    """One asset at one place: what the ledger says, what the outside says, and how far they may differ now.

    The outside may be `lowest` to `highest` (what is on its way in or out); `explanation` says what is on its way.
    """

    place: str
    asset: str
    ledger: int
    outside: int
    lowest: int
    highest: int
    status: PositionStatus
    explanation: str = ""
