"""How orders of the slow model trade and end."""

from __future__ import annotations

from exchange.model_orders import LASTING, LIST_ENDS, ModelList, ModelOrder, Refused
from exchange.model_state import ModelState
from exchange.model_walk import Walk, walk
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    ExpiryReason,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    TimeInForce,
)


class ModelMatching(ModelState):
    """Everything that happens to orders at work."""

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
