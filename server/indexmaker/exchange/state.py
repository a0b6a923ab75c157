"""The state of the exchange as canonical bytes: the same state is always written the same way.

Assets, markets and accounts are written in an order that is part of the state or sorted; open orders stand in the
order of their queues, which is their priority.
"""

from __future__ import annotations

import msgspec

from indexmaker.exchange.accounts import Account, FeeTier
from indexmaker.exchange.commands import (
    DefineAsset,
    DefineMarket,
    DefineNetwork,
    ExchangeLimits,
    MarketFilters,
    SetWithdrawalTerms,
)
from indexmaker.exchange.core import Core
from indexmaker.exchange.errors import StateError
from indexmaker.exchange.events import Trade
from indexmaker.exchange.markets import Asset, Market
from indexmaker.exchange.orders import Order
from indexmaker.exchange.state_funding import (
    DepositRecord,
    Record,
    WithdrawalRecord,
    deposit_record,
    read_deposit,
    read_withdrawal,
    withdrawal_record,
)
from indexmaker.exchange.state_orders import (
    ListRecord,
    OrderRecord,
    list_record,
    order_record,
    read_list,
    read_order,
)
from indexmaker.exchange.vocabulary import AccountStatus, MarketStatus, OrderStatus

__all__ = ["dump", "load"]


class AssetRecord(Record, frozen=True):
    """An asset with its networks, by name."""

    definition: DefineAsset
    networks: list[DefineNetwork]
    rounding: int
    withdrawal_terms: list[SetWithdrawalTerms]


class MarketRecord(Record, frozen=True):
    """A market with its open orders, each side best first; `stops` wait for a price, the oldest first."""

    definition: DefineMarket
    filters: MarketFilters
    status: MarketStatus
    last_price: int
    last_trade_id: int
    last_update_id: int
    average_minutes: int
    seconds: list[list[int]]
    trades: list[Trade]
    bids: list[OrderRecord]
    asks: list[OrderRecord]
    stops: list[OrderRecord]
    last_prevented_id: int
    auction_ends_at: int


class AccountRecord(Record, frozen=True):
    """An account; balances per asset in the order of listing; closed orders and lists, the oldest ending first.

    `pending` are open orders that wait for another of their list.
    """

    account: int
    name: str
    tier: str
    status: AccountStatus
    available: list[int]
    held: list[int]
    closed: list[OrderRecord]
    trades: list[Trade]
    withdrawing: list[int]
    trader: int
    pending: list[OrderRecord]
    closed_lists: list[ListRecord]


class StateRecord(Record, frozen=True):
    """Everything; `lists` are the open ones."""

    version: int
    assets: list[AssetRecord]
    tiers: list[tuple[str, int, int]]
    accounts: list[AccountRecord]
    markets: list[MarketRecord]
    addresses: list[tuple[str, str, int]]
    deposits: list[DepositRecord]
    seeds: list[str]
    buckets: list[tuple[str, list[int]]]
    posted: int
    last_order_id: int
    withdrawals: list[WithdrawalRecord]
    books_required: list[int]
    listed_addresses: list[tuple[int, str, str]]
    limits: ExchangeLimits
    last_list_id: int
    lists: list[ListRecord]


def dump(core: Core, *, version: int) -> bytes:
    """Write the state."""
    ledger = core.ledger
    record = StateRecord(
        version,
        [
            AssetRecord(
                asset.definition,
                _sorted_networks(asset),
                ledger.rounding[asset.index],
                [asset.withdrawal_terms[name] for name in sorted(asset.withdrawal_terms)],
            )
            for asset in core.assets.values()
        ],
        sorted((tier.name, tier.maker_ppm, tier.taker_ppm) for tier in core.tiers.values()),
        [_account_record(core.accounts[number]) for number in sorted(core.accounts)],
        [_market_record(market) for market in core.markets.values()],
        sorted((network, address, owner.account) for (network, address), owner in core.addresses.items()),
        [deposit_record(core.deposits[key]) for key in sorted(core.deposits)],
        sorted(core.seeds),
        sorted((name, list(totals)) for name, totals in ledger.buckets.items()),
        ledger.posted,
        core.last_order_id,
        [withdrawal_record(withdrawal) for withdrawal in core.withdrawals.values()],
        sorted(core.books_required),
        sorted(core.listed_addresses),
        core.limits,
        core.last_list_id,
        [list_record(group) for group in core.lists.values() if group.is_open],
    )
    return msgspec.json.encode(record)


def load(data: bytes, *, version: int) -> Core:
    """Build the state from what `dump` wrote; raises `StateError` for anything else."""
    try:
        record = msgspec.json.decode(data, type=StateRecord)
    except msgspec.DecodeError as error:
        raise StateError(f"this is not a state of the exchange: {error}") from error
    if record.version != version:
        raise StateError(f"the state has version {record.version}, this build reads {version}; replay the journal")
    core = Core()
    core.last_order_id = record.last_order_id
    core.last_list_id = record.last_list_id
    core.limits = record.limits
    ledger = core.ledger
    ledger.posted = record.posted
    for index, entry in enumerate(record.assets):
        asset = Asset(entry.definition, index=index)
        asset.networks = {network.network: network for network in entry.networks}
        asset.withdrawal_terms = {terms.network: terms for terms in entry.withdrawal_terms}
        core.assets[asset.symbol] = asset
        ledger.add_asset(asset)
        ledger.rounding[index] = entry.rounding
    ledger.buckets = dict(record.buckets)
    core.tiers = {name: FeeTier(name, maker_ppm=maker, taker_ppm=taker) for name, maker, taker in record.tiers}
    for market in record.markets:
        core.markets[market.definition.symbol] = _market(core, market)
    for account in record.accounts:
        _account(core, account)
    _restore_open_orders(core, record)
    _restore_lists(core, record)
    core.addresses = {(network, address): core.accounts[owner] for network, address, owner in record.addresses}
    for deposit in record.deposits:
        core.deposits[deposit.chain_id, deposit.tx_hash, deposit.log_index] = read_deposit(deposit)
    core.seeds = set(record.seeds)
    for withdrawal in record.withdrawals:
        core.remember_withdrawal(read_withdrawal(withdrawal))
    core.last_withdrawal_id = max(core.withdrawals, default=0)
    core.books_required = set(record.books_required)
    core.listed_addresses = set(record.listed_addresses)
    return core


def _sorted_networks(asset: Asset) -> list[DefineNetwork]:
    return [asset.networks[name] for name in sorted(asset.networks)]


def _order(core: Core, record: OrderRecord) -> Order:
    request = record.request
    order = read_order(record, account=core.accounts[request.account], market=core.markets[request.market])
    core.orders[order.order_id] = order
    return order


def _market_record(market: Market) -> MarketRecord:
    return MarketRecord(
        market.definition,
        market.filters,
        market.status,
        market.last_price,
        market.last_trade_id,
        market.last_update_id,
        market.rolling.minutes,
        [list(second) for second in market.rolling.seconds],
        list(market.trades),
        [order_record(order) for order in market.book.bids.orders()],
        [order_record(order) for order in market.book.asks.orders()],
        [order_record(order) for order in market.stops.waiting()],
        market.last_prevented_id,
        market.auction_ends_at,
    )


def _market(core: Core, record: MarketRecord) -> Market:
    definition = record.definition
    market = Market(definition, base=core.assets[definition.base], quote=core.assets[definition.quote])
    market.filters = record.filters
    market.status = record.status
    market.last_price = record.last_price
    market.last_trade_id = record.last_trade_id
    market.last_update_id = record.last_update_id
    market.last_prevented_id = record.last_prevented_id
    market.auction_ends_at = record.auction_ends_at
    market.rolling.restore(record.seconds, minutes=record.average_minutes)
    market.trades.extend(record.trades)
    return market


def _account_record(account: Account) -> AccountRecord:
    return AccountRecord(
        account.account,
        account.name,
        account.tier.name,
        account.status,
        list(account.available),
        list(account.held),
        [order_record(order) for order in account.closed],
        list(account.trades),
        list(account.withdrawing),
        account.trader,
        [order_record(order) for order in account.open_orders.values() if order.status is OrderStatus.PENDING_NEW],
        [list_record(group) for group in account.closed_lists],
    )


def _account(core: Core, record: AccountRecord) -> None:
    account = Account(record.account, name=record.name, tier=core.tiers[record.tier], assets=len(record.available))
    account.status = record.status
    account.available = list(record.available)
    account.held = list(record.held)
    account.withdrawing = list(record.withdrawing)
    account.trader = record.trader
    core.accounts[account.account] = account
    account.closed.extend(_order(core, entry) for entry in record.closed)
    account.trades.extend(record.trades)
    for order in sorted(account.closed, key=lambda order: order.order_id):
        account.by_client_id[order.client_order_id] = order


def _restore_open_orders(core: Core, record: StateRecord) -> None:
    """Fill the books in their priority, then the accounts in the order of acceptance."""
    restored = [_order(core, entry) for account in record.accounts for entry in account.pending]
    for listed in record.markets:
        market = core.markets[listed.definition.symbol]
        for side, entries in ((market.book.bids, listed.bids), (market.book.asks, listed.asks)):
            for entry in entries:
                order = _order(core, entry)
                side.append(order)
                if order.display:
                    side.show(order, entry.shown)
                restored.append(order)
            side.take_changes()
        for entry in listed.stops:
            order = _order(core, entry)
            market.stops.add(order)
            restored.append(order)
    for order in sorted(restored, key=lambda order: order.order_id):
        order.account.by_client_id[order.client_order_id] = order
        core.remember_open(order)


def _restore_lists(core: Core, record: StateRecord) -> None:
    for account in record.accounts:
        for entry in account.closed_lists:
            _list(core, entry)
    for entry in record.lists:
        _list(core, entry)


def _list(core: Core, record: ListRecord) -> None:
    account, market = core.accounts[record.account], core.markets[record.market]
    core.remember_list(read_list(record, account=account, market=market, orders=core.orders))
