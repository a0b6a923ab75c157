"""Questions about the account's orders and trades."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from indexmaker.money import MoneyError
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.errors import ResultUnknownError, VenueRefusedError
from indexmaker_binance.order_messages import Fill, OrderState, read_order, read_trade

__all__ = ["AccountOrders"]

_PAGE = 1_000
_NO_SUCH_ORDER = (-2013, -2026)
_ATTEMPTS = 5


class AccountOrders:
    """Reads what the venue knows; each method raises `BinanceError` when no answer can be had."""

    def __init__(self, api: VenueApi, *, names: AssetNames, retry_ms: int) -> None:
        self._api = api
        self._names = names
        self._retry_ms = retry_ms

    async def by_client_id(self, symbol: str, client_order_id: str) -> OrderState | None:
        """An order by our id; None when the venue does not know it."""
        try:
            data = await self._api.call("get_order", weight=4, symbol=symbol, origClientOrderId=client_order_id)
        except VenueRefusedError as error:
            if error.code in _NO_SUCH_ORDER:
                return None
            raise
        return self._read(data, client_order_id)

    async def by_venue_id(self, symbol: str, order_id: int, *, client_order_id: str = "") -> OrderState:
        """An order by the venue's number."""
        data = await self._api.call("get_order", weight=4, symbol=symbol, orderId=order_id)
        return self._read(data, client_order_id)

    async def open(self, symbols: Sequence[str]) -> list[OrderState]:
        """Open orders of these symbols, or of all."""
        if not symbols:
            found = await self._api.call("get_open_orders", weight=80)
            return [read_order(data) for data in found]
        orders: list[OrderState] = []
        for symbol in symbols:
            orders += [read_order(data) for data in await self._api.call("get_open_orders", weight=6, symbol=symbol)]
        return orders

    async def fills_of(self, order: OrderState) -> list[Fill]:
        """All executions of an order, by trade id; asks again while they do not yet add up to what was executed.

        Raises:
            ResultUnknownError: they still do not add up.
        """
        if not order.executed:
            return []
        for attempt in range(_ATTEMPTS):
            if attempt:
                await asyncio.sleep(self._retry_ms / 1_000)
            found = await self._api.call("get_my_trades", weight=5, symbol=order.symbol, orderId=order.order_id)
            fills = sorted((read_trade(data, names=self._names) for data in found), key=lambda fill: fill.trade_id)
            if sum(fill.quantity for fill in fills) >= order.executed:
                return fills
        raise ResultUnknownError(f"the trades of order {order.order_id} in {order.symbol} do not add up")

    async def fills_since(self, symbol: str, last_trade_id: int) -> list[Fill]:
        """All executions in a symbol after a trade id, in order."""
        fills: list[Fill] = []
        while True:
            first = (fills[-1].trade_id if fills else last_trade_id) + 1
            page = await self._api.call("get_my_trades", weight=20, symbol=symbol, fromId=first, limit=_PAGE)
            fills += sorted((read_trade(data, names=self._names) for data in page), key=lambda fill: fill.trade_id)
            if len(page) < _PAGE:
                return fills

    def _read(self, data: dict[str, object], client_order_id: str) -> OrderState:
        try:
            return read_order(data, client_order_id=client_order_id)
        except (KeyError, MoneyError) as error:
            raise ResultUnknownError(f"the venue's order is malformed: {error}") from error
