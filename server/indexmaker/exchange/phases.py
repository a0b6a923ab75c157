"""What time and operators do to markets: their states, the end of auctions, orders whose date has come."""

from __future__ import annotations

from heapq import heappop

from indexmaker.exchange import endings
from indexmaker.exchange.auction import market_clearing, uncross
from indexmaker.exchange.commands import SetMarketStatus, Tick
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import AuctionIndication, MarketChanged, Ticked
from indexmaker.exchange.markets import Market
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import ExpiryReason, MarketStatus

__all__ = ["set_market_status", "tick"]


def set_market_status(core: Core, command: SetMarketStatus) -> None:
    """Open, halt or wind down a market."""
    market = core.markets.get(command.market)
    ends_at = command.auction_ends_at
    if market is None:
        message = f"there is no market {command.market!r}"
        core.refuse(command, RejectCode.UNKNOWN_MARKET, message, market=command.market)
    elif ends_at and (command.status is not MarketStatus.AUCTION or ends_at <= core.at):
        message = f"auction_ends_at must be later than now, and belongs to {MarketStatus.AUCTION}"
        core.refuse(command, RejectCode.OUT_OF_RANGE, message, market=command.market)
    else:
        _enter(core, market, command.status, ends_at=ends_at)


def tick(core: Core, command: Tick) -> None:
    """End orders whose date has come, then auctions; tell where the other auctions stand."""
    del command
    expired = 0
    while core.dates and core.dates[0][0] <= core.at:
        _, order_id = heappop(core.dates)
        order = core.orders.get(order_id)
        if order is not None and order.is_open:
            endings.expire(core, order, ExpiryReason.DATE)
            expired += 1
    auctions = 0
    for market in core.markets.values():
        if market.status is not MarketStatus.AUCTION:
            continue
        if market.auction_ends_at and market.auction_ends_at <= core.at:
            _enter(core, market, MarketStatus.OPEN, ends_at=0)
            auctions += 1
        else:
            price, quantity, surplus = market_clearing(market, at=core.at)
            core.outputs.append(AuctionIndication(market.symbol, price, quantity, surplus, core.at))
    core.outputs.insert(0, Ticked(expired, auctions, core.at))


def _enter(core: Core, market: Market, status: MarketStatus, *, ends_at: int) -> None:
    market.status = status
    market.auction_ends_at = ends_at
    core.outputs.append(MarketChanged(market.symbol, status, core.at))
    if status is MarketStatus.OPEN:
        uncross(core, market)
