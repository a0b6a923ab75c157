"""The closed word lists of the exchange. Values are the words that people and faces use, so a journal reads plainly."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccountStatus",
    "Activation",
    "CancelReason",
    "CancelRestriction",
    "DepositStatus",
    "ExpiryReason",
    "ListKind",
    "ListStatus",
    "MarketStatus",
    "OrderStatus",
    "OrderType",
    "PegPrice",
    "PostingKind",
    "ReplaceMode",
    "ReplaceResult",
    "SelfTradePrevention",
    "Side",
    "TimeInForce",
    "WithdrawalStatus",
]


class Side(StrEnum):
    """What the owner of the order does with the base asset."""

    BUY = "BUY"
    SELL = "SELL"


class OrderType(StrEnum):
    """How an order finds its price. A `LIMIT_MAKER` only ever rests; it is refused when it would trade.

    The others wait for a trade price. A stop-loss buy and a take-profit sell wait for one at or above their stop
    price, a stop-loss sell and a take-profit buy for one at or below; then they are a market or a limit order.
    """

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"
    STOP_LOSS = "STOP_LOSS"
    STOP_LOSS_LIMIT = "STOP_LOSS_LIMIT"
    TAKE_PROFIT = "TAKE_PROFIT"
    TAKE_PROFIT_LIMIT = "TAKE_PROFIT_LIMIT"


class TimeInForce(StrEnum):
    """GTC rests, GTD until its date, IOC trades now and expires the rest, FOK trades whole now or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"
    GTD = "GTD"


class PegPrice(StrEnum):
    """Which best price a pegged order follows when it reaches the book."""

    NONE = "NONE"
    PRIMARY = "PRIMARY"
    MARKET = "MARKET"


class SelfTradePrevention(StrEnum):
    """What happens when an order meets one of the same account or trade group; the taker's mode decides.

    `DECREMENT` takes the smaller quantity off both, which ends the smaller. `TRANSFER` does the same, and when both
    orders have it and their accounts differ, the money of that quantity changes hands at the maker's price, without
    fees and without a trade.
    """

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"
    TRANSFER = "TRANSFER"


class OrderStatus(StrEnum):
    """Where an accepted order stands. The first three are open, the others are final.

    `PENDING_NEW` is an order of a list whose turn has not come.
    """

    PENDING_NEW = "PENDING_NEW"
    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"


class MarketStatus(StrEnum):
    """`OPEN` trades, `CANCEL_ONLY` lets orders go, `HALTED` lets nothing happen.

    `AUCTION` collects limit orders, which may cross, until the market opens. `CLOSED` is before the first and after
    the last of a day: orders may go.
    """

    OPEN = "OPEN"
    HALTED = "HALTED"
    CANCEL_ONLY = "CANCEL_ONLY"
    AUCTION = "AUCTION"
    CLOSED = "CLOSED"


class AccountStatus(StrEnum):
    """A `SUSPENDED` account may cancel and be credited; it may not place orders."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class CancelReason(StrEnum):
    """Who took the order back."""

    CLIENT = "CLIENT"
    CANCEL_ALL = "CANCEL_ALL"
    CANCEL_LIST = "CANCEL_LIST"
    REPLACE = "REPLACE"


class ReplaceMode(StrEnum):
    """Whether the new order is placed although the old one could not be cancelled."""

    STOP_ON_FAILURE = "STOP_ON_FAILURE"
    ALLOW_FAILURE = "ALLOW_FAILURE"


class ReplaceResult(StrEnum):
    """What came of one half of a cancel-replace."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    NOT_ATTEMPTED = "NOT_ATTEMPTED"


class ListKind(StrEnum):
    """How the orders of a list depend on each other; see `PlaceList`."""

    OCO = "OCO"
    OTO = "OTO"
    OTOCO = "OTOCO"


class ListStatus(StrEnum):
    """`EXEC_STARTED` at entry, `UPDATED` when the working order has filled, `ALL_DONE` when no order is open."""

    EXEC_STARTED = "EXEC_STARTED"
    UPDATED = "UPDATED"
    ALL_DONE = "ALL_DONE"


class Activation(StrEnum):
    """Why an order that waited began to work: its price came, or the order before it filled."""

    TRIGGERED = "TRIGGERED"
    WORKING_FILLED = "WORKING_FILLED"


class CancelRestriction(StrEnum):
    """Cancel only while the order is in this state."""

    NONE = "NONE"
    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


class ExpiryReason(StrEnum):
    """Why the exchange ended an order that nobody cancelled.

    The last five tell of orders that waited: their alternative was taken, or they failed when their turn came.
    """

    IMMEDIATE_REMAINDER = "IMMEDIATE_REMAINDER"
    FILL_OR_KILL = "FILL_OR_KILL"
    INSUFFICIENT_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"
    SELF_TRADE = "SELF_TRADE"
    PRICE_RANGE = "PRICE_RANGE"
    DATE = "DATE"
    CONTINGENT = "CONTINGENT"
    FILTER = "FILTER"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    WOULD_TAKE = "WOULD_TAKE"
    WOULD_TRIGGER = "WOULD_TRIGGER"


class DepositStatus(StrEnum):
    """`PENDING` waits for confirmations, `CREDITED` is final, `DROPPED` left the chain before it was credited."""

    PENDING = "PENDING"
    CREDITED = "CREDITED"
    DROPPED = "DROPPED"


class WithdrawalStatus(StrEnum):
    """Where a withdrawal stands. In the first three its amount is set aside; the others are final.

    `AWAITING_APPROVAL` waits for an operator and may be cancelled, `PROCESSING` is the hot wallet's, `SENT` has a
    transaction. `COMPLETED` money has left; after `FAILED` (it could not be sent), `REJECTED` (by an operator) and
    `CANCELLED` (by its owner) it is back.
    """

    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    PROCESSING = "PROCESSING"
    SENT = "SENT"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class PostingKind(StrEnum):
    """Why money moved between two buckets of the ledger."""

    HOLD = "HOLD"
    RELEASE = "RELEASE"
    TRADE = "TRADE"
    TRANSFER = "TRANSFER"
    DEPOSIT = "DEPOSIT"
    SEED = "SEED"
    WITHDRAWAL_HOLD = "WITHDRAWAL_HOLD"
    WITHDRAWAL_RETURN = "WITHDRAWAL_RETURN"
    WITHDRAWAL = "WITHDRAWAL"
