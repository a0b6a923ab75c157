"""`exchangeInfo`: the markets with their rules, in the units and words of the interface."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from indexmaker.exchange.markets import Market
from indexmaker.exchange.vocabulary import MarketStatus, SelfTradePrevention
from indexmaker.gateways.binance import formats
from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.operations import Call

__all__ = ["DEFAULT_SELF_TRADE", "exchange_info"]

DEFAULT_SELF_TRADE = SelfTradePrevention.EXPIRE_MAKER
"""What an order that does not say gets; as on Binance."""
_STATUS = {MarketStatus.OPEN: "TRADING", MarketStatus.HALTED: "HALT", MarketStatus.CANCEL_ONLY: "BREAK"}
_LARGEST_PRICE = 1_000_000
_LARGEST_QUANTITY = 9_000_000_000
_ATOMS = 10**18
_PPM = 1_000_000


async def exchange_info(call: Call) -> object:
    """Rules of all markets, or of those named."""
    venue, parameters = call.venue, call.parameters
    names = parameters.symbols()
    markets: Iterable[Market] = venue.engine.markets.values()
    if names is not None:
        markets = [venue.market(name) for name in names]
    status = parameters.optional("symbolStatus")
    if status is not None:
        if status not in _STATUS.values():
            raise ApiError(-1122, "Invalid symbolStatus.")
        markets = [market for market in markets if _STATUS[market.status] == status]
    return {
        "timezone": "UTC",
        "serverTime": formats.milliseconds(venue.clock.now()),
        "rateLimits": venue.limits.limits.describe(),
        "exchangeFilters": [],
        "symbols": [_describe(market) for market in markets],
    }


def _describe(market: Market) -> dict[str, object]:
    return {
        "symbol": market.symbol,
        "status": _STATUS[market.status],
        "baseAsset": market.base.symbol,
        "baseAssetPrecision": 8,
        "quoteAsset": market.quote.symbol,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": False,
        "amendAllowed": False,
        "pegInstructionsAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _filters(market),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": str(DEFAULT_SELF_TRADE),
        "allowedSelfTradePreventionModes": [str(mode) for mode in SelfTradePrevention],
    }


def _filters(market: Market) -> list[dict[str, object]]:
    rules = market.filters
    tick = market.definition.tick
    highest = rules.max_price or _LARGEST_PRICE * _ATOMS // tick
    largest = rules.max_quantity or _LARGEST_QUANTITY * _ATOMS // market.definition.lot
    shown: list[dict[str, object]] = [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": formats.price(market, max(rules.min_price, 1)),
            "maxPrice": formats.price(market, highest),
            "tickSize": formats.fixed(tick),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": formats.quantity(market, max(rules.min_quantity, 1)),
            "maxQty": formats.quantity(market, largest),
            "stepSize": formats.fixed(market.definition.lot),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": formats.quantity(market, rules.market_min_quantity),
            "maxQty": formats.quantity(market, rules.market_max_quantity or largest),
            "stepSize": formats.quantity(market, rules.market_step),
        },
    ]
    if rules.bid_up_ppm or rules.bid_down_ppm or rules.ask_up_ppm or rules.ask_down_ppm:
        shown.append(_percent_price(market))
    shown.append(
        {
            "filterType": "NOTIONAL",
            "minNotional": formats.quote(market, rules.min_notional),
            "applyMinToMarket": rules.min_notional_for_market,
            "maxNotional": formats.quote(market, rules.max_notional) if rules.max_notional else "9000000000.00000000",
            "applyMaxToMarket": rules.max_notional_for_market,
            "avgPriceMins": rules.average_minutes,
        }
    )
    if rules.max_orders:
        shown.append({"filterType": "MAX_NUM_ORDERS", "maxNumOrders": rules.max_orders})
    return shown


def _percent_price(market: Market) -> dict[str, object]:
    rules = market.filters
    return {
        "filterType": "PERCENT_PRICE_BY_SIDE",
        "bidMultiplierUp": _multiplier(rules.bid_up_ppm or _LARGEST_PRICE * _PPM),
        "bidMultiplierDown": _multiplier(rules.bid_down_ppm),
        "askMultiplierUp": _multiplier(rules.ask_up_ppm or _LARGEST_PRICE * _PPM),
        "askMultiplierDown": _multiplier(rules.ask_down_ppm),
        "avgPriceMins": rules.average_minutes,
    }


def _multiplier(ppm: int) -> str:
    return f"{(Decimal(ppm) / _PPM).normalize():f}"
