"""`exchangeInfo`: the markets with their rules, in the units and words of the interface."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from indexmaker.exchange.limits import ExchangeLimits
from indexmaker.exchange.markets import Market
from indexmaker.exchange.vocabulary import MarketStatus, OrderType, SelfTradePrevention
from indexmaker.gateways.binance import formats
from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.operations import Call

__all__ = ["DEFAULT_SELF_TRADE", "exchange_info"]

DEFAULT_SELF_TRADE = SelfTradePrevention.EXPIRE_MAKER
"""What an order that does not say gets; as on Binance."""
_STATUS = {
    MarketStatus.OPEN: "TRADING",
    MarketStatus.HALTED: "HALT",
    MarketStatus.CANCEL_ONLY: "BREAK",
    MarketStatus.AUCTION: "AUCTION_MATCH",
    MarketStatus.CLOSED: "END_OF_DAY",
}
_LARGEST_PRICE = 1_000_000
_LARGEST_DELTA = 9_999
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
        "exchangeFilters": _exchange_filters(venue.engine.limits),
        "symbols": [_describe(market) for market in markets],
    }


def _exchange_filters(limits: ExchangeLimits) -> list[dict[str, object]]:
    return [
        {"filterType": name, field: value}
        for name, field, value in (
            ("EXCHANGE_MAX_NUM_ORDERS", "maxNumOrders", limits.max_orders),
            ("EXCHANGE_MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", limits.max_algo_orders),
            ("EXCHANGE_MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", limits.max_iceberg_orders),
            ("EXCHANGE_MAX_NUM_ORDER_LISTS", "maxNumOrderLists", limits.max_order_lists),
        )
        if value
    ]


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
        "orderTypes": [str(kind) for kind in OrderType],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": True,
        "pegInstructionsAllowed": True,
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
    if rules.up_ppm or rules.down_ppm:
        shown.append(
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": _multiplier(rules.up_ppm or _LARGEST_PRICE * _PPM),
                "multiplierDown": _multiplier(rules.down_ppm),
                "avgPriceMins": rules.average_minutes,
            }
        )
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
    shown += [
        {"filterType": name, field: value}
        for name, field, value in (
            ("ICEBERG_PARTS", "limit", rules.max_iceberg_parts),
            ("MAX_NUM_ORDERS", "maxNumOrders", rules.max_orders),
            ("MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders", rules.max_algo_orders),
            ("MAX_NUM_ICEBERG_ORDERS", "maxNumIcebergOrders", rules.max_iceberg_orders),
            ("MAX_NUM_ORDER_LISTS", "maxNumOrderLists", rules.max_order_lists),
            ("MAX_NUM_ORDER_AMENDS", "maxNumOrderAmends", rules.max_amends),
        )
        if value
    ]
    if rules.max_position:
        shown.append({"filterType": "MAX_POSITION", "maxPosition": formats.quantity(market, rules.max_position)})
    shown.append(
        {
            "filterType": "TRAILING_DELTA",
            "minTrailingAboveDelta": rules.min_trailing_above or 1,
            "maxTrailingAboveDelta": rules.max_trailing_above or _LARGEST_DELTA,
            "minTrailingBelowDelta": rules.min_trailing_below or 1,
            "maxTrailingBelowDelta": rules.max_trailing_below or _LARGEST_DELTA,
        }
    )
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
