"""The words that every match reads, under names of their own.

Python 3.11 finds a member of an enumeration through a hook of its class, at 0.1 microseconds each time; a match reads
some thirty of them. The modules on the path of a match use these, the others the lists in `vocabulary`.
"""

from __future__ import annotations

from typing import Final

from indexmaker.exchange.vocabulary import (
    AccountStatus,
    CancelReason,
    CancelRestriction,
    MarketStatus,
    OrderStatus,
    OrderType,
    PegPrice,
    PostingKind,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

__all__ = [
    "ACTIVE",
    "AUCTION",
    "BUY",
    "CANCELED",
    "CLIENT",
    "FILLED",
    "FOK",
    "GTC",
    "GTD",
    "HALTED",
    "HOLD",
    "LIMIT",
    "LIMIT_MAKER",
    "MARKET",
    "NEW",
    "NO_PEG",
    "NO_PREVENTION",
    "ONLY_NEW",
    "ONLY_PARTIALLY_FILLED",
    "OPEN",
    "PARTIALLY_FILLED",
    "PENDING_NEW",
    "RELEASE",
    "TRADE",
]

BUY: Final = Side.BUY
LIMIT: Final = OrderType.LIMIT
MARKET: Final = OrderType.MARKET
LIMIT_MAKER: Final = OrderType.LIMIT_MAKER
GTC: Final = TimeInForce.GTC
GTD: Final = TimeInForce.GTD
FOK: Final = TimeInForce.FOK
NO_PEG: Final = PegPrice.NONE
NO_PREVENTION: Final = SelfTradePrevention.NONE
NEW: Final = OrderStatus.NEW
PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED
FILLED: Final = OrderStatus.FILLED
PENDING_NEW: Final = OrderStatus.PENDING_NEW
CANCELED: Final = OrderStatus.CANCELED
OPEN: Final = MarketStatus.OPEN
HALTED: Final = MarketStatus.HALTED
AUCTION: Final = MarketStatus.AUCTION
ACTIVE: Final = AccountStatus.ACTIVE
ONLY_NEW: Final = CancelRestriction.ONLY_NEW
ONLY_PARTIALLY_FILLED: Final = CancelRestriction.ONLY_PARTIALLY_FILLED
CLIENT: Final = CancelReason.CLIENT
HOLD: Final = PostingKind.HOLD
RELEASE: Final = PostingKind.RELEASE
TRADE: Final = PostingKind.TRADE
