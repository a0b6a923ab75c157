"""One listener's executions: first what it missed, then what happens, and the missing pieces whenever in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from typing import TypeVar

import structlog

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker_binance.account_orders import AccountOrders
from indexmaker_binance.errors import BinanceError
from indexmaker_binance.execution_hub import Executed, Inbox, Noted, Signal
from indexmaker_binance.executions import ExecutionLedger, Missing
from indexmaker_binance.order_journal import OrderJournal
from indexmaker_binance.order_messages import Fill, OrderState
from indexmaker_binance.placement import Never, Placement, Unknown

__all__ = ["ExecutionStream"]

_log = structlog.get_logger(__name__)

R = TypeVar("R")


class ExecutionStream:
    """Yields lists of reports; asks the venue again and again where it gives no answer."""

    def __init__(
        self,
        orders: AccountOrders,
        placement: Placement,
        journal: OrderJournal,
        *,
        cursors: Mapping[str, int],
        retry_ms: int,
        reconcile_every_ms: int,
    ) -> None:
        self._orders = orders
        self._placement = placement
        self._journal = journal
        self._retry_ms = retry_ms
        self._reconcile_every_ms = reconcile_every_ms
        self._ledger = ExecutionLedger(cursors)

    async def catch_up(self, wanted: Iterable[tuple[str, str]]) -> list[pb.OrderReport]:
        """What happened since the cursors, and how the wanted orders (symbol, client order id) stand."""
        reports: list[pb.OrderReport] = []
        found: list[OrderState] = []
        for symbol, client_order_id in wanted:
            state = await self._resolve(symbol, client_order_id)
            if isinstance(state, Unknown):
                _log.error("order denied by the venue", client_order_id=client_order_id, detail=state.detail)
            elif isinstance(state, Never):
                never = pb.OrderReport(client_order_id=client_order_id, symbol=symbol, status=pb.ORDER_STATUS_NOT_FOUND)
                reports.append(never)
            else:
                found.append(state)
        return reports + await self._reconcile(found)

    async def follow(self, inbox: Inbox) -> AsyncIterator[list[pb.OrderReport]]:
        """Live reports until the inbox is closed; open orders are compared with the venue's at the interval."""
        loop = asyncio.get_running_loop()
        compare_at = loop.time() + self._reconcile_every_ms / 1_000
        while True:
            try:
                async with asyncio.timeout_at(compare_at):
                    signals: Sequence[Signal] = await inbox.take()
            except TimeoutError:
                signals = ()
            for signal in signals:
                yield await self._take(signal)
            if loop.time() >= compare_at:
                yield await self._compare_open()
                compare_at = loop.time() + self._reconcile_every_ms / 1_000

    async def _take(self, signal: Signal) -> list[pb.OrderReport]:
        if isinstance(signal, Noted):
            self._ledger.note(signal.order)
            return []
        if isinstance(signal, Executed):
            told = self._ledger.offer(signal.order, signal.fill)
            if not isinstance(told, Missing):
                return [told] if told is not None else []
            _log.warning("trades missing", symbol=told.order.symbol, order_id=told.order.order_id)
            return self._ledger.settle([await self._complete(told.order)])
        return await self._reconcile(self._ledger.open_orders)

    async def _reconcile(self, orders: Sequence[OrderState]) -> list[pb.OrderReport]:
        """Everything since the last trades told, and how these orders stand now."""
        pairs: dict[tuple[str, int], tuple[OrderState, Sequence[Fill]]] = {}
        for order in orders:
            pairs[order.symbol, order.order_id] = await self._complete(order)
        for symbol in self._ledger.symbols:
            last = self._ledger.last_trade_id(symbol)
            assert last is not None
            for fill in await self._ask(partial(self._orders.fills_since, symbol, last)):
                if (symbol, fill.order_id) not in pairs:
                    pairs[symbol, fill.order_id] = await self._complete_by_id(symbol, fill.order_id)
        reports: list[pb.OrderReport] = []
        for _, same in groupby(sorted(pairs), key=lambda key: key[0]):
            reports += self._ledger.settle([pairs[key] for key in same])
        return reports

    async def _compare_open(self) -> list[pb.OrderReport]:
        """Catches an event that never came: open orders whose state at the venue is not what was told."""
        known = self._ledger.open_orders
        if not known:
            return []
        symbols = sorted({order.symbol for order in known})
        standing = {order.order_id: order for order in await self._ask(lambda: self._orders.open(symbols))}
        reports: list[pb.OrderReport] = []
        for order in known:
            now = standing.get(order.order_id)
            if now is None or self._ledger.behind(now):
                reports += self._ledger.settle([await self._complete(order)])
        return reports

    async def _resolve(self, symbol: str, client_order_id: str) -> OrderState | Never | Unknown:
        while True:
            state = await self._placement.resolve(symbol, client_order_id)
            if not isinstance(state, Unknown) or state.final:
                return state
            _log.warning("order not clear", client_order_id=client_order_id, detail=state.detail)
            await asyncio.sleep(self._retry_ms / 1_000)

    async def _complete_by_id(self, symbol: str, order_id: int) -> tuple[OrderState, Sequence[Fill]]:
        placed = await self._journal.find_by_venue_id(symbol, order_id)
        name = placed.client_order_id if placed else ""
        order = await self._ask(lambda: self._orders.by_venue_id(symbol, order_id, client_order_id=name))
        return order, await self._ask(lambda: self._orders.fills_of(order))

    async def _complete(self, order: OrderState) -> tuple[OrderState, Sequence[Fill]]:
        """The order as it stands now, with all its trades."""
        now = await self._ask(
            lambda: self._orders.by_venue_id(order.symbol, order.order_id, client_order_id=order.client_order_id)
        )
        return now, await self._ask(lambda: self._orders.fills_of(now))

    async def _ask(self, question: Callable[[], Awaitable[R]]) -> R:
        while True:
            try:
                return await question()
            except BinanceError as error:
                _log.warning("question without answer", error=str(error))
                await asyncio.sleep(self._retry_ms / 1_000)
