"""Public market information: books, trades, prices."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from indexmaker.exchange.markets import Market
from indexmaker.exchange.vocabulary import Side
from indexmaker.gateways.binance import formats
from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.operations import Call, Handler
from indexmaker.gateways.binance.parameters import Parameters
from indexmaker.gateways.binance.tickers import Tickers
from indexmaker.money import ATOMS

__all__ = [
    "average_price",
    "book_ticker",
    "day_ticker",
    "depth",
    "depth_weight",
    "latest_price",
    "levels_text",
    "ping",
    "server_time",
    "ticker_weight",
    "trades",
]

_MOST_LEVELS = 5000
_DAY = 86_400_000


async def ping(call: Call) -> object:
    """Nothing, to test the connection."""
    del call
    return {}


async def server_time(call: Call) -> object:
    """The time that signed requests are measured against."""
    return {"serverTime": formats.milliseconds(call.venue.clock.now())}


def depth_weight(parameters: Parameters) -> int:
    """Weight of a depth request by its number of levels."""
    text = parameters.optional("limit") or "100"
    limit = int(text) if text.isdecimal() else 0
    for most, weight in ((100, 5), (500, 25), (1000, 50)):
        if limit <= most:
            return weight
    return 250


async def depth(call: Call) -> object:
    """The book with the id of the last update in it."""
    market = call.venue.market(call.parameters.symbol())
    levels = call.parameters.bounded("limit", default=100, largest=_MOST_LEVELS)
    last, bids, asks = call.venue.engine.depth(market.symbol, levels=levels)
    return {"lastUpdateId": last, "bids": levels_text(market, bids), "asks": levels_text(market, asks)}


def levels_text(market: Market, levels: Sequence[tuple[int, int]]) -> list[tuple[str, str]]:
    """Levels in ticks and lots as texts."""
    return [(formats.price(market, price), formats.quantity(market, quantity)) for price, quantity in levels]


async def trades(call: Call) -> object:
    """The newest trades, or those from `fromId` on, oldest first."""
    market = call.venue.market(call.parameters.symbol())
    limit = call.parameters.bounded("limit", default=500, largest=1000)
    first = call.parameters.integer("fromId")
    remembered = list(call.venue.engine.market_trades(market.symbol))
    if first is None:
        chosen = remembered[-limit:]
    else:
        chosen = [trade for trade in remembered if trade.trade_id >= first][:limit]
    return [
        {
            "id": trade.trade_id,
            "price": formats.price(market, trade.price),
            "qty": formats.quantity(market, trade.quantity),
            "quoteQty": formats.quote(market, market.notional(price=trade.price, quantity=trade.quantity)),
            "time": formats.milliseconds(trade.at),
            "isBuyerMaker": trade.taker_side is Side.SELL,
            "isBestMatch": True,
        }
        for trade in chosen
    ]


async def average_price(call: Call) -> object:
    """The volume-weighted price of the last minutes, else the last price, else that of the listing."""
    market = call.venue.market(call.parameters.symbol())
    numerator, denominator = market.reference(call.venue.clock.now())
    last = market.trades[-1].at if market.trades else 0
    return {
        "mins": market.filters.average_minutes,
        "price": formats.fixed(numerator * market.definition.tick // (denominator or 1)),
        "closeTime": formats.milliseconds(last),
    }


def ticker_weight(one: int, all_: int) -> Callable[[Parameters], int]:
    """Weight of a ticker request: for one symbol, and for more."""
    return lambda parameters: one if "symbol" in parameters else all_


async def latest_price(call: Call) -> object:
    """The price of the last trade of one market or several."""
    return _each(call, lambda market: {"symbol": market.symbol, "price": formats.price(market, _last(market))})


async def book_ticker(call: Call) -> object:
    """Best bid and ask of one market or several."""
    return _each(call, best_levels)


def best_levels(market: Market) -> dict[str, object]:
    """Best bid and ask; zeros on an empty side."""
    bids, asks = market.book.bids.depth(1), market.book.asks.depth(1)
    bid, ask = (bids or [(0, 0)])[0], (asks or [(0, 0)])[0]
    return {
        "symbol": market.symbol,
        "bidPrice": formats.price(market, bid[0]),
        "bidQty": formats.quantity(market, bid[1]),
        "askPrice": formats.price(market, ask[0]),
        "askQty": formats.quantity(market, ask[1]),
    }


def day_ticker(tickers: Tickers) -> Handler:
    """The operation that shows 24-hour statistics of one market or several."""

    async def handle(call: Call) -> object:
        now = call.venue.clock.now()
        return _each(call, lambda market: _day(market, tickers, now))

    return handle


def _day(market: Market, tickers: Tickers, now: int) -> dict[str, object]:
    minutes = tickers.window(market.symbol, now=now).minutes
    last = _last(market)
    first = minutes[0].open if minutes else last
    volume, value = sum(minute.volume for minute in minutes), sum(minute.value for minute in minutes)
    average = value * market.definition.tick // volume if volume else 0
    percent = (last - first) * 100 * ATOMS // first if first else 0
    best = best_levels(market)
    return {
        "symbol": market.symbol,
        "priceChange": formats.price(market, last - first),
        "priceChangePercent": formats.fixed(percent)[:-5],
        "weightedAvgPrice": formats.fixed(average),
        "prevClosePrice": formats.price(market, first),
        "lastPrice": formats.price(market, last),
        "lastQty": formats.quantity(market, market.trades[-1].quantity if market.trades else 0),
        **{name: best[name] for name in ("bidPrice", "bidQty", "askPrice", "askQty")},
        "openPrice": formats.price(market, first),
        "highPrice": formats.price(market, max((minute.high for minute in minutes), default=last)),
        "lowPrice": formats.price(market, min((minute.low for minute in minutes), default=last)),
        "volume": formats.quantity(market, volume),
        "quoteVolume": formats.quote(market, market.notional(price=value, quantity=1)),
        "openTime": formats.milliseconds(now) - _DAY,
        "closeTime": formats.milliseconds(now),
        "firstId": minutes[0].first_id if minutes else -1,
        "lastId": minutes[-1].last_id if minutes else -1,
        "count": sum(minute.count for minute in minutes),
    }


def _last(market: Market) -> int:
    """The last price in ticks; before the first trade the reference that the market was listed with."""
    return market.last_price or market.definition.reference


def _each(call: Call, describe: Callable[[Market], dict[str, object]]) -> object:
    names = call.parameters.symbols()
    if names is None:
        return [describe(market) for market in call.venue.engine.markets.values()]
    described = [describe(call.venue.market(name)) for name in names]
    if not described:
        raise ApiError(-1100, "Illegal characters found in parameter 'symbols'; legal range is 'a list of symbols'.")
    return described[0] if "symbol" in call.parameters else described
