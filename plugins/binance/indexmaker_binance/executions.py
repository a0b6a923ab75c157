"""What one listener was told of orders and trades, and what it must be told next. Pure.

Each trade is told once; trades come before the report that ends their order; an order whose trades do not add up to
what the venue says was executed is `Missing`, and the caller fetches all its trades.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.money import mul_floor
from indexmaker_binance.order_messages import Fill, OrderState, Status, order_report

__all__ = ["ExecutionLedger", "Missing"]


_REMEMBERED = 50_000
"""Ended orders that are remembered, so that a late event of one is not told after its end."""


@dataclass(frozen=True, slots=True)
class Missing:
    """Trades of this order are not known; fetch them and call `settle`."""

    order: OrderState


@dataclass(slots=True)
class _Known:
    """An order as the listener knows it. `counted` holds trades that are in `filled`."""

    order: OrderState
    filled: int = 0
    counted: set[int] = field(default_factory=set)
    told: bool = False
    """The listener has seen the order in its present status and fill."""


class ExecutionLedger:
    """Trades told, by symbol, and open orders with what is known to be filled."""

    def __init__(self, cursors: Mapping[str, int]) -> None:
        """`cursors`: for each symbol the last trade id that the listener knows."""
        self._cursors = dict(cursors)
        self._told: dict[str, set[int]] = {}
        self._orders: dict[tuple[str, int], _Known] = {}
        self._closed: dict[tuple[str, int], None] = {}

    def last_trade_id(self, symbol: str) -> int | None:
        """Last trade told in a symbol; None when nothing is known of it."""
        told = self._told.get(symbol)
        return max(told) if told else self._cursors.get(symbol)

    @property
    def symbols(self) -> Sequence[str]:
        """Symbols in which trades are known."""
        return sorted(self._cursors.keys() | self._told.keys())

    @property
    def open_orders(self) -> Sequence[OrderState]:
        """Orders whose end was not told."""
        return [known.order for known in self._orders.values()]

    def note(self, order: OrderState) -> None:
        """An order is at the venue; nothing of it was told here yet, unless its events were faster."""
        key = (order.symbol, order.order_id)
        if key not in self._closed:
            fresh = msgspec.structs.replace(order, status=Status.ORDER_STATUS_NEW, executed=0, value=0)
            self._orders.setdefault(key, _Known(fresh))

    def behind(self, order: OrderState) -> bool:
        """Whether the venue's word on an order is newer than what was told."""
        known = self._orders.get((order.symbol, order.order_id))
        return known is not None and (order.executed > known.filled or order.status != known.order.status)

    def offer(self, order: OrderState, fill: Fill | None) -> pb.OrderReport | Missing | None:
        """Take a live event; None when there is nothing new in it."""
        key = (order.symbol, order.order_id)
        if key in self._closed:
            return None
        if fill is not None and self._is_told(order.symbol, fill.trade_id):
            fill = None
            if key not in self._orders:
                return None
        known = self._orders.get(key)
        if known is None:
            known = self._orders[key] = _Known(order)
        if fill is not None and fill.trade_id in known.counted:
            fill = None
        gained = fill.quantity if fill else 0
        if order.executed > known.filled + gained:
            return Missing(order)
        if fill is None and (order.executed < known.filled or (known.told and order.status == known.order.status)):
            return None
        if fill is not None:
            known.filled += fill.quantity
            known.counted.add(fill.trade_id)
            self._told.setdefault(order.symbol, set()).add(fill.trade_id)
        self._keep(key, known, order)
        return order_report(order, [fill] if fill else [])

    def settle(self, found: Iterable[tuple[OrderState, Sequence[Fill]]]) -> list[pb.OrderReport]:
        """Take orders of one symbol with all their trades; tells the new trades by id, then how each order
        stands, unless that was told before.
        """
        pairs = list(found)
        steps: list[tuple[int, pb.OrderReport]] = []
        for order, fills in pairs:
            steps += self._new_trades(order, fills)
        reports = [report for _, report in sorted(steps, key=lambda step: step[0])]
        for order, fills in pairs:
            key = (order.symbol, order.order_id)
            known = self._orders.get(key) or _Known(order)
            same = known.told and (known.order.status, known.order.executed) == (order.status, order.executed)
            known.filled = sum(fill.quantity for fill in fills)
            known.counted = {fill.trade_id for fill in fills}
            # More may have been filled between the two questions; that is told by later events.
            self._keep(key, known, order)
            if not same:
                reports.append(order_report(order))
        return reports

    def _new_trades(self, order: OrderState, fills: Sequence[Fill]) -> Iterable[tuple[int, pb.OrderReport]]:
        executed = value = 0
        for fill in fills:
            executed += fill.quantity
            value += mul_floor(fill.price, fill.quantity)
            if self._is_told(order.symbol, fill.trade_id):
                continue
            self._told.setdefault(order.symbol, set()).add(fill.trade_id)
            step = msgspec.structs.replace(
                order, status=Status.ORDER_STATUS_PARTIALLY_FILLED, executed=executed, value=value, at=fill.at
            )
            yield fill.trade_id, order_report(step, [fill])

    def _keep(self, key: tuple[str, int], known: _Known, order: OrderState) -> None:
        known.order, known.told = order, True
        if order.open:
            self._orders[key] = known
        else:
            self._orders.pop(key, None)
            self._closed[key] = None
            if len(self._closed) > _REMEMBERED:
                del self._closed[next(iter(self._closed))]

    def _is_told(self, symbol: str, trade_id: int) -> bool:
        return trade_id <= self._cursors.get(symbol, 0) or trade_id in self._told.get(symbol, ())
