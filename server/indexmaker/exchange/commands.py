"""Everything that can happen to the exchange: the inputs of its engine, as they are journaled.

Prices are ticks, quantities are lots, money is atoms of the asset's ledger scale. Sizes of ticks and lots, which
define those units, are in 10**-18 (see `indexmaker.money`). Multipliers and fee rates are parts per million.
Assets and markets are named by symbol, accounts by a positive number that the caller chooses.
The first output of every command is its answer; a command that is refused is answered by `Rejected` alone.
"""

from __future__ import annotations

from indexmaker.exchange.command_base import Command
from indexmaker.exchange.limits import ExchangeLimits, MarketFilters
from indexmaker.exchange.order_commands import (
    AmendOrder,
    CancelAll,
    CancelList,
    CancelOrder,
    CancelReplace,
    PlaceList,
    PlaceOrder,
    Tick,
)
from indexmaker.exchange.vocabulary import AccountStatus, MarketStatus, WithdrawalStatus

__all__ = [
    "AllowWithdrawalAddress",
    "AmendOrder",
    "ApproveWithdrawal",
    "CancelAll",
    "CancelList",
    "CancelOrder",
    "CancelReplace",
    "CancelWithdrawal",
    "Command",
    "CreateAccount",
    "CreditDeposit",
    "DefineAsset",
    "DefineFeeTier",
    "DefineMarket",
    "DefineNetwork",
    "DropDeposit",
    "ExchangeCommand",
    "ExchangeLimits",
    "MarketFilters",
    "PlaceList",
    "PlaceOrder",
    "RegisterDepositAddress",
    "RejectWithdrawal",
    "ReportWithdrawal",
    "RequestWithdrawal",
    "SeedBalance",
    "SetAccountStatus",
    "SetAddressBook",
    "SetExchangeLimits",
    "SetFeeTier",
    "SetMarketFilters",
    "SetMarketStatus",
    "SetTradeGroup",
    "SetWithdrawalTerms",
    "Tick",
]


class DefineAsset(Command, frozen=True, tag="define_asset"):
    """List an asset. Answer: `Configured`. The same definition again changes nothing; another one is refused.

    `scale` (0 to 18) is how many decimals the ledger keeps; an atom is 10**-scale.
    """

    symbol: str
    scale: int
    name: str = ""


class DefineNetwork(Command, frozen=True, tag="define_network"):
    """Let an asset arrive over a chain. Answer: `Configured`. A repetition may change `confirmations` only.

    `contract` is the token's address, empty for the chain's own coin; `decimals` are those of the chain's units.
    """

    asset: str
    network: str
    chain_id: int
    decimals: int
    confirmations: int
    contract: str = ""


class DefineMarket(Command, frozen=True, tag="define_market"):
    """List a market, open. Answer: `Configured`. Repeated like `DefineAsset`.

    `tick` (quote per base) and `lot` (base) are in 10**-18. The market is refused unless a lot is a whole number of
    base atoms and tick times lot a whole number of quote atoms, so that every notional is exact.
    `reference` (ticks) stands in for the average price until the first trade; 0 when there is none.
    """

    symbol: str
    base: str
    quote: str
    tick: int
    lot: int
    filters: MarketFilters = MarketFilters()
    reference: int = 0


class SetMarketFilters(Command, frozen=True, tag="set_market_filters"):
    """Replace the limits of a market for new orders. Answer: `Configured`."""

    market: str
    filters: MarketFilters


class SetExchangeLimits(Command, frozen=True, tag="set_exchange_limits"):
    """Replace the limits of an account on all markets together, for new orders. Answer: `Configured`."""

    limits: ExchangeLimits


class SetMarketStatus(Command, frozen=True, tag="set_market_status"):
    """Open, halt or wind down a market. Answer: `MarketChanged`, also when nothing changes.

    Opening a market whose orders cross, as they may after an auction, first trades them at one price.
    `auction_ends_at` (UTC nanoseconds) lets an auction end at the first `Tick` not before it; 0: by command only.
    """

    market: str
    status: MarketStatus
    auction_ends_at: int = 0


class DefineFeeTier(Command, frozen=True, tag="define_fee_tier"):
    """Create or change a fee tier. Orders keep the rates they were accepted with. Answer: `Configured`.

    Rates are parts per million of what the order receives, 0 to 1 000 000.
    """

    tier: str
    maker_ppm: int
    taker_ppm: int


class CreateAccount(Command, frozen=True, tag="create_account"):
    """Open an account. Answer: `Configured`. The same account again changes nothing; another name is refused."""

    account: int
    name: str
    tier: str


class SetFeeTier(Command, frozen=True, tag="set_fee_tier"):
    """Move an account to a fee tier, for new orders. Answer: `Configured`."""

    account: int
    tier: str


class SetAccountStatus(Command, frozen=True, tag="set_account_status"):
    """Suspend or resume an account. Answer: `AccountChanged`, also when nothing changes."""

    account: int
    status: AccountStatus


class SetTradeGroup(Command, frozen=True, tag="set_trade_group"):
    """Let self-trade prevention see accounts of the same group as one (0: of none). Answer: `Configured`."""

    account: int
    group: int


class RegisterDepositAddress(Command, frozen=True, tag="register_deposit_address"):
    """Bind an address of a network to an account for ever. Answer: `Configured`. Addresses compare in lower case."""

    account: int
    network: str
    address: str


class CreditDeposit(Command, frozen=True, tag="credit_deposit"):
    """Report a transfer seen on a chain, as often as wanted. Answer: `DepositChanged`.

    The key is (chain_id, tx_hash, log_index). The deposit is credited once, by the first report whose
    `confirmations` reach the network's number. `units` are the chain's; what is finer than the ledger's scale is
    rounded down and stays outside.
    """

    network: str
    asset: str
    chain_id: int
    tx_hash: str
    log_index: int
    address: str
    units: int
    confirmations: int


class DropDeposit(Command, frozen=True, tag="drop_deposit"):
    """Forget a pending deposit whose block left the chain. Answer: `DepositChanged`. A later report revives it."""

    chain_id: int
    tx_hash: str
    log_index: int


class SeedBalance(Command, frozen=True, tag="seed_balance"):
    """Credit play money from `external.seed`, once per `reference`. Answer: `Seeded`."""

    account: int
    asset: str
    amount: int
    reference: str


class SetWithdrawalTerms(Command, frozen=True, tag="set_withdrawal_terms"):
    """Let an asset leave over a network of its own, or stop that. Answer: `Configured`.

    All amounts are ledger atoms. `fee` is taken out of the amount of each withdrawal. Amounts are at least `minimum`
    (which must exceed the fee), at most `maximum` (0: no limit) and whole multiples of `step`. Step and fee must be
    whole units of the chain; a step of 0 stands for one such unit (or atom, where that is coarser). An amount above
    `approve_above` waits for an operator (0: none does). Terms hold for new requests.
    """

    asset: str
    network: str
    fee: int = 0
    minimum: int = 0
    maximum: int = 0
    step: int = 0
    approve_above: int = 0
    enabled: bool = True
    reason: str = ""


class SetAddressBook(Command, frozen=True, tag="set_address_book"):
    """Let an account withdraw to its listed addresses only, or to any. Answer: `Configured`."""

    account: int
    required: bool


class AllowWithdrawalAddress(Command, frozen=True, tag="allow_withdrawal_address"):
    """List an address of an account, or take it off the list. Answer: `Configured`."""

    account: int
    network: str
    address: str
    allowed: bool = True


class RequestWithdrawal(Command, frozen=True, tag="request_withdrawal"):
    """Send `amount` (ledger atoms, fee included) out of the exchange. Answer: `WithdrawalChanged` or `Rejected`.

    `withdraw_order_id` is the client's: the same request under the same id is answered with the first one's state
    and sends nothing, another request under it is refused. Empty: every request is a new one.
    """

    account: int
    asset: str
    network: str
    address: str
    amount: int
    withdraw_order_id: str = ""


class ApproveWithdrawal(Command, frozen=True, tag="approve_withdrawal"):
    """Hand a waiting withdrawal to the hot wallet. Answer: `WithdrawalChanged`. `operator` is who decided."""

    withdrawal_id: int
    operator: str


class RejectWithdrawal(Command, frozen=True, tag="reject_withdrawal"):
    """Refuse a waiting withdrawal and give the money back. Answer: `WithdrawalChanged`."""

    withdrawal_id: int
    operator: str
    reason: str


class CancelWithdrawal(Command, frozen=True, tag="cancel_withdrawal"):
    """Its owner takes a waiting withdrawal back. Answer: `WithdrawalChanged`."""

    account: int
    withdrawal_id: int


class ReportWithdrawal(Command, frozen=True, tag="report_withdrawal"):
    """What the hot wallet says of a withdrawal, as often as wanted. Answer: `WithdrawalChanged`.

    `PROCESSING` with a reason: it waits for something. `SENT` with a transaction, which may be replaced by another.
    `COMPLETED`: that transaction cannot be undone any more. `FAILED`: no transaction moved or will move the money,
    and it goes back to its owner. What is older than the last report changes nothing.
    """

    withdrawal_id: int
    status: WithdrawalStatus
    tx_hash: str = ""
    reason: str = ""


ExchangeCommand = (
    DefineAsset
    | DefineNetwork
    | DefineMarket
    | SetMarketFilters
    | SetMarketStatus
    | DefineFeeTier
    | CreateAccount
    | SetFeeTier
    | SetAccountStatus
    | RegisterDepositAddress
    | CreditDeposit
    | DropDeposit
    | SeedBalance
    | SetWithdrawalTerms
    | SetAddressBook
    | AllowWithdrawalAddress
    | RequestWithdrawal
    | ApproveWithdrawal
    | RejectWithdrawal
    | CancelWithdrawal
    | ReportWithdrawal
    | PlaceOrder
    | CancelOrder
    | CancelAll
    | PlaceList
    | CancelList
    | CancelReplace
    | AmendOrder
    | SetExchangeLimits
    | SetTradeGroup
    | Tick
)
"""The tagged union that the journal decodes."""
