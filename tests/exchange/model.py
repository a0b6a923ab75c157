"""The exchange again, slow and obvious: plain lists, one lot at a time, balances recounted from all trades.

It shares nothing with the engine but the words of its commands. What a command does is written down in one log, in
the order of the engine's events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import ceil

from exchange.model_auction import auction_price
from exchange.model_walk import Walk, walk
from indexmaker.exchange.commands import (
    AmendOrder,
    CancelAll,
    CancelList,
    CancelOrder,
    CancelReplace,
    ExchangeCommand,
    PlaceList,
    PlaceOrder,
    SetMarketStatus,
    Tick,
)
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    ExpiryReason,
    MarketStatus,
    OrderStatus,
    OrderType,
    ReplaceMode,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

OPEN = (OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED)
STOPS = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT, OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)
LOSSES = (OrderType.STOP_LOSS, OrderType.STOP_LOSS_LIMIT)
LASTING = (TimeInForce.GTC, TimeInForce.GTD)
LIST_ENDS = "ALL_DONE"


@dataclass(eq=False)
class ModelOrder:
    id: int
    request: PlaceOrder
    client_id: str
    quantity: int
    remaining: int
    status: OrderStatus = OrderStatus.NEW
    rank: int = 0
    """Place in the queue of its price; 0 when it is not in the book."""
    shown: int = 0
    waiting: bool = False
    """For a price."""
    trailing: bool = False
    extreme: int = 0
    cover: int = 0
    prevented: int = 0
    group: ModelList | None = None
    fills: list[tuple[int, int, str]] = field(default_factory=list)
    """(price, lots, role) of every trade; the role "moved" is a prevented match that moved money."""

    @property
    def buy(self) -> bool:
        return self.request.side is Side.BUY

    @property
    def price(self) -> int:
        return self.request.price

    @property
    def account(self) -> int:
        return self.request.account

    @property
    def open(self) -> bool:
        return self.status in OPEN

    @property
    def above(self) -> bool:
        return (self.request.type in LOSSES) is self.buy


@dataclass(eq=False)
class ModelList:
    id: int
    client_id: str
    account: int
    working: ModelOrder | None
    legs: list[ModelOrder]
    done: bool = False

    @property
    def orders(self) -> list[ModelOrder]:
        return ([self.working] if self.working else []) + self.legs


class Refused(Exception):
    def __init__(self, code: RejectCode) -> None:
        self.code = code


class Model:
    """One market and its accounts; `seeds` are (base, quote) atoms per account."""

    def __init__(
        self,
        seeds: dict[int, tuple[int, int]],
        *,
        lot: int,
        unit: int,
        maker_ppm: int,
        taker_ppm: int,
        groups: dict[int, int] | None = None,
    ) -> None:
        self.seeds = seeds
        self.lot = lot
        self.unit = unit
        self.rates = {"maker": maker_ppm, "taker": taker_ppm}
        self.traders = {account: -(groups or {}).get(account, 0) or account for account in seeds}
        self.orders: list[ModelOrder] = []
        self.lists: list[ModelList] = []
        self.status = MarketStatus.OPEN
        self.auction_ends_at = 0
        self.last_price = 0
        self.rank = 0
        self.prevented = 0
        self.prices: list[int] = []
        self.history: list[tuple[int, int, int]] = []
        """(second, price, lots) of every trade."""
        self.turns: list[ModelOrder] = []
        self.log: list[tuple[object, ...]] = []
        self.at = 0

    def apply(self, command: ExchangeCommand, *, at: int) -> list[tuple[object, ...]]:
        self.at = at
        self.log = []
        try:
            self._dispatch(command)
        except Refused as refused:
            self.log = [("rejected", refused.code)]
        self._cascade()
        return self.log

    def _dispatch(self, command: ExchangeCommand) -> None:
        if isinstance(command, PlaceOrder):
            self._place(command)
        elif isinstance(command, CancelOrder):
            self._cancel(self._find(command))
        elif isinstance(command, CancelReplace):
            self._replace(command)
        elif isinstance(command, AmendOrder):
            self._amend(command)
        elif isinstance(command, PlaceList):
            self._place_list(command)
        elif isinstance(command, CancelList):
            self._cancel_list(command)
        elif isinstance(command, SetMarketStatus):
            self._set_status(command.status, command.auction_ends_at)
        elif isinstance(command, Tick):
            self._tick()
        else:
            assert isinstance(command, CancelAll)
            mine = [order for order in self.orders if order.open and order.account == command.account]
            for order in mine if self.status is not MarketStatus.HALTED else []:
                if order.open:
                    self._cancel(order)

    # -- reading

    def book(self, *, buy: bool) -> list[ModelOrder]:
        """Resting orders of a side in priority."""
        side = [order for order in self.orders if order.open and order.rank and order.buy is buy]
        return sorted(side, key=lambda order: (-order.price if buy else order.price, order.rank))

    def levels(self, *, buy: bool) -> list[tuple[int, int]]:
        totals: dict[int, int] = {}
        for order in self.book(buy=buy):
            totals[order.price] = totals.get(order.price, 0) + order.shown
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
            held = self._held(order)
            if order.buy:
                quote_held += held
            else:
                base_held += held
        return (base - base_held, base_held), (quote - quote_held, quote_held)

    def _held(self, order: ModelOrder) -> int:
        """What an open order holds; of two alternatives the first holds what the dearer needs."""
        if not order.open or order.status is OrderStatus.PENDING_NEW:
            return 0
        if order.group and order in order.group.legs:
            open_legs = [leg for leg in order.group.legs if leg.open]
            return max(self._cost(leg) for leg in open_legs) if order is open_legs[0] else 0
        return self._cost(order)

    def _cost(self, order: ModelOrder) -> int:
        if not order.buy:
            return order.remaining * self.lot
        return (order.price or order.cover) * order.remaining * self.unit

    def _fee(self, order: ModelOrder, role: str) -> int:
        """All fees of an order in a role: the exact fee on everything received, rounded up once."""
        received = 0
        for price, lots, fill_role in order.fills:
            if fill_role == role:
                received += lots * self.lot if order.buy else price * lots * self.unit
        return ceil(Fraction(received * self.rates[role], 1_000_000))

    def _available(self, order: ModelOrder) -> int:
        (base, _), (quote, _) = self.balances(order.account)
        return quote if order.buy else base

    # -- placing

    def _place(self, request: PlaceOrder) -> None:
        self._check_names([request])
        self._check_state(request)
        self._submit(request)

    def _check_names(self, requests: list[PlaceOrder]) -> None:
        names = [request.client_order_id for request in requests]
        taken = {order.client_id for order in self.orders if order.open and order.account == requests[0].account}
        if len(set(names)) < len(names) or taken & set(names):
            raise Refused(RejectCode.DUPLICATE_CLIENT_ORDER_ID)

    def _check_state(self, request: PlaceOrder | None) -> None:
        closed = {
            MarketStatus.HALTED: RejectCode.MARKET_HALTED,
            MarketStatus.CANCEL_ONLY: RejectCode.MARKET_CANCEL_ONLY,
            MarketStatus.CLOSED: RejectCode.MARKET_CLOSED,
        }
        if self.status in closed:
            raise Refused(closed[self.status])
        rests = request and request.type is OrderType.LIMIT and request.time_in_force in LASTING
        if self.status is MarketStatus.AUCTION and not (rests or (request and request.type in STOPS)):
            raise Refused(RejectCode.MARKET_IN_AUCTION)

    def _new(self, request: PlaceOrder, offset: int = 1) -> ModelOrder:
        name, quantity = request.client_order_id, request.quantity
        return ModelOrder(len(self.orders) + offset, request, name, quantity, quantity)

    def _submit(self, request: PlaceOrder) -> None:
        order = self._new(request)
        if request.type in STOPS:
            self._wait(order)
            self._check_money(order, self._cost(order))
            self._accept(order)
            return
        if request.type is OrderType.LIMIT_MAKER and self._crosses(order):
            raise Refused(RejectCode.WOULD_TAKE)
        plan = Walk() if self.status is MarketStatus.AUCTION else self._walk(order)
        killed = self._killed(order, plan)
        self._check_money(order, 0 if killed else self._need(order, plan))
        if request.quote_amount:
            order.quantity = order.remaining = plan.filled + plan.taken_off
        self._accept(order)
        if killed:
            self._expire(order, ExpiryReason.FILL_OR_KILL)
        elif self.status is MarketStatus.AUCTION:
            self._rest(order)
        else:
            self._match(order, plan)

    def _accept(self, order: ModelOrder) -> None:
        self.orders.append(order)
        self.log.append(("accepted", order.id))

    def _crosses(self, order: ModelOrder) -> bool:
        other = self.book(buy=not order.buy)
        return bool(other) and (order.price >= other[0].price if order.buy else order.price <= other[0].price)

    def _check_money(self, order: ModelOrder, need: int) -> None:
        if need > self._available(order):
            raise Refused(RejectCode.INSUFFICIENT_BALANCE)

    def _killed(self, order: ModelOrder, plan: Walk) -> bool:
        if order.request.type is OrderType.LIMIT_MAKER or order.request.time_in_force is not TimeInForce.FOK:
            return False
        return order.price != 0 and plan.filled < order.remaining

    def _need(self, order: ModelOrder, plan: Walk) -> int:
        if order.request.quote_amount:
            return order.request.quote_amount if order.buy else (plan.filled + plan.moved) * self.lot
        if order.buy and not order.price:
            return plan.cost * self.unit
        return order.remaining * (order.price * self.unit if order.buy else self.lot)

    def _walk(self, order: ModelOrder) -> Walk:
        budget = order.request.quote_amount // self.unit
        return walk(order, self.book(buy=not order.buy), budget=budget, traders=self.traders)

    # -- matching

    def _match(self, taker: ModelOrder, plan: Walk) -> None:
        for step in plan.steps:
            if step.lots:
                self._taken(step.maker)
            if step.prevented:
                self._prevent(step.maker, taker, step.lots, moves=step.moves)
            else:
                self._trade(step.maker, taker, step.maker.price, step.lots)
        if plan.stopped:
            self._expire(taker, ExpiryReason.SELF_TRADE)
        elif (plan.spent and plan.filled) if taker.request.quote_amount else not taker.remaining:
            self._fill(taker)
        elif not taker.price:
            self._expire(taker, ExpiryReason.INSUFFICIENT_LIQUIDITY)
        elif taker.request.type is OrderType.LIMIT_MAKER or taker.request.time_in_force in LASTING:
            self._rest(taker)
        else:
            self._expire(taker, ExpiryReason.IMMEDIATE_REMAINDER)

    def _rest(self, order: ModelOrder) -> None:
        self.rank += 1
        order.rank = self.rank
        order.shown = min(order.request.iceberg or order.remaining, order.remaining)

    def _reduce(self, maker: ModelOrder, lots: int) -> None:
        maker.remaining -= lots
        maker.shown -= lots
        if maker.request.iceberg and not maker.shown and maker.remaining:
            self._rest(maker)

    def _trade(self, maker: ModelOrder, taker: ModelOrder, price: int, lots: int, *, auction: bool = False) -> None:
        roles = ("maker", "maker" if auction else "taker")
        before = self._fee(maker, roles[0]), self._fee(taker, roles[1])
        maker.fills.append((price, lots, roles[0]))
        taker.fills.append((price, lots, roles[1]))
        fees = self._fee(maker, roles[0]) - before[0], self._fee(taker, roles[1]) - before[1]
        taker.remaining -= lots
        if auction:
            maker.remaining -= lots
            for order in (maker, taker):
                order.shown = min(order.request.iceberg or order.remaining, order.remaining)
        else:
            self._reduce(maker, lots)
        self.history.append((self.at // 10**9, price, lots))
        if price != self.last_price:
            self.last_price = price
            self.prices.append(price)
        self.log.append(("trade", maker.id, taker.id, price, lots, *fees))
        for order in (maker, taker) if auction else (maker,):
            order.status = OrderStatus.PARTIALLY_FILLED
            if not order.remaining:
                self._fill(order)
        if not auction:
            taker.status = OrderStatus.PARTIALLY_FILLED

    def _prevent(self, maker: ModelOrder, taker: ModelOrder, lots: int, *, moves: bool) -> None:
        mode = taker.request.self_trade
        self.prevented += 1
        off_maker = lots or (0 if mode is SelfTradePrevention.EXPIRE_TAKER else maker.remaining)
        off_taker = lots or (0 if mode is SelfTradePrevention.EXPIRE_MAKER else taker.remaining)
        self.log.append(("prevented", maker.id, taker.id, off_maker, off_taker, lots if moves else 0))
        if moves:
            maker.fills.append((maker.price, lots, "moved"))
            taker.fills.append((maker.price, lots, "moved"))
        for order in (maker, taker):
            order.remaining -= lots
            order.prevented += lots
        maker.shown = min(maker.shown, maker.remaining)
        if (lots and not maker.remaining) or (not lots and mode is not SelfTradePrevention.EXPIRE_TAKER):
            self._expire(maker, ExpiryReason.SELF_TRADE)

    def _fill(self, order: ModelOrder) -> None:
        order.status = OrderStatus.FILLED
        if order.group and order is order.group.working:
            self.turns.append(order)
        elif order.group:
            self._close(order.group)

    # -- endings

    def _find(self, command: CancelOrder | AmendOrder) -> ModelOrder:
        for order in self.orders:
            named = order.id == command.order_id or order.client_id == command.client_order_id
            if order.open and order.account == command.account and named:
                if self.status is MarketStatus.HALTED:
                    raise Refused(RejectCode.MARKET_HALTED)
                return order
        raise Refused(RejectCode.UNKNOWN_ORDER)

    def _end(self, order: ModelOrder, status: OrderStatus) -> None:
        order.status = status
        executed = order.quantity - order.remaining - order.prevented
        self.log.append(("ended", order.id, status, order.remaining, executed))

    def _cancel(self, order: ModelOrder) -> None:
        self._end(order, OrderStatus.CANCELED)
        if order.group:
            for other in order.group.orders:
                if other.open:
                    self._end(other, OrderStatus.CANCELED)
            self._close(order.group)

    def _expire(self, order: ModelOrder, reason: ExpiryReason) -> None:
        in_match = reason is ExpiryReason.SELF_TRADE
        self._end(order, OrderStatus.EXPIRED_IN_MATCH if in_match else OrderStatus.EXPIRED)
        if order.group:
            for other in order.group.orders:
                if other.open and other is not order.group.working:
                    self._expire(other, ExpiryReason.CONTINGENT)
            self._close(order.group)

    def _close(self, group: ModelList) -> None:
        if not group.done and not any(order.open for order in group.orders):
            group.done = True
            self.log.append(("list", group.id, LIST_ENDS))

    def _taken(self, order: ModelOrder) -> None:
        """One of two alternatives is taken: the other one ends."""
        if order.group and order in order.group.legs:
            for other in order.group.legs:
                if other is not order and other.open:
                    self._end(other, OrderStatus.EXPIRED)

    def _replace(self, command: CancelReplace) -> None:
        log = self.log
        results = ["SUCCESS", "SUCCESS"]
        try:
            self._cancel(self._find(command.cancel))
        except Refused as refused:
            results[0] = "FAILURE"
            log.append(("rejected", refused.code))
        if results[0] == "FAILURE" and command.mode is ReplaceMode.STOP_ON_FAILURE:
            results[1] = "NOT_ATTEMPTED"
        else:
            try:
                self._place(command.place)
            except Refused as refused:
                results[1] = "FAILURE"
                log.append(("rejected", refused.code))
        log.insert(0, ("replaced", *results))

    def _amend(self, command: AmendOrder) -> None:
        order = self._find(command)
        used = order.quantity - order.remaining
        if not used < command.quantity < order.quantity:
            raise Refused(RejectCode.AMEND_RESTRICTED)
        if order.group and order is not order.group.working:
            raise Refused(RejectCode.AMEND_RESTRICTED)
        if order.request.iceberg > command.quantity:
            raise Refused(RejectCode.ICEBERG_EXCEEDS_QUANTITY)
        order.remaining -= order.quantity - command.quantity
        order.quantity = command.quantity
        order.shown = min(order.shown, order.remaining)
        self.log.append(("amended", order.id, order.quantity, order.remaining))

    # -- waiting

    def _wait(self, order: ModelOrder) -> None:
        request = order.request
        if self.last_price and not request.trailing_delta and self._reached(order, self.last_price):
            raise Refused(RejectCode.WOULD_TRIGGER)
        order.cover = request.stop_price
        if not order.cover:
            change = request.trailing_delta if order.above else -request.trailing_delta
            order.cover = ceil(Fraction(self.last_price * (10_000 + change), 10_000))
        self._watch(order)

    def _watch(self, order: ModelOrder) -> None:
        order.waiting = True
        request = order.request
        if request.trailing_delta and not (request.stop_price and not self._reached(order, self.last_price)):
            order.trailing = True
            order.extreme = self.last_price

    def _reached(self, order: ModelOrder, price: int) -> bool:
        stop = order.request.stop_price
        return price != 0 and (price >= stop if order.above else price <= stop)

    def _wakes(self, order: ModelOrder, price: int) -> bool:
        """Let a waiting order see a price; says whether that triggers it."""
        if not order.request.trailing_delta:
            return self._reached(order, price)
        if not order.trailing:
            order.trailing = self._reached(order, price)
            order.extreme = price
            return False
        delta = Fraction(order.request.trailing_delta, 10_000)
        if not order.extreme:
            order.extreme = price
            return False
        if order.above:
            order.extreme = min(order.extreme, price)
            return price >= order.extreme * (1 + delta)
        order.extreme = max(order.extreme, price)
        return price <= order.extreme * (1 - delta)

    def _cascade(self) -> None:
        while self.prices or self.turns:
            if self.prices:
                price = self.prices.pop(0)
                for order in self.orders:
                    if order.open and order.waiting and self._wakes(order, price):
                        order.waiting = False
                        self.turns.append(order)
                continue
            order = self.turns.pop(0)
            if order.group and order is order.group.working:
                self._enter_pending(order.group)
            elif order.open:
                self._taken(order)
                self._work(order)

    def _work(self, order: ModelOrder) -> None:
        if order.request.type is OrderType.LIMIT_MAKER and self._crosses(order):
            self._expire(order, ExpiryReason.WOULD_TAKE)
            return
        plan = self._walk(order)
        if self._killed(order, plan):
            self._expire(order, ExpiryReason.FILL_OR_KILL)
            return
        if self._need(order, plan) > self._available(order) + self._held(order):
            self._expire(order, ExpiryReason.INSUFFICIENT_BALANCE)
            return
        order.status = OrderStatus.NEW
        order.cover = 0
        self.log.append(("activated", order.id, True))
        self._match(order, plan)

    # -- lists

    def _place_list(self, command: PlaceList) -> None:
        requests = ([command.working] if command.working else []) + list(command.orders)
        if any(
            not group.done and group.account == command.account and group.client_id == command.client_list_id
            for group in self.lists
        ):
            raise Refused(RejectCode.DUPLICATE_CLIENT_ORDER_ID)
        self._check_names(requests)
        self._check_state(None)
        last = 0 if command.working else self.last_price
        self._check_prices(command.orders, last)
        orders = [self._new(request, offset) for offset, request in enumerate(requests, 1)]
        if command.working is None:
            for order in orders:
                if order.request.type in STOPS:
                    self._wait(order)
                elif self._crosses(order):
                    raise Refused(RejectCode.WOULD_TAKE)
            self._check_money(orders[0], max(self._cost(order) for order in orders))
            self._open_list(command, None, orders)
            for order in orders:
                if not order.waiting:
                    self._rest(order)
            return
        working = orders[0]
        if working.request.type is OrderType.LIMIT_MAKER and self._crosses(working):
            raise Refused(RejectCode.WOULD_TAKE)
        plan = self._walk(working)
        killed = self._killed(working, plan)
        self._check_money(working, 0 if killed else self._need(working, plan))
        for order in orders[1:]:
            order.status = OrderStatus.PENDING_NEW
        self._open_list(command, working, orders[1:])
        if killed:
            self._expire(working, ExpiryReason.FILL_OR_KILL)
        else:
            self._match(working, plan)

    def _check_prices(self, requests: tuple[PlaceOrder, ...], last: int) -> None:
        if len(requests) == 1:
            return
        points = []
        for request in requests:
            price = request.stop_price if request.type in STOPS else request.price
            below = (request.type in LOSSES) is (request.side is Side.SELL)
            points.append((0 if below else 2, price))
        points = [point for point in [*points, (1, last)] if point[1]]
        prices = [price for _, price in sorted(points)]
        if any(first >= second for first, second in pairwise(prices)):
            raise Refused(RejectCode.LIST_PRICES)

    def _open_list(self, command: PlaceList, working: ModelOrder | None, legs: list[ModelOrder]) -> None:
        group = ModelList(len(self.lists) + 1, command.client_list_id, command.account, working, legs)
        self.lists.append(group)
        self.log.append(("list", group.id, "EXEC_STARTED"))
        for order in group.orders:
            order.group = group
            self._accept(order)

    def _enter_pending(self, group: ModelList) -> None:
        legs = [order for order in group.legs if order.open]
        if not legs:
            self._close(group)
            return
        self.log.append(("list", group.id, "UPDATED"))
        if len(legs) == 1 and legs[0].request.type not in STOPS:
            self._work(legs[0])
            return
        for order in legs:
            try:
                if order.request.type in STOPS:
                    self._wait(order)
                elif self._crosses(order):
                    raise Refused(RejectCode.WOULD_TAKE)
            except Refused:
                self._expire(order, ExpiryReason.WOULD_TRIGGER)
                return
        if max(self._cost(order) for order in legs) > self._available(legs[0]):
            self._expire(legs[0], ExpiryReason.INSUFFICIENT_BALANCE)
            return
        for order in legs:
            order.status = OrderStatus.NEW
            if not order.waiting:
                self._rest(order)
        for order in legs:
            self.log.append(("activated", order.id, not order.waiting))

    def _cancel_list(self, command: CancelList) -> None:
        for group in self.lists:
            if not group.done and group.account == command.account and group.id == command.list_id:
                if self.status is MarketStatus.HALTED:
                    raise Refused(RejectCode.MARKET_HALTED)
                group.done = True
                self.log.append(("list", group.id, LIST_ENDS))
                for order in group.orders:
                    if order.open:
                        self._end(order, OrderStatus.CANCELED)
                return
        raise Refused(RejectCode.UNKNOWN_ORDER_LIST)

    # -- time

    def _set_status(self, status: MarketStatus, ends_at: int) -> None:
        self.status = status
        self.auction_ends_at = ends_at
        if status is not MarketStatus.OPEN:
            return
        bids, asks = self.book(buy=True), self.book(buy=False)
        price, left = auction_price(
            [(order.price, order.remaining) for order in bids],
            [(order.price, order.remaining) for order in asks],
            reference=self._reference(),
        )
        while left:
            lots = min(bids[0].remaining, asks[0].remaining, left)
            left -= lots
            pair = sorted((bids[0], asks[0]), key=lambda order: order.id)
            for order in (bids[0], asks[0]):
                self._taken(order)
            self._trade(pair[0], pair[1], price, lots, auction=True)
            bids = [order for order in bids if order.remaining]
            asks = [order for order in asks if order.remaining]

    def _reference(self) -> int:
        recent = [(at, price, lots) for at, price, lots in self.history if at > self.at // 10**9 - 300]
        lots = sum(lots for _, _, lots in recent)
        return sum(price * lots for _, price, lots in recent) // lots if lots else self.last_price

    def _tick(self) -> None:
        due = [order for order in self.orders if order.open and 0 < order.request.expires_at <= self.at]
        for order in sorted(due, key=lambda order: (order.request.expires_at, order.id)):
            if order.open:
                self._expire(order, ExpiryReason.DATE)
        if self.status is MarketStatus.AUCTION and 0 < self.auction_ends_at <= self.at:
            self._set_status(MarketStatus.OPEN, 0)
