"""The built-in listing: assets and markets with the rules of a large spot venue, as definition commands."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

import msgspec

from indexmaker.exchange.commands import DefineAsset, DefineMarket, MarketFilters
from indexmaker.exchange.errors import ListingError
from indexmaker.money import ATOMS, MoneyError, parse_atoms

__all__ = ["AssetEntry", "FilterDefaults", "Listing", "MarketEntry", "builtin_listing", "parse_listing"]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class AssetEntry(_Entry, frozen=True, kw_only=True):
    """An asset of the file; see `DefineAsset`."""

    symbol: str
    name: str
    scale: int


class MarketEntry(_Entry, frozen=True, kw_only=True):
    """A market of the file, all numbers as decimals. The smallest price is the tick, the smallest quantity the step."""

    base: str
    quote: str
    reference: str
    tick: str
    step: str
    max_price: str
    max_quantity: str
    market_max_quantity: str

    @property
    def symbol(self) -> str:
        """The market's name: base and quote in one word."""
        return self.base + self.quote


class FilterDefaults(_Entry, frozen=True, kw_only=True):
    """Limits that all markets of the file share; notionals as decimals of the quote asset."""

    min_notional: str
    max_notional: str
    up_ppm: int
    down_ppm: int
    average_minutes: int
    max_orders: int


class Listing(_Entry, frozen=True, kw_only=True):
    """A listing file."""

    defaults: FilterDefaults
    assets: tuple[AssetEntry, ...]
    markets: tuple[MarketEntry, ...]

    def commands(self) -> Iterator[DefineAsset | DefineMarket]:
        """The definitions, assets first; raises `ListingError` for a number that does not fit its grid."""
        scales = {}
        for asset in self.assets:
            scales[asset.symbol] = asset.scale
            yield DefineAsset(symbol=asset.symbol, scale=asset.scale, name=asset.name)
        for market in self.markets:
            scale = scales.get(market.quote)
            if scale is None:
                raise ListingError(f"{market.symbol}: quote asset {market.quote!r} is not listed; add it to assets")
            yield self._market(market, quote_scale=scale)

    def _market(self, market: MarketEntry, *, quote_scale: int) -> DefineMarket:
        defaults = self.defaults
        tick = _number(market, "tick", market.tick)
        lot = _number(market, "step", market.step)
        if not tick or not lot:
            raise ListingError(f"{market.symbol}: tick and step must be positive")
        atom = ATOMS // 10**quote_scale
        filters = MarketFilters(
            min_price=1,
            max_price=_units(market, "max_price", market.max_price, unit=tick),
            min_quantity=1,
            max_quantity=_units(market, "max_quantity", market.max_quantity, unit=lot),
            market_max_quantity=_units(market, "market_max_quantity", market.market_max_quantity, unit=lot),
            min_notional=_units(market, "min_notional", defaults.min_notional, unit=atom),
            max_notional=_units(market, "max_notional", defaults.max_notional, unit=atom),
            bid_up_ppm=defaults.up_ppm,
            bid_down_ppm=defaults.down_ppm,
            ask_up_ppm=defaults.up_ppm,
            ask_down_ppm=defaults.down_ppm,
            average_minutes=defaults.average_minutes,
            max_orders=defaults.max_orders,
        )
        return DefineMarket(
            symbol=market.symbol,
            base=market.base,
            quote=market.quote,
            tick=tick,
            lot=lot,
            filters=filters,
            reference=_units(market, "reference", market.reference, unit=tick),
        )


def builtin_listing() -> Listing:
    """The listing that comes with the exchange: some fifty assets against USDC, and BTC and ETH against USDT."""
    return parse_listing((resources.files("indexmaker.exchange") / "listings.json").read_bytes())


def parse_listing(data: bytes) -> Listing:
    """Read a listing file; raises `ListingError`."""
    try:
        return msgspec.json.decode(data, type=Listing)
    except msgspec.DecodeError as error:
        raise ListingError(f"the listing is not of the documented form: {error}") from error


def _number(market: MarketEntry, field: str, text: str) -> int:
    try:
        return parse_atoms(text, field=field)
    except MoneyError as error:
        raise ListingError(f"{market.symbol}: {error}") from error


def _units(market: MarketEntry, field: str, text: str, *, unit: int) -> int:
    units, rest = divmod(_number(market, field, text), unit)
    if rest:
        raise ListingError(f"{market.symbol}: {field} {text} is off the grid; round it to the tick, step or decimals")
    return units
