"""An account's balances, rates and trades."""

from __future__ import annotations

from indexmaker.exchange.accounts import FeeTier
from indexmaker.exchange.events import Trade
from indexmaker.gateways.binance import formats, reports
from indexmaker.gateways.binance.errors import ApiError
from indexmaker.gateways.binance.operations import Call
from indexmaker.money import ATOMS

__all__ = ["account", "commission", "key_permissions", "my_trades", "order_counts", "rate", "trade_fee"]

_PPM = 1_000_000
_DAY = 86_400_000
_NO_RATES = {"maker": formats.ZERO, "taker": formats.ZERO, "buyer": formats.ZERO, "seller": formats.ZERO}


def rate(ppm: int) -> str:
    """Parts per million as a rate of eight places."""
    return formats.fixed(ppm * ATOMS // _PPM)


async def account(call: Call) -> object:
    """Balances and rates."""
    owner = call.venue.account(call.account)
    skip = call.parameters.boolean("omitZeroBalances", default=False)
    balances = [
        {
            "asset": asset.symbol,
            "free": formats.amount(asset, owner.available[asset.index]),
            "locked": formats.amount(asset, owner.held[asset.index]),
        }
        for asset in call.venue.engine.assets.values()
        if not skip or owner.available[asset.index] or owner.held[asset.index]
    ]
    updated = max((order.updated_at for order in call.venue.engine.all_orders(call.account)), default=0)
    tier = owner.tier
    return {
        "makerCommission": tier.maker_ppm // 100,
        "takerCommission": tier.taker_ppm // 100,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": _rates(tier),
        "canTrade": owner.status == "ACTIVE",
        "canWithdraw": owner.status == "ACTIVE" and call.can_withdraw,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": formats.milliseconds(updated),
        "accountType": "SPOT",
        "balances": balances,
        "permissions": ["SPOT"],
        "uid": owner.account,
    }


async def key_permissions(call: Call) -> object:
    """What the key of the call may do."""
    return {
        "ipRestrict": False,
        "createTime": 0,
        "enableReading": True,
        "enableSpotAndMarginTrading": True,
        "enableWithdrawals": call.can_withdraw,
        "enableInternalTransfer": False,
        "enableMargin": False,
        "enableFutures": False,
        "permitsUniversalTransfer": False,
        "enableVanillaOptions": False,
    }


async def commission(call: Call) -> object:
    """The account's rates on a symbol."""
    symbol = call.venue.market(call.parameters.symbol()).symbol
    return {
        "symbol": symbol,
        "standardCommission": _rates(call.venue.account(call.account).tier),
        "specialCommission": _NO_RATES,
        "taxCommission": _NO_RATES,
        "discount": {
            "enabledForAccount": False,
            "enabledForSymbol": False,
            "discountAsset": "BNB",
            "discount": formats.ZERO,
        },
    }


async def trade_fee(call: Call) -> object:
    """The account's rates on one symbol or all, as the wallet interface shows them."""
    venue, tier = call.venue, call.venue.account(call.account).tier
    symbols = [venue.market(call.parameters.symbol()).symbol] if "symbol" in call.parameters else venue.engine.markets
    maker, taker = rate(tier.maker_ppm), rate(tier.taker_ppm)
    return [{"symbol": symbol, "makerCommission": maker, "takerCommission": taker} for symbol in symbols]


async def order_counts(call: Call) -> object:
    """How many unfilled orders the account has placed in the current windows."""
    return call.venue.limits.order_report(call.account)


async def my_trades(call: Call) -> object:
    """The account's trades in a symbol: of an order, from an id on, within a time, or the newest."""
    parameters, venue = call.parameters, call.venue
    market = venue.market(parameters.symbol())
    limit = parameters.bounded("limit", default=500, largest=1000)
    first, order_id = parameters.integer("fromId"), parameters.integer("orderId")
    start, end = parameters.integer("startTime"), parameters.integer("endTime")
    if start is not None and end is not None and end - start > _DAY:
        raise ApiError(-1127, "More than 24 hours between startTime and endTime.")
    trades: list[Trade] = venue.engine.account_trades(call.account, market=market.symbol)
    if order_id is not None:
        trades = [trade for trade in trades if order_id in (trade.maker_order_id, trade.taker_order_id)]
    if first is not None:
        chosen = [trade for trade in trades if trade.trade_id >= first][:limit]
    elif start is not None or end is not None:
        chosen = [trade for trade in trades if _within(trade, start, end)][:limit]
    else:
        chosen = trades[-limit:]
    mine = call.account
    return [
        reports.own_trade(market, trade, maker=is_maker)
        for trade in chosen
        for is_maker, owner in ((True, trade.maker_account), (False, trade.taker_account))
        if owner == mine
    ]


def _within(trade: Trade, start: int | None, end: int | None) -> bool:
    at = formats.milliseconds(trade.at)
    return (start is None or at >= start) and (end is None or at <= end)


def _rates(tier: FeeTier) -> dict[str, str]:
    return {
        "maker": rate(tier.maker_ppm),
        "taker": rate(tier.taker_ppm),
        "buyer": formats.ZERO,
        "seller": formats.ZERO,
    }
