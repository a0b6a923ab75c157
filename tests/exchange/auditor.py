"""An independent keeper of books: it sees only events, and must agree with the engine after every command."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from indexmaker.exchange import ExchangeEngine
from indexmaker.exchange.events import (
    Accepted,
    Amended,
    BalanceChanged,
    BookDelta,
    Cancelled,
    ExchangeEvent,
    Expired,
    Posted,
    Prevented,
    Rejected,
    Trade,
)
from indexmaker.exchange.vocabulary import MarketStatus, OrderStatus, SelfTradePrevention


class Auditor:
    """Rebuilds ledger, books and open orders from events and compares."""

    def __init__(self, engine: ExchangeEngine) -> None:
        self.engine = engine
        self.buckets: Counter[tuple[str, str]] = Counter()
        self.posted = 0
        self.levels: dict[str, dict[str, dict[int, int]]] = {}
        self.updates: Counter[str] = Counter()
        self.trade_ids: Counter[str] = Counter()
        self.last_order_id = 0
        self.remaining: dict[int, int] = {}

    def check(self, outputs: Sequence[ExchangeEvent]) -> None:
        assert outputs, "every command is answered"
        if isinstance(outputs[0], Rejected):
            assert len(outputs) == 1, "a rejected command changes nothing"
        for event in outputs:
            self._take(event)
        self._check_ledger()
        self._check_books()
        self._check_holds()

    def _take(self, event: ExchangeEvent) -> None:
        if isinstance(event, Posted):
            self._post(event)
        elif isinstance(event, BookDelta):
            self._update(event)
        elif isinstance(event, Accepted):
            assert event.order_id == self.last_order_id + 1, "order ids are contiguous"
            self.last_order_id = event.order_id
            self.remaining[event.order_id] = event.quantity
        elif isinstance(event, Trade):
            assert event.trade_id == self.trade_ids[event.market] + 1, "trade ids are contiguous per market"
            self.trade_ids[event.market] = event.trade_id
            for order_id, left in (
                (event.maker_order_id, event.maker_remaining),
                (event.taker_order_id, event.taker_remaining),
            ):
                assert event.quantity > 0
                self.remaining[order_id] -= event.quantity
                assert self.remaining[order_id] == left
        elif isinstance(event, Prevented):
            self.remaining[event.maker_order_id] -= event.maker_prevented if self._both(event) else 0
            self.remaining[event.taker_order_id] -= event.taker_prevented if self._both(event) else 0
        elif isinstance(event, Amended):
            self.remaining[event.order_id] -= event.old_quantity - event.quantity
            assert self.remaining[event.order_id] == event.remaining
        elif isinstance(event, (Cancelled, Expired)):
            assert self.remaining.pop(event.order_id) == event.remaining
        elif isinstance(event, BalanceChanged):
            assert (event.available, event.held) == self.engine.balance(event.account, event.asset)
            assert event.withdrawing == self.engine.withdrawing(event.account, event.asset)

    @staticmethod
    def _both(event: Prevented) -> bool:
        """Whether lots were taken off; otherwise orders end whole."""
        return event.mode in (SelfTradePrevention.DECREMENT, SelfTradePrevention.TRANSFER)

    def _post(self, event: Posted) -> None:
        assert event.first == self.posted + 1, "postings are numbered without gaps"
        self.posted += len(event.legs)
        sums: Counter[str] = Counter()
        for leg in event.legs:
            sums[leg.asset] += leg.amount
            self.buckets[leg.bucket, leg.asset] += leg.amount
        assert not any(sums.values()), "a movement sums to zero per asset"

    def _update(self, event: BookDelta) -> None:
        assert event.first_update == self.updates[event.market] + 1, "update ids are contiguous"
        assert event.last_update - event.first_update + 1 == len(event.bids) + len(event.asks)
        self.updates[event.market] = event.last_update
        sides = self.levels.setdefault(event.market, {"bids": {}, "asks": {}})
        for side, changes in (("bids", event.bids), ("asks", event.asks)):
            for price, quantity in changes:
                if quantity:
                    sides[side][price] = quantity
                else:
                    sides[side].pop(price, None)

    def _check_ledger(self) -> None:
        engine = self.engine
        assert engine.posted == self.posted
        totals: Counter[str] = Counter()
        for account in engine.accounts:
            for asset in engine.assets:
                available, held = engine.balance(account, asset)
                assert available >= 0, f"account {account} has {available} {asset} available"
                assert held >= 0, f"account {account} has {held} {asset} held"
                assert available == self.buckets[f"user.{account}.available", asset]
                assert held == self.buckets[f"user.{account}.held", asset]
                withdrawing = engine.withdrawing(account, asset)
                assert withdrawing == self.buckets[f"user.{account}.withdrawing", asset]
                assert withdrawing == sum(
                    one.amount for one in engine.withdrawals(account) if one.asset == asset and not one.ended
                )
                totals[asset] += available + held + withdrawing
        for name, amounts in engine.buckets().items():
            for asset, amount in zip(engine.assets, amounts, strict=True):
                assert amount == self.buckets[name, asset]
                totals[asset] += amount
        assert not any(totals.values()), "all money of an asset sums to zero"

    def _check_books(self) -> None:
        for market, listed in self.engine.markets.items():
            update, bids, asks = self.engine.depth(market, levels=0)
            known = self.levels.get(market, {"bids": {}, "asks": {}})
            assert update == self.updates[market]
            assert bids == sorted(known["bids"].items(), reverse=True)
            assert asks == sorted(known["asks"].items())
            crossed = bids and asks and bids[0][0] >= asks[0][0]
            assert not crossed or listed.status is not MarketStatus.OPEN, "the book is crossed"

    def _check_holds(self) -> None:
        """What is held is exactly what the open orders can still cost; of two alternatives, the dearer."""
        needed: Counter[tuple[int, str]] = Counter()
        for account in self.engine.accounts:
            alternatives: dict[int, int] = {}
            for order in self.engine.open_orders(account):
                assert order.remaining == self.remaining[order.order_id] > 0
                if order.status is OrderStatus.PENDING_NEW:
                    continue
                group = order.group
                if group is not None and group.sibling(order) is not None and group.sibling(order).is_open:
                    more = max(order.cost - alternatives.get(group.list_id, 0), 0)
                    alternatives[group.list_id] = max(order.cost, alternatives.get(group.list_id, 0))
                else:
                    more = order.cost
                needed[account, order.gives.symbol] += more
            for asset in self.engine.assets:
                assert self.engine.balance(account, asset)[1] == needed[account, asset]
