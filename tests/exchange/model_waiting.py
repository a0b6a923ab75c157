"""How orders of the slow model wait, and what trades set off."""

from __future__ import annotations

from fractions import Fraction
from math import ceil

from exchange.model_matching import ModelMatching
from exchange.model_orders import STOPS, ModelList, ModelOrder, Refused
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    ExpiryReason,
    OrderStatus,
    OrderType,
)


class ModelWaiting(ModelMatching):
    """Everything that happens to orders whose time has not come."""

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
