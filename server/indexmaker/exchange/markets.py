"""Assets and markets, and the conversion between people's decimals and the exchange's ticks, lots and atoms."""

from __future__ import annotations

from collections import deque

from indexmaker.exchange.accounts import HISTORY
from indexmaker.exchange.book import Book
from indexmaker.exchange.commands import (
    DefineAsset,
    DefineMarket,
    DefineNetwork,
    MarketFilters,
    SetWithdrawalTerms,
)
from indexmaker.exchange.errors import OffGridError
from indexmaker.exchange.events import Trade
from indexmaker.exchange.reference import RollingPrice
from indexmaker.exchange.stops import Stops
from indexmaker.exchange.vocabulary import MarketStatus
from indexmaker.money import ATOMS, SCALE, format_atoms

__all__ = ["Asset", "Market"]


class Asset:
    """A listed asset; `index` is its place in the balances of every account."""

    __slots__ = ("definition", "index", "networks", "scale", "symbol", "withdrawal_terms")

    def __init__(self, definition: DefineAsset, *, index: int) -> None:
        self.definition = definition
        self.index = index
        self.symbol = definition.symbol
        self.scale = definition.scale
        self.networks: dict[str, DefineNetwork] = {}
        self.withdrawal_terms: dict[str, SetWithdrawalTerms] = {}

    def to_decimal(self, amount: int) -> str:
        """Ledger atoms as a decimal string."""
        return format_atoms(self.to_money(amount))

    def to_money(self, amount: int) -> int:
        """Ledger atoms as 10**-18 of the asset."""
        return int(amount * 10 ** (SCALE - self.scale))

    def from_money(self, money: int) -> int:
        """10**-18 of the asset as ledger atoms, rounded towards minus infinity."""
        return int(money // 10 ** (SCALE - self.scale))


class Market:
    """A listed market. `base_per_lot` is in base atoms, `quote_per_unit` in quote atoms per tick x lot."""

    __slots__ = (
        "auction_ends_at",
        "base",
        "base_per_lot",
        "book",
        "definition",
        "filters",
        "last_prevented_id",
        "last_price",
        "last_trade_id",
        "last_update_id",
        "quote",
        "quote_per_unit",
        "rolling",
        "status",
        "stops",
        "symbol",
        "trades",
    )

    def __init__(self, definition: DefineMarket, *, base: Asset, quote: Asset) -> None:
        self.definition = definition
        self.symbol = definition.symbol
        self.base = base
        self.quote = quote
        self.base_per_lot: int = definition.lot * 10**base.scale // ATOMS
        self.quote_per_unit: int = definition.tick * definition.lot * 10**quote.scale // ATOMS**2
        self.filters: MarketFilters = definition.filters
        self.status = MarketStatus.OPEN
        self.auction_ends_at = 0
        self.book = Book()
        self.stops = Stops()
        self.last_prevented_id = 0
        self.last_price = 0
        self.last_trade_id = 0
        self.last_update_id = 0
        self.rolling = RollingPrice(minutes=definition.filters.average_minutes)
        self.trades: deque[Trade] = deque(maxlen=HISTORY)

    def reference(self, at: int) -> tuple[int, int]:
        """The reference price as (numerator, denominator) in ticks: average, last trade, listing price, or (0, 0)."""
        cost, lots = self.rolling.average(at)
        if lots:
            return cost, lots
        price = self.last_price or self.definition.reference
        return (price, 1) if price else (0, 0)

    def notional(self, *, price: int, quantity: int) -> int:
        """Quote atoms of `quantity` lots at `price` ticks; always exact."""
        return price * quantity * self.quote_per_unit

    def ticks(self, money: int) -> int:
        """A price in 10**-18 as ticks; raises `OffGridError` naming the nearest legal prices."""
        return _on_grid(money, step=self.definition.tick, what=f"price of {self.symbol}")

    def lots(self, money: int) -> int:
        """A quantity in 10**-18 as lots; raises `OffGridError` naming the nearest legal quantities."""
        return _on_grid(money, step=self.definition.lot, what=f"quantity of {self.symbol}")

    def price_money(self, ticks: int) -> int:
        """Ticks as a price in 10**-18."""
        return ticks * self.definition.tick

    def quantity_money(self, lots: int) -> int:
        """Lots as a quantity in 10**-18."""
        return lots * self.definition.lot


def _on_grid(money: int, *, step: int, what: str) -> int:
    units, rest = divmod(money, step)
    if rest:
        below, above = format_atoms(units * step), format_atoms((units + 1) * step)
        raise OffGridError(f"{what}: {format_atoms(money)} is not on the grid; nearest are {below} and {above}")
    return units
