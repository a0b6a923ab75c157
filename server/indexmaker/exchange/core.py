"""What the exchange knows, and the outputs of the command at work. The rules that change it live beside it."""

from __future__ import annotations

from collections import deque
from heapq import heappush

from indexmaker.exchange.accounts import HISTORY, Account, FeeTier
from indexmaker.exchange.commands import Command
from indexmaker.exchange.deposits import Deposit
from indexmaker.exchange.events import BookDelta, ExchangeEvent, Rejected
from indexmaker.exchange.ledger import Ledger
from indexmaker.exchange.limits import ExchangeLimits
from indexmaker.exchange.markets import Asset, Market
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.withdrawals import Withdrawal

__all__ = ["Core"]


class Core:
    """All state of the exchange.

    `at`, the outputs, `moves` (prices that the command traded at) and `turns` (orders that waited and whose turn has
    come) belong to the command at work, the rest is lasting. `dates` is a heap of when GTD orders end, with their ids.
    """

    __slots__ = (
        "accounts",
        "addresses",
        "assets",
        "at",
        "books_required",
        "dates",
        "deposits",
        "dirty_markets",
        "last_list_id",
        "last_order_id",
        "last_withdrawal_id",
        "ledger",
        "limits",
        "listed_addresses",
        "lists",
        "markets",
        "moves",
        "orders",
        "outputs",
        "seeds",
        "tiers",
        "turns",
        "withdrawals",
        "withdrawals_by_client",
    )

    def __init__(self) -> None:
        self.assets: dict[str, Asset] = {}
        self.markets: dict[str, Market] = {}
        self.tiers: dict[str, FeeTier] = {}
        self.accounts: dict[int, Account] = {}
        self.orders: dict[int, Order] = {}
        self.addresses: dict[tuple[str, str], Account] = {}
        self.deposits: dict[tuple[int, str, int], Deposit] = {}
        self.seeds: set[str] = set()
        self.withdrawals: dict[int, Withdrawal] = {}
        self.withdrawals_by_client: dict[tuple[int, str], Withdrawal] = {}
        self.books_required: set[int] = set()
        self.listed_addresses: set[tuple[int, str, str]] = set()
        self.last_withdrawal_id = 0
        self.last_order_id = 0
        self.last_list_id = 0
        self.lists: dict[int, OrderList] = {}
        self.limits = ExchangeLimits()
        self.dates: list[tuple[int, int]] = []
        self.moves: deque[tuple[Market, int]] = deque()
        self.turns: deque[Order] = deque()
        self.ledger = Ledger()
        self.outputs: list[ExchangeEvent] = self.ledger.outputs
        self.dirty_markets: list[Market] = []
        self.at = 0

    def begin(self, at: int) -> list[ExchangeEvent]:
        """Start a command at `at`; returns the list that collects its outputs."""
        self.at = at
        self.outputs = self.ledger.outputs = []
        return self.outputs

    def finish(self) -> None:
        """Put the balances and book levels that the command touched into its outputs."""
        self.ledger.announce(self.at)
        for market in self.dirty_markets:
            bids = market.book.bids.take_changes()
            asks = market.book.asks.take_changes()
            count = len(bids) + len(asks)
            if count:
                first = market.last_update_id + 1
                market.last_update_id += count
                self.outputs.append(BookDelta(market.symbol, first, market.last_update_id, bids, asks, self.at))
        self.dirty_markets.clear()

    def refuse(
        self,
        command: Command,
        code: RejectCode,
        message: str,
        *,
        account: int = 0,
        market: str = "",
        client_order_id: str = "",
        order_id: int = 0,
    ) -> None:
        """Answer the command with a rejection."""
        tag = str(command.__struct_config__.tag)
        self.outputs.append(Rejected(tag, code, message, self.at, account, market, client_order_id, order_id))

    def remember_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Keep a withdrawal, by its number and by the client's id; withdrawals are never forgotten."""
        self.withdrawals[withdrawal.withdrawal_id] = withdrawal
        if withdrawal.withdraw_order_id:
            self.withdrawals_by_client[withdrawal.account, withdrawal.withdraw_order_id] = withdrawal

    def remember_open(self, order: Order) -> None:
        """Count an order that rests."""
        account = order.account
        symbol = order.market.symbol
        account.open_orders[order.order_id] = order
        account.open_counts[symbol] = account.open_counts.get(symbol, 0) + 1
        if order.request.expires_at:
            heappush(self.dates, (order.request.expires_at, order.order_id))

    def rename(self, order: Order, client_order_id: str) -> None:
        """Give an open order another client id."""
        names = order.account.by_client_id
        if names.get(order.client_order_id) is order:
            del names[order.client_order_id]
        order.client_order_id = client_order_id
        names[client_order_id] = order
        group = order.group
        if group is not None:
            group.members = tuple(
                (order.order_id, client_order_id) if member[0] == order.order_id else member for member in group.members
            )

    def remember_list(self, group: OrderList) -> None:
        """Keep a list, open or not; of those that are done, the oldest beyond the bound is forgotten."""
        self.lists[group.list_id] = group
        owner = group.account
        if group.is_open:
            owner.lists[group.list_id] = group
            return
        owner.lists.pop(group.list_id, None)
        if len(owner.closed_lists) == HISTORY:
            del self.lists[owner.closed_lists[0].list_id]
        owner.closed_lists.append(group)

    def remember_closed(self, order: Order) -> None:
        """Move an order that has ended into its account's history and forget the oldest one beyond the bound."""
        account = order.account
        if account.open_orders.pop(order.order_id, None) is not None:
            symbol = order.market.symbol
            left = account.open_counts[symbol] - 1
            if left:
                account.open_counts[symbol] = left
            else:
                del account.open_counts[symbol]
        closed = account.closed
        closed.append(order)
        if len(closed) > HISTORY:
            oldest = closed.popleft()
            del self.orders[oldest.order_id]
            if account.by_client_id.get(oldest.client_order_id) is oldest:
                del account.by_client_id[oldest.client_order_id]
