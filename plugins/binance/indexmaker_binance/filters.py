"""The venue's trading rules: read from exchangeInfo, and applied to an order before it is sent. Pure; atoms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from indexmaker.instruments import Instrument
from indexmaker.money import SCALE, mul_floor, parse_atoms
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.errors import FilterRefusedError

__all__ = ["NO_CONTEXT", "OrderContext", "SymbolRules", "read_symbol"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderContext:
    """What some filters look at besides the order; what is None is left to the venue."""

    reference_price: int | None = None
    """Average price that the percentage filters multiply."""
    open_orders: int | None = None
    """Orders open in the symbol."""
    position: int | None = None
    """Base asset owned, plus what open buys would add."""


NO_CONTEXT = OrderContext()
"""Only the order itself is looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolRules:
    """An instrument with the filters that its common shape has no place for. 0 means: not limited."""

    instrument: Instrument
    notional_filter: str = "NOTIONAL"
    percent_filter: str = "PERCENT_PRICE_BY_SIDE"
    bid_up: int = 0
    bid_down: int = 0
    ask_up: int = 0
    ask_down: int = 0
    max_orders: int = 0
    max_position: int = 0
    base_asset: str = ""
    """The venue's own name of the base asset."""

    def halted(self) -> SymbolRules:
        """The same rules of an instrument that does not trade."""
        return replace(self, instrument=replace(self.instrument, trading=False))

    def check(self, *, buy: bool, quantity: int, price: int, context: OrderContext = NO_CONTEXT) -> None:
        """Raise `FilterRefusedError` with the filter's name when the venue would refuse this limit order."""
        symbol = self.instrument
        if not symbol.trading:
            raise FilterRefusedError("TRADING_STATUS", f"{symbol.symbol} is not trading")
        _within("PRICE_FILTER", "price", price, symbol.tick_size, symbol.min_price, symbol.max_price)
        _within("LOT_SIZE", "quantity", quantity, symbol.lot_step, symbol.min_quantity, symbol.max_quantity)
        notional = mul_floor(price, quantity)
        if notional < symbol.min_notional or (symbol.max_notional and notional > symbol.max_notional):
            raise FilterRefusedError(self.notional_filter, f"price x quantity is outside the limits of {symbol.symbol}")
        self._check_percent(buy=buy, price=price, reference=context.reference_price)
        if self.max_orders and context.open_orders is not None and context.open_orders >= self.max_orders:
            raise FilterRefusedError("MAX_NUM_ORDERS", f"{context.open_orders} orders are open in {symbol.symbol}")
        held = context.position
        if buy and self.max_position and held is not None and held + quantity > self.max_position:
            raise FilterRefusedError("MAX_POSITION", f"the position in {symbol.base} would become too large")

    def _check_percent(self, *, buy: bool, price: int, reference: int | None) -> None:
        if not reference:
            return
        up, down = (self.bid_up, self.bid_down) if buy else (self.ask_up, self.ask_down)
        too_high = up and price > mul_floor(reference, up)
        too_low = down and price < mul_floor(reference, down)
        if too_high or too_low:
            raise FilterRefusedError(self.percent_filter, "price is too far from the average price")


def _within(rule: str, name: str, value: int, step: int, least: int, greatest: int) -> None:
    if value <= 0 or value % step:
        raise FilterRefusedError(rule, f"{name} is not on the grid")
    if value < least or (greatest and value > greatest):
        raise FilterRefusedError(rule, f"{name} is outside the range")


def read_symbol(entry: Mapping[str, Any], *, venue: str, names: AssetNames) -> SymbolRules:
    """Read one element of exchangeInfo's `symbols`.

    A grid of 0 means the venue's decimals. Raises `MoneyError` or `KeyError` when the entry is malformed.
    """
    filters = {item["filterType"]: item for item in entry["filters"]}
    price, lot = filters.get("PRICE_FILTER", {}), filters.get("LOT_SIZE", {})
    by_side, both = filters.get("PERCENT_PRICE_BY_SIDE"), filters.get("PERCENT_PRICE", {})
    notional_filter = "NOTIONAL" if "NOTIONAL" in filters else "MIN_NOTIONAL"
    notional = filters.get(notional_filter, {})
    percent = by_side or both
    prefix = ("bidMultiplier", "askMultiplier") if by_side else ("multiplier", "multiplier")
    instrument = Instrument(
        venue=venue,
        symbol=entry["symbol"],
        base=names.common(entry["baseAsset"]),
        quote=names.common(entry["quoteAsset"]),
        tick_size=_number(price, "tickSize") or _decimals(entry, "quoteAssetPrecision"),
        lot_step=_number(lot, "stepSize") or _decimals(entry, "baseAssetPrecision"),
        min_price=_number(price, "minPrice"),
        max_price=_number(price, "maxPrice"),
        min_quantity=_number(lot, "minQty"),
        max_quantity=_number(lot, "maxQty"),
        min_notional=_number(notional, "minNotional"),
        max_notional=_number(notional, "maxNotional"),
        trading=entry["status"] == "TRADING" and "LIMIT" in entry.get("orderTypes", ["LIMIT"]),
    )
    return SymbolRules(
        instrument=instrument,
        notional_filter=notional_filter,
        percent_filter="PERCENT_PRICE_BY_SIDE" if by_side else "PERCENT_PRICE",
        bid_up=_number(percent, f"{prefix[0]}Up"),
        bid_down=_number(percent, f"{prefix[0]}Down"),
        ask_up=_number(percent, f"{prefix[1]}Up"),
        ask_down=_number(percent, f"{prefix[1]}Down"),
        max_orders=int(filters.get("MAX_NUM_ORDERS", {}).get("maxNumOrders", 0)),
        max_position=_number(filters.get("MAX_POSITION", {}), "maxPosition"),
        base_asset=entry["baseAsset"],
    )


def _number(source: Mapping[str, Any], key: str) -> int:
    value = source.get(key)
    return parse_atoms(str(value), field=key) if value is not None else 0


def _decimals(entry: Mapping[str, Any], key: str) -> int:
    return int(10 ** (SCALE - int(entry.get(key, 8))))
