"""The exchange again, slow and obvious: sorted lists, one lot at a time, balances recounted from all trades.

It shares nothing with the engine but the words of its commands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil

from indexmaker.exchange.commands import CancelAll, CancelOrder, ExchangeCommand, PlaceOrder
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce

OPEN = (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)


@dataclass
class ModelOrder:
    id: int
    request: PlaceOrder
    remaining: int
    status: OrderStatus = OrderStatus.NEW
    fills: list[tuple[int, int, str]] = field(default_factory=list)
    """(price, lots, role) of every trade."""

    @property
    def buy(self) -> bool:
        return self.request.side is Side.BUY

    @property
    def account(self) -> int:
        return self.request.account

    @property
    def open(self) -> bool:
        return self.status in OPEN


@dataclass
class Outcome:
    """What a command did: its refusal, or trades as (maker, taker, price, lots, maker's fee, taker's fee) and ends."""

    code: RejectCode | None = None
    trades: list[tuple[int, int, int, int, int, int]] = field(default_factory=list)
    ended: list[tuple[int, OrderStatus, int]] = field(default_factory=list)


@dataclass
class Walk:
    fills: list[tuple[ModelOrder, int]] = field(default_factory=list)
    expired: list[ModelOrder] = field(default_factory=list)
    stopped: bool = False
    spent: bool = False
    budget_left: int = 0

    @property
    def filled(self) -> int:
        return sum(lots for _, lots in self.fills)

    @property
    def cost(self) -> int:
        return sum(maker.request.price * lots for maker, lots in self.fills)


class Model:
    """One market and its accounts; `seeds` are (base, quote) atoms per account."""

    def __init__(
        self, seeds: dict[int, tuple[int, int]], *, lot: int, unit: int, maker_ppm: int, taker_ppm: int
    ) -> None:
        self.seeds = seeds
        self.lot = lot
        self.unit = unit
        self.rates = {"maker": maker_ppm, "taker": taker_ppm}
        self.orders: list[ModelOrder] = []

    def apply(self, command: ExchangeCommand) -> Outcome:
        if isinstance(command, PlaceOrder):
            return self._place(command)
        if isinstance(command, CancelOrder):
            return self._cancel(command)
        assert isinstance(command, CancelAll)
        outcome = Outcome()
        for order in self.orders:
            if order.open and order.account == command.account:
                self._end(order, OrderStatus.CANCELED, outcome)
        return outcome

    def book(self, *, buy: bool) -> list[ModelOrder]:
        """Open orders of a side in priority."""
        side = [order for order in self.orders if order.open and order.buy is buy]
        return sorted(side, key=lambda order: (-order.request.price if buy else order.request.price, order.id))

    def levels(self, *, buy: bool) -> list[tuple[int, int]]:
        totals: dict[int, int] = {}
        for order in self.book(buy=buy):
            totals[order.request.price] = totals.get(order.request.price, 0) + order.remaining
        return list(totals.items())

    def balances(self, account: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """((base available, held), (quote available, held)), recounted from the beginning."""
        base, quote = self.seeds[account]
        base_held = quote_held = 0
        for order in self.orders:
            if order.account != account:
                continue
            sign = 1 if order.buy else -1
            base += sign * sum(lots for _, lots, _ in order.fills) * self.lot
            quote -= sign * sum(price * lots for price, lots, _ in order.fills) * self.unit
            fees = sum(self._fee(order, role) for role in self.rates)
            base, quote = (base - fees, quote) if order.buy else (base, quote - fees)
            if order.open and order.buy:
                quote_held += order.request.price * order.remaining * self.unit
            elif order.open:
                base_held += order.remaining * self.lot
        return (base - base_held, base_held), (quote - quote_held, quote_held)

    def _fee(self, order: ModelOrder, role: str) -> int:
        """All fees of an order in a role: the exact fee on everything received, rounded up once."""
        received = 0
        for price, lots, fill_role in order.fills:
            if fill_role == role:
                received += lots * self.lot if order.buy else price * lots * self.unit
        return ceil(Fraction(received * self.rates[role], 1_000_000))

    def _place(self, request: PlaceOrder) -> Outcome:
        twin = [o for o in self.orders if o.open and o.account == request.account]
        if any(order.request.client_order_id == request.client_order_id for order in twin):
            return Outcome(RejectCode.DUPLICATE_CLIENT_ORDER_ID)
        walk = self._walk(request)
        if request.type is OrderType.LIMIT_MAKER and (walk.fills or walk.expired or walk.stopped):
            return Outcome(RejectCode.WOULD_TAKE)
        fill_or_kill = request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.FOK
        killed = fill_or_kill and walk.filled < request.quantity
        (base, _), (quote, _) = self.balances(request.account)
        if not killed and self._need(request, walk) > (quote if request.side is Side.BUY else base):
            return Outcome(RejectCode.INSUFFICIENT_BALANCE)
        outcome = Outcome()
        order = ModelOrder(len(self.orders) + 1, request, request.quantity or walk.filled)
        self.orders.append(order)
        if killed:
            self._end(order, OrderStatus.EXPIRED, outcome)
            return outcome
        for maker, lots in walk.fills:
            self._trade(maker, order, lots, outcome)
        for maker in walk.expired:
            self._end(maker, OrderStatus.EXPIRED_IN_MATCH, outcome)
        self._settle_remainder(order, walk, outcome)
        return outcome

    def _walk(self, request: PlaceOrder) -> Walk:
        """Take lot after lot from the best order that is left."""
        buy = request.side is Side.BUY
        result = Walk(budget_left=request.quote_amount // self.unit)
        left = {order.id: order.remaining for order in self.book(buy=not buy)}
        wanted = request.quantity
        while wanted or request.quote_amount:
            candidates = [order for order in self.book(buy=not buy) if left[order.id]]
            if request.price:
                candidates = [
                    order
                    for order in candidates
                    if (order.request.price <= request.price if buy else order.request.price >= request.price)
                ]
            if not candidates:
                result.spent = bool(result.fills) and result.budget_left < result.fills[-1][0].request.price
                break
            best = candidates[0]
            if request.quote_amount and best.request.price > result.budget_left:
                result.spent = True
                break
            if best.account == request.account and request.self_trade is not SelfTradePrevention.NONE:
                if request.self_trade is not SelfTradePrevention.EXPIRE_TAKER:
                    result.expired.append(best)
                    left[best.id] = 0
                if request.self_trade is not SelfTradePrevention.EXPIRE_MAKER:
                    result.stopped = True
                    break
                continue
            left[best.id] -= 1
            wanted -= 1 if request.quantity else 0
            result.budget_left -= best.request.price
            if result.fills and result.fills[-1][0] is best:
                result.fills[-1] = (best, result.fills[-1][1] + 1)
            else:
                result.fills.append((best, 1))
        return result

    def _need(self, request: PlaceOrder, walk: Walk) -> int:
        if request.side is Side.SELL:
            return (request.quantity or walk.filled) * self.lot
        if request.type is OrderType.MARKET:
            return request.quote_amount or walk.cost * self.unit
        return request.price * request.quantity * self.unit

    def _trade(self, maker: ModelOrder, taker: ModelOrder, lots: int, outcome: Outcome) -> None:
        price = maker.request.price
        before = self._fee(maker, "maker"), self._fee(taker, "taker")
        maker.fills.append((price, lots, "maker"))
        taker.fills.append((price, lots, "taker"))
        fees = self._fee(maker, "maker") - before[0], self._fee(taker, "taker") - before[1]
        maker.remaining -= lots
        taker.remaining -= lots
        maker.status = OrderStatus.PARTIALLY_FILLED if maker.remaining else OrderStatus.FILLED
        taker.status = OrderStatus.PARTIALLY_FILLED
        outcome.trades.append((maker.id, taker.id, price, lots, *fees))

    def _settle_remainder(self, order: ModelOrder, walk: Walk, outcome: Outcome) -> None:
        request = order.request
        done = bool(walk.fills) and walk.spent if request.quote_amount else not order.remaining
        if walk.stopped:
            self._end(order, OrderStatus.EXPIRED_IN_MATCH, outcome)
        elif done:
            order.status = OrderStatus.FILLED
        elif request.type is OrderType.MARKET or (
            request.type is OrderType.LIMIT and request.time_in_force is not TimeInForce.GTC
        ):
            self._end(order, OrderStatus.EXPIRED, outcome)

    @staticmethod
    def _may_rest(request: PlaceOrder) -> bool:
        return request.type is OrderType.LIMIT and request.time_in_force is TimeInForce.GTC

    def _cancel(self, command: CancelOrder) -> Outcome:
        for order in self.orders:
            if order.open and order.account == command.account and order.id == command.order_id:
                outcome = Outcome()
                self._end(order, OrderStatus.CANCELED, outcome)
                return outcome
        return Outcome(RejectCode.UNKNOWN_ORDER)

    def _end(self, order: ModelOrder, status: OrderStatus, outcome: Outcome) -> None:
        order.status = status
        outcome.ended.append((order.id, status, order.remaining))
