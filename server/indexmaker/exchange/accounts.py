"""A user's account: its three buckets per asset, its open orders and its bounded history."""

from __future__ import annotations

from collections import deque

from indexmaker.exchange.events import Trade
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import AccountStatus, PostingKind

__all__ = ["HISTORY", "Account", "FeeTier"]

HISTORY = 1000
"""How many closed orders and trades the engine remembers per account, and trades per market."""


class FeeTier:
    """Fee rates in parts per million of what is received."""

    __slots__ = ("maker_ppm", "name", "taker_ppm")

    def __init__(self, name: str, *, maker_ppm: int, taker_ppm: int) -> None:
        self.name = name
        self.maker_ppm = maker_ppm
        self.taker_ppm = taker_ppm


class Account:
    """An account. Readers outside the exchange must not change it.

    `available`, `held` (for open orders) and `withdrawing` are atoms per asset, in the order in which the assets were
    listed. `by_client_id` leads to the newest remembered order of a client id, `lists` to open lists of orders.
    `trader` is whom self-trade prevention takes the account for: itself, or its trade group as a negative number.
    """

    __slots__ = (
        "account",
        "available",
        "available_bucket",
        "by_client_id",
        "closed",
        "closed_lists",
        "dirty",
        "held",
        "held_bucket",
        "lists",
        "name",
        "open_counts",
        "open_orders",
        "status",
        "tier",
        "trader",
        "trades",
        "withdrawing",
        "withdrawing_bucket",
    )

    def __init__(self, account: int, *, name: str, tier: FeeTier, assets: int) -> None:
        self.account = account
        self.name = name
        self.tier = tier
        self.trader = account
        self.status = AccountStatus.ACTIVE
        self.available = [0] * assets
        self.held = [0] * assets
        self.withdrawing = [0] * assets
        self.available_bucket = f"user.{account}.available"
        self.held_bucket = f"user.{account}.held"
        self.withdrawing_bucket = f"user.{account}.withdrawing"
        self.dirty: dict[int, PostingKind] = {}
        self.open_orders: dict[int, Order] = {}
        self.open_counts: dict[str, int] = {}
        self.by_client_id: dict[str, Order] = {}
        self.closed: deque[Order] = deque()
        self.trades: deque[Trade] = deque(maxlen=HISTORY)
        self.lists: dict[int, OrderList] = {}
        self.closed_lists: deque[OrderList] = deque(maxlen=HISTORY)
