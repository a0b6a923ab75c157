"""Assets, markets, fees and accounts: what operators define, by commands, so that a journal replays alone."""

from __future__ import annotations

import re

import msgspec

from indexmaker.exchange.accounts import Account, FeeTier
from indexmaker.exchange.commands import (
    Command,
    CreateAccount,
    DefineAsset,
    DefineFeeTier,
    DefineMarket,
    DefineNetwork,
    MarketFilters,
    SetAccountStatus,
    SetExchangeLimits,
    SetFeeTier,
    SetMarketFilters,
    SetTradeGroup,
)
from indexmaker.exchange.core import Core
from indexmaker.exchange.events import AccountChanged, Configured
from indexmaker.exchange.filters import Failure
from indexmaker.exchange.ledger import MAX_AMOUNT
from indexmaker.exchange.markets import Asset, Market
from indexmaker.exchange.orders import PPM
from indexmaker.exchange.rejects import RejectCode
from indexmaker.money import ATOMS

__all__ = [
    "configured",
    "create_account",
    "define_asset",
    "define_fee_tier",
    "define_market",
    "define_network",
    "set_account_status",
    "set_exchange_limits",
    "set_fee_tier",
    "set_market_filters",
    "set_trade_group",
]

MAX_ACCOUNT = 2**53 - 1
MAX_I64 = 2**63 - 1
LONGEST_AVERAGE = 60
_SYMBOL = re.compile(r"[A-Z0-9]{1,20}\Z")
_NAME = re.compile(r"[A-Za-z0-9 ._-]{1,64}\Z")


def configured(core: Core, command: Command, name: str, *, changed: bool) -> None:
    """Answer a definition."""
    core.outputs.append(Configured(str(command.__struct_config__.tag), name, changed))


def define_asset(core: Core, command: DefineAsset) -> None:
    """List an asset."""
    known = core.assets.get(command.symbol)
    if known is not None:
        _repeated(core, command, command.symbol, same=known.definition == command)
    elif not _SYMBOL.match(command.symbol) or not 0 <= command.scale <= 18:
        _malformed(core, command, f"asset {command.symbol!r} needs A-Z 0-9 and a scale of 0 to 18")
    else:
        asset = Asset(command, index=len(core.assets))
        core.assets[command.symbol] = asset
        core.ledger.add_asset(asset)
        for account in core.accounts.values():
            account.available.append(0)
            account.held.append(0)
            account.withdrawing.append(0)
        configured(core, command, command.symbol, changed=True)


def define_network(core: Core, command: DefineNetwork) -> None:
    """Let an asset arrive over a chain."""
    asset = core.assets.get(command.asset)
    if asset is None:
        core.refuse(command, RejectCode.UNKNOWN_ASSET, f"there is no asset {command.asset!r}")
        return
    sound = 0 <= command.decimals <= 36 and command.confirmations >= 0 and command.chain_id > 0
    if not _NAME.match(command.network) or not sound:
        _malformed(core, command, "a network needs a name, a chain id, 0 to 36 decimals and confirmations")
        return
    known = asset.networks.get(command.network)
    if known is not None and _fixed(known) != _fixed(command):
        _repeated(core, command, command.network, same=False)
        return
    asset.networks[command.network] = command
    configured(core, command, command.network, changed=known != command)


def define_market(core: Core, command: DefineMarket) -> None:
    """List a market, if its grid makes every notional exact."""
    known = core.markets.get(command.symbol)
    if known is not None:
        _repeated(core, command, command.symbol, same=known.definition == command)
        return
    base, quote = core.assets.get(command.base), core.assets.get(command.quote)
    if base is None or quote is None:
        missing = command.base if base is None else command.quote
        core.refuse(command, RejectCode.UNKNOWN_ASSET, f"there is no asset {missing!r}", market=command.symbol)
        return
    failure = _market_failure(command, base, quote) or _filters_failure(command.filters)
    if failure is None:
        market = Market(command, base=base, quote=quote)
        failure = _too_large(market, command.filters)
    if failure is not None:
        core.refuse(command, failure[0], failure[1], market=command.symbol)
        return
    core.markets[command.symbol] = market
    configured(core, command, command.symbol, changed=True)


def set_market_filters(core: Core, command: SetMarketFilters) -> None:
    """Replace the limits of a market for new orders."""
    market = core.markets.get(command.market)
    if market is None:
        _unknown_market(core, command, command.market)
        return
    failure = _filters_failure(command.filters) or _too_large(market, command.filters)
    if failure is not None:
        core.refuse(command, failure[0], failure[1], market=command.market)
        return
    changed = market.filters != command.filters
    market.filters = command.filters
    market.rolling.minutes = command.filters.average_minutes
    market.rolling.forget(core.at)
    configured(core, command, command.market, changed=changed)


def set_exchange_limits(core: Core, command: SetExchangeLimits) -> None:
    """Replace the limits of an account on all markets together."""
    limits = command.limits
    counts = (limits.max_orders, limits.max_algo_orders, limits.max_iceberg_orders, limits.max_order_lists)
    if min(counts) < 0 or max(counts) > MAX_I64:
        core.refuse(command, RejectCode.OUT_OF_RANGE, "limits must be within 0 to 2**63 - 1")
        return
    changed = core.limits != limits
    core.limits = limits
    configured(core, command, "exchange", changed=changed)


def define_fee_tier(core: Core, command: DefineFeeTier) -> None:
    """Create or change a fee tier."""
    if not (0 <= command.maker_ppm <= PPM and 0 <= command.taker_ppm <= PPM):
        _malformed(core, command, "fee rates must be within 0 to 1000000 parts per million")
        return
    if not _NAME.match(command.tier):
        _malformed(core, command, "a fee tier needs a name of 1 to 64 letters, digits, spaces and . _ -")
        return
    tier = core.tiers.get(command.tier)
    if tier is None:
        core.tiers[command.tier] = FeeTier(command.tier, maker_ppm=command.maker_ppm, taker_ppm=command.taker_ppm)
        changed = True
    else:
        changed = (tier.maker_ppm, tier.taker_ppm) != (command.maker_ppm, command.taker_ppm)
        tier.maker_ppm, tier.taker_ppm = command.maker_ppm, command.taker_ppm
    configured(core, command, command.tier, changed=changed)


def create_account(core: Core, command: CreateAccount) -> None:
    """Open an account."""
    known = core.accounts.get(command.account)
    tier = core.tiers.get(command.tier)
    if known is not None:
        _repeated(core, command, str(command.account), same=known.name == command.name)
    elif tier is None:
        message = f"there is no fee tier {command.tier!r}"
        core.refuse(command, RejectCode.UNKNOWN_FEE_TIER, message, account=command.account)
    elif not 1 <= command.account <= MAX_ACCOUNT or not _NAME.match(command.name):
        _malformed(core, command, "an account needs a number of 1 to 2**53 - 1 and a name of 1 to 64 characters")
    else:
        account = Account(command.account, name=command.name, tier=tier, assets=len(core.assets))
        core.accounts[command.account] = account
        configured(core, command, str(command.account), changed=True)


def set_fee_tier(core: Core, command: SetFeeTier) -> None:
    """Move an account to a fee tier, for new orders."""
    account, tier = core.accounts.get(command.account), core.tiers.get(command.tier)
    if account is None:
        _unknown_account(core, command, command.account)
    elif tier is None:
        message = f"there is no fee tier {command.tier!r}"
        core.refuse(command, RejectCode.UNKNOWN_FEE_TIER, message, account=command.account)
    else:
        changed = account.tier is not tier
        account.tier = tier
        configured(core, command, str(command.account), changed=changed)


def set_trade_group(core: Core, command: SetTradeGroup) -> None:
    """Let self-trade prevention see accounts of the same group as one."""
    account = core.accounts.get(command.account)
    if account is None:
        _unknown_account(core, command, command.account)
    elif not 0 <= command.group <= MAX_ACCOUNT:
        _malformed(core, command, "a trade group needs a number of 0 to 2**53 - 1")
    else:
        trader = -command.group or account.account
        changed = account.trader != trader
        account.trader = trader
        configured(core, command, str(command.account), changed=changed)


def set_account_status(core: Core, command: SetAccountStatus) -> None:
    """Suspend or resume an account; its open orders stay."""
    account = core.accounts.get(command.account)
    if account is None:
        _unknown_account(core, command, command.account)
        return
    account.status = command.status
    core.outputs.append(AccountChanged(account.account, account.status, core.at))


def _repeated(core: Core, command: Command, name: str, *, same: bool) -> None:
    if same:
        configured(core, command, name, changed=False)
    else:
        core.refuse(command, RejectCode.ALREADY_DEFINED, f"{name} is defined already, differently")


def _malformed(core: Core, command: Command, message: str) -> None:
    core.refuse(command, RejectCode.MALFORMED, message)


def _unknown_market(core: Core, command: Command, symbol: str) -> None:
    core.refuse(command, RejectCode.UNKNOWN_MARKET, f"there is no market {symbol!r}", market=symbol)


def _unknown_account(core: Core, command: Command, account: int) -> None:
    core.refuse(command, RejectCode.UNKNOWN_ACCOUNT, f"there is no account {account}", account=account)


def _fixed(network: DefineNetwork) -> tuple[int, int, str]:
    return network.chain_id, network.decimals, network.contract


def _market_failure(command: DefineMarket, base: Asset, quote: Asset) -> Failure | None:
    if not _SYMBOL.match(command.symbol) or base is quote:
        return RejectCode.MALFORMED, f"market {command.symbol!r} needs A-Z 0-9 and two different assets"
    if command.tick <= 0 or command.lot <= 0 or not 0 <= command.reference <= MAX_I64:
        return RejectCode.OUT_OF_RANGE, "tick and lot must be positive, the reference price not negative"
    if command.lot * 10**base.scale % ATOMS:
        return RejectCode.INEXACT_MARKET, (
            f"a lot of {command.symbol} must be a whole number of atoms of {base.symbol} ({base.scale} decimals)"
        )
    if command.tick * command.lot * 10**quote.scale % ATOMS**2:
        return RejectCode.INEXACT_MARKET, (
            f"tick x lot of {command.symbol} must be a whole number of atoms of {quote.symbol} "
            f"({quote.scale} decimals); give {quote.symbol} a finer scale or the market a coarser grid"
        )
    return None


def _filters_failure(filters: MarketFilters) -> Failure | None:
    limits = [
        value
        for name, value in msgspec.structs.asdict(filters).items()
        if name not in {"min_notional", "max_notional", "average_minutes"}
    ]
    if min(limits) < 0 or max(limits) > MAX_I64:
        return RejectCode.OUT_OF_RANGE, "limits must be within 0 to 2**63 - 1"
    if not (0 <= filters.min_notional <= MAX_AMOUNT and 0 <= filters.max_notional <= MAX_AMOUNT):
        return RejectCode.OUT_OF_RANGE, "notional limits must be within 0 to 2**127 - 1"
    if not 0 <= filters.average_minutes <= LONGEST_AVERAGE:
        return RejectCode.OUT_OF_RANGE, f"average_minutes must be within 0 to {LONGEST_AVERAGE}"
    return None


def _too_large(market: Market, filters: MarketFilters) -> Failure | None:
    largest = filters.max_price * filters.max_quantity * market.quote_per_unit
    if largest > MAX_AMOUNT or filters.max_quantity * market.base_per_lot > MAX_AMOUNT:
        return RejectCode.OUT_OF_RANGE, (
            f"max_price x max_quantity of {market.symbol} needs more than 128 bits; lower a limit"
        )
    return None
