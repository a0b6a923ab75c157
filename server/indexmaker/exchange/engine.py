"""The exchange as an engine: commands in, events out, and read access for the faces.

The reading methods return live objects; a reader must not change them, and must not keep them across commands
where it needs a value of a certain moment (events carry those).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from indexmaker.exchange import (
    address_book,
    amending,
    cancelling,
    configuration,
    funding,
    phases,
    placing,
    placing_lists,
    state,
    withdrawing,
)
from indexmaker.exchange.accounts import Account
from indexmaker.exchange.activating import cascade
from indexmaker.exchange.commands import (
    AllowWithdrawalAddress,
    AmendOrder,
    ApproveWithdrawal,
    CancelAll,
    CancelList,
    CancelOrder,
    CancelReplace,
    CancelWithdrawal,
    CreateAccount,
    CreditDeposit,
    DefineAsset,
    DefineFeeTier,
    DefineMarket,
    DefineNetwork,
    DropDeposit,
    ExchangeCommand,
    PlaceList,
    PlaceOrder,
    RegisterDepositAddress,
    RejectWithdrawal,
    ReportWithdrawal,
    RequestWithdrawal,
    SeedBalance,
    SetAccountStatus,
    SetAddressBook,
    SetExchangeLimits,
    SetFeeTier,
    SetMarketFilters,
    SetMarketStatus,
    SetTradeGroup,
    SetWithdrawalTerms,
    Tick,
)
from indexmaker.exchange.core import Core
from indexmaker.exchange.deposits import Deposit
from indexmaker.exchange.events import ExchangeEvent, Trade
from indexmaker.exchange.limits import ExchangeLimits
from indexmaker.exchange.markets import Asset, Market
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order
from indexmaker.exchange.withdrawals import Withdrawal

__all__ = ["ExchangeEngine"]

_RULES: dict[type, Callable[[Core, Any], None]] = {
    PlaceOrder: placing.place_order,
    CancelOrder: cancelling.cancel_order,
    CancelAll: cancelling.cancel_all,
    CancelReplace: cancelling.cancel_replace,
    AmendOrder: amending.amend_order,
    PlaceList: placing_lists.place_list,
    CancelList: cancelling.cancel_list,
    Tick: phases.tick,
    CreditDeposit: funding.credit_deposit,
    DropDeposit: funding.drop_deposit,
    SeedBalance: funding.seed_balance,
    RegisterDepositAddress: funding.register_deposit_address,
    RequestWithdrawal: withdrawing.request_withdrawal,
    ApproveWithdrawal: withdrawing.approve_withdrawal,
    RejectWithdrawal: withdrawing.reject_withdrawal,
    CancelWithdrawal: withdrawing.cancel_withdrawal,
    ReportWithdrawal: withdrawing.report_withdrawal,
    SetWithdrawalTerms: address_book.set_withdrawal_terms,
    SetAddressBook: address_book.set_address_book,
    AllowWithdrawalAddress: address_book.allow_withdrawal_address,
    DefineAsset: configuration.define_asset,
    DefineNetwork: configuration.define_network,
    DefineMarket: configuration.define_market,
    DefineFeeTier: configuration.define_fee_tier,
    CreateAccount: configuration.create_account,
    SetFeeTier: configuration.set_fee_tier,
    SetMarketFilters: configuration.set_market_filters,
    SetMarketStatus: phases.set_market_status,
    SetAccountStatus: configuration.set_account_status,
    SetExchangeLimits: configuration.set_exchange_limits,
    SetTradeGroup: configuration.set_trade_group,
}


class ExchangeEngine:
    """A deterministic spot exchange. Its state changes by `apply` (and `load`) only."""

    name = "exchange"
    schema_version = 2
    event_type: Any = ExchangeCommand
    upcasts: Mapping[int, Callable[[Any], Any]] = {1: lambda command: command}
    """Commands of version 1 are those of version 2; the state has more in it."""

    def __init__(self) -> None:
        self._core = Core()

    def apply(self, event: ExchangeCommand, *, sequence: int, at: int) -> Sequence[ExchangeEvent]:
        """Carry out a command at `at` (UTC nanoseconds). The first output is its answer; it never raises.

        `sequence` is part of the ids of the outputs, (sequence, index), which the caller forms.
        """
        del sequence
        core = self._core
        outputs = core.begin(at)
        _RULES[type(event)](core, event)
        if core.moves or core.turns:
            cascade(core)
        core.finish()
        return outputs

    def pending(self) -> Sequence[ExchangeEvent]:
        """What the hot wallet has in its hands, oldest first; all other outputs need no confirmation."""
        core = self._core
        return [
            withdrawal.order(core.assets[withdrawal.asset])
            for withdrawal in core.withdrawals.values()
            if withdrawal.in_wallet
        ]

    def dump(self) -> bytes:
        """The state as canonical bytes."""
        return state.dump(self._core, version=self.schema_version)

    def load(self, data: bytes) -> None:
        """Take over a dumped state; raises `StateError` when it cannot be read."""
        self._core = state.load(data, version=self.schema_version)

    @property
    def assets(self) -> Mapping[str, Asset]:
        """Listed assets by symbol, in the order of listing."""
        return self._core.assets

    @property
    def markets(self) -> Mapping[str, Market]:
        """Listed markets by symbol."""
        return self._core.markets

    @property
    def accounts(self) -> Mapping[int, Account]:
        """Accounts by number."""
        return self._core.accounts

    def balance(self, account: int, asset: str) -> tuple[int, int]:
        """(available, held for orders) in atoms; raises `KeyError` for an unknown account or asset."""
        owner = self._core.accounts[account]
        index = self._core.assets[asset].index
        return owner.available[index], owner.held[index]

    def withdrawing(self, account: int, asset: str) -> int:
        """Atoms set aside for withdrawals under way; raises `KeyError` for an unknown account or asset."""
        return self._core.accounts[account].withdrawing[self._core.assets[asset].index]

    def bucket(self, name: str, asset: str) -> int:
        """Atoms in a bucket of the house (`house.fee`) or outside (`external.seed`, negative: came in from there)."""
        totals = self._core.ledger.buckets.get(name)
        return totals[self._core.assets[asset].index] if totals else 0

    def buckets(self) -> Mapping[str, Sequence[int]]:
        """Totals of all buckets that belong to no user, per asset in the order of listing."""
        return self._core.ledger.buckets

    def fee_rounding(self, asset: str) -> int:
        """Millionths of an atom that all fees so far exceed their exact value."""
        return self._core.ledger.rounding[self._core.assets[asset].index]

    @property
    def posted(self) -> int:
        """The number of the last ledger posting."""
        return self._core.ledger.posted

    def order(self, order_id: int) -> Order | None:
        """An open or remembered order."""
        return self._core.orders.get(order_id)

    def order_by_client_id(self, account: int, client_order_id: str) -> Order | None:
        """The newest order of the account with this client id, open or remembered."""
        return self._core.accounts[account].by_client_id.get(client_order_id)

    def open_orders(self, account: int, *, market: str = "") -> list[Order]:
        """Open orders by ascending id, of one market or of all."""
        return _of_market(self._core.accounts[account].open_orders.values(), market)

    def all_orders(self, account: int, *, market: str = "") -> list[Order]:
        """Open and remembered orders by ascending id, of one market or of all."""
        owner = self._core.accounts[account]
        orders = _of_market((*owner.closed, *owner.open_orders.values()), market)
        orders.sort(key=lambda order: order.order_id)
        return orders

    def order_list(self, list_id: int) -> OrderList | None:
        """An open or remembered list of orders."""
        return self._core.lists.get(list_id)

    def order_lists(self, account: int) -> list[OrderList]:
        """Open and remembered lists of an account by ascending id."""
        owner = self._core.accounts[account]
        return sorted((*owner.closed_lists, *owner.lists.values()), key=lambda group: group.list_id)

    @property
    def limits(self) -> ExchangeLimits:
        """What one account may have open on all markets together."""
        return self._core.limits

    def account_trades(self, account: int, *, market: str = "") -> list[Trade]:
        """Remembered trades of an account, oldest first."""
        trades = self._core.accounts[account].trades
        return [trade for trade in trades if market in ("", trade.market)]

    def market_trades(self, market: str) -> Sequence[Trade]:
        """Remembered trades of a market, oldest first."""
        return self._core.markets[market].trades

    def depth(self, market: str, *, levels: int) -> tuple[int, list[tuple[int, int]], list[tuple[int, int]]]:
        """(last update id, bids, asks), the best `levels` (price, quantity) of each side, best first; 0: all."""
        listed = self._core.markets[market]
        return listed.last_update_id, listed.book.bids.depth(levels), listed.book.asks.depth(levels)

    def deposits(self, account: int) -> list[Deposit]:
        """Deposits of an account, oldest first."""
        deposits = [deposit for deposit in self._core.deposits.values() if deposit.account == account]
        deposits.sort(key=lambda deposit: (deposit.seen_at, deposit.chain_id, deposit.tx_hash, deposit.log_index))
        return deposits

    def withdrawal(self, withdrawal_id: int) -> Withdrawal | None:
        """A withdrawal by its number."""
        return self._core.withdrawals.get(withdrawal_id)

    def withdrawals(self, account: int = 0) -> list[Withdrawal]:
        """Withdrawals of an account (0: of all), oldest first."""
        return [one for one in self._core.withdrawals.values() if account in (0, one.account)]

    def deposit_addresses(self, account: int) -> list[tuple[str, str]]:
        """(network, address) pairs of an account, sorted."""
        return sorted(key for key, owner in self._core.addresses.items() if owner.account == account)

    def deposit_account(self, network: str, address: str) -> int | None:
        """The account that owns a deposit address."""
        owner = self._core.addresses.get((network, address.lower()))
        return None if owner is None else owner.account


def _of_market(orders: Iterable[Order], market: str) -> list[Order]:
    return [order for order in orders if market in ("", order.market.symbol)]
