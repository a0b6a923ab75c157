"""The closed word lists of the exchange. Values are the words that people and faces use, so a journal reads plainly."""

from __future__ import annotations

from enum import StrEnum

__all__ = [
    "AccountStatus",
    "CancelReason",
    "CancelRestriction",
    "DepositStatus",
    "ExpiryReason",
    "MarketStatus",
    "OrderStatus",
    "OrderType",
    "PostingKind",
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
    """How an order finds its price. A `LIMIT_MAKER` only ever rests; it is refused when it would trade."""

    LIMIT = "LIMIT"
    MARKET = "MARKET"
    LIMIT_MAKER = "LIMIT_MAKER"


class TimeInForce(StrEnum):
    """GTC rests, IOC trades now and expires the rest, FOK trades whole now or not at all."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class SelfTradePrevention(StrEnum):
    """What happens when an order meets one of the same account; the taker's mode decides."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"


class OrderStatus(StrEnum):
    """Where an accepted order stands. The first two are open, the others are final."""

    NEW = "NEW"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"
    EXPIRED_IN_MATCH = "EXPIRED_IN_MATCH"


class MarketStatus(StrEnum):
    """`OPEN` trades, `CANCEL_ONLY` lets orders go, `HALTED` lets nothing happen."""

    OPEN = "OPEN"
    HALTED = "HALTED"
    CANCEL_ONLY = "CANCEL_ONLY"


class AccountStatus(StrEnum):
    """A `SUSPENDED` account may cancel and be credited; it may not place orders."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class CancelReason(StrEnum):
    """Who took the order back."""

    CLIENT = "CLIENT"
    CANCEL_ALL = "CANCEL_ALL"


class CancelRestriction(StrEnum):
    """Cancel only while the order is in this state."""

    NONE = "NONE"
    ONLY_NEW = "ONLY_NEW"
    ONLY_PARTIALLY_FILLED = "ONLY_PARTIALLY_FILLED"


class ExpiryReason(StrEnum):
    """Why the exchange ended an order that nobody cancelled."""

    IMMEDIATE_REMAINDER = "IMMEDIATE_REMAINDER"
    FILL_OR_KILL = "FILL_OR_KILL"
    INSUFFICIENT_LIQUIDITY = "INSUFFICIENT_LIQUIDITY"
    SELF_TRADE = "SELF_TRADE"


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
    DEPOSIT = "DEPOSIT"
    SEED = "SEED"
    WITHDRAWAL_HOLD = "WITHDRAWAL_HOLD"
    WITHDRAWAL_RETURN = "WITHDRAWAL_RETURN"
    WITHDRAWAL = "WITHDRAWAL"
