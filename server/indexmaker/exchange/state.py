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
    MarketFilters,
    PlaceOrder,
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
from indexmaker.exchange.vocabulary import (
    AccountStatus,
    MarketStatus,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

__all__ = ["dump", "load"]


class OrderRecord(Record, frozen=True):
    """An order; `account` and `market` by name."""

    order_id: int
    account: int
    market: str
    client_order_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    self_trade: SelfTradePrevention
    price: int
    quantity: int
    quote_amount: int
    remaining: int
    quote: int
    held: int
    maker_ppm: int
    taker_ppm: int
    maker_received: int
    maker_charged: int
    taker_received: int
    taker_charged: int
    status: OrderStatus
    accepted_at: int
    updated_at: int


class AssetRecord(Record, frozen=True):
    """An asset with its networks, by name."""

    definition: DefineAsset
    networks: list[DefineNetwork]
    rounding: int
    withdrawal_terms: list[SetWithdrawalTerms] = msgspec.field(default_factory=list)


class MarketRecord(Record, frozen=True):
    """A market with its open orders, each side best first."""

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


class AccountRecord(Record, frozen=True):
    """An account; balances per asset in the order of listing; closed orders oldest ending first."""

    account: int
    name: str
    tier: str
    status: AccountStatus
    available: list[int]
    held: list[int]
    closed: list[OrderRecord]
    trades: list[Trade]
    withdrawing: list[int] | None = None


class StateRecord(Record, frozen=True):
    """Everything. What has a default was not in the first states of this version."""

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
    withdrawals: list[WithdrawalRecord] = msgspec.field(default_factory=list)
    books_required: list[int] = msgspec.field(default_factory=list)
    listed_addresses: list[tuple[int, str, str]] = msgspec.field(default_factory=list)


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
        core.accounts[account.account] = _account(core, account)
    _restore_open_orders(core, record.markets)
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


def _order_record(order: Order) -> OrderRecord:
    return OrderRecord(
        order.order_id,
        order.account.account,
        order.market.symbol,
        order.client_order_id,
        order.side,
        order.type,
        order.time_in_force,
        order.self_trade,
        order.price,
        order.quantity,
        order.quote_amount,
        order.remaining,
        order.quote,
        order.held,
        order.maker_ppm,
        order.taker_ppm,
        order.maker_received,
        order.maker_charged,
        order.taker_received,
        order.taker_charged,
        order.status,
        order.accepted_at,
        order.updated_at,
    )


def _order(core: Core, record: OrderRecord, account: Account) -> Order:
    request = PlaceOrder(
        account=record.account,
        market=record.market,
        client_order_id=record.client_order_id,
        side=record.side,
        type=record.type,
        time_in_force=record.time_in_force,
        price=record.price,
        quote_amount=record.quote_amount,
        self_trade=record.self_trade,
    )
    order = Order(
        record.order_id,
        request,
        account=account,
        market=core.markets[record.market],
        quantity=record.quantity,
        at=record.accepted_at,
    )
    order.remaining = record.remaining
    order.quote = record.quote
    order.held = record.held
    order.maker_ppm, order.taker_ppm = record.maker_ppm, record.taker_ppm
    order.maker_received, order.maker_charged = record.maker_received, record.maker_charged
    order.taker_received, order.taker_charged = record.taker_received, record.taker_charged
    order.status = record.status
    order.updated_at = record.updated_at
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
        [_order_record(order) for order in market.book.bids.orders()],
        [_order_record(order) for order in market.book.asks.orders()],
    )


def _market(core: Core, record: MarketRecord) -> Market:
    definition = record.definition
    market = Market(definition, base=core.assets[definition.base], quote=core.assets[definition.quote])
    market.filters = record.filters
    market.status = record.status
    market.last_price = record.last_price
    market.last_trade_id = record.last_trade_id
    market.last_update_id = record.last_update_id
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
        [_order_record(order) for order in account.closed],
        list(account.trades),
        list(account.withdrawing),
    )


def _account(core: Core, record: AccountRecord) -> Account:
    account = Account(record.account, name=record.name, tier=core.tiers[record.tier], assets=len(record.available))
    account.status = record.status
    account.available = list(record.available)
    account.held = list(record.held)
    account.withdrawing = list(record.withdrawing or [0] * len(record.held))
    account.closed.extend(_order(core, entry, account) for entry in record.closed)
    account.trades.extend(record.trades)
    for order in sorted(account.closed, key=lambda order: order.order_id):
        account.by_client_id[order.client_order_id] = order
    return account


def _restore_open_orders(core: Core, markets: list[MarketRecord]) -> None:
    """Fill the books in their priority, then the accounts in the order of acceptance."""
    restored = []
    for record in markets:
        book = core.markets[record.definition.symbol].book
        for side, entries in ((book.bids, record.bids), (book.asks, record.asks)):
            for entry in entries:
                order = _order(core, entry, core.accounts[entry.account])
                side.append(order)
                restored.append(order)
            side.take_changes()
    for order in sorted(restored, key=lambda order: order.order_id):
        order.account.by_client_id[order.client_order_id] = order
        core.remember_open(order)
