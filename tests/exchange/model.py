"""The exchange again, slow and obvious: plain lists, one lot at a time, balances recounted from all trades.

It shares nothing with the engine but the words of its commands. What a command does is written down in one log, in
the order of the engine's events.
"""

from __future__ import annotations

from itertools import pairwise

from exchange.model_auction import auction_price
from exchange.model_orders import LASTING, LIST_ENDS, LOSSES, STOPS, ModelList, ModelOrder, Refused
from exchange.model_waiting import ModelWaiting
from exchange.model_walk import Walk
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
    Side,
)


class Model(ModelWaiting):
    """The commands."""

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

    def _find(self, command: CancelOrder | AmendOrder) -> ModelOrder:
        for order in self.orders:
            named = order.id == command.order_id or order.client_id == command.client_order_id
            if order.open and order.account == command.account and named:
                if self.status is MarketStatus.HALTED:
                    raise Refused(RejectCode.MARKET_HALTED)
                return order
        raise Refused(RejectCode.UNKNOWN_ORDER)

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
