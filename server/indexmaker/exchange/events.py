"""Everything the exchange says: the outputs of its engine.

An event's id is (sequence of the command, index in its outputs). Units are those of `commands`. `BookDelta`,
`AuctionIndication` and the public part of `Trade` (market, trade_id, price, quantity, taker_side, at) may be shown to
everybody; all else belongs to the accounts named in it.
"""

from __future__ import annotations

import msgspec

from indexmaker.exchange.event_base import Event
from indexmaker.exchange.order_events import (
    Accepted,
    Activated,
    Amended,
    AuctionIndication,
    Cancelled,
    CancelledAll,
    Expired,
    ListChanged,
    Prevented,
    Replaced,
    Ticked,
    Trade,
)
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import (
    AccountStatus,
    DepositStatus,
    MarketStatus,
    PostingKind,
    WithdrawalStatus,
)

__all__ = [
    "Accepted",
    "AccountChanged",
    "Activated",
    "Amended",
    "AuctionIndication",
    "BalanceChanged",
    "BookDelta",
    "Cancelled",
    "CancelledAll",
    "Configured",
    "DepositChanged",
    "Event",
    "ExchangeEvent",
    "Expired",
    "ListChanged",
    "MarketChanged",
    "Posted",
    "Posting",
    "Prevented",
    "Rejected",
    "Replaced",
    "Seeded",
    "SendWithdrawal",
    "Ticked",
    "Trade",
    "WithdrawalChanged",
]


class Configured(Event, frozen=True, tag="configured"):
    """A definition is in force; `changed` is false for a repetition. `command` is the tag of the command."""

    command: str
    name: str
    changed: bool


class MarketChanged(Event, frozen=True, tag="market_changed"):
    """The state of a market after `SetMarketStatus`."""

    market: str
    status: MarketStatus
    at: int


class AccountChanged(Event, frozen=True, tag="account_changed"):
    """The state of an account after `SetAccountStatus`."""

    account: int
    status: AccountStatus
    at: int


class Rejected(Event, frozen=True, tag="rejected"):
    """The command changed nothing. `message` says what, where and how to mend it.

    `order_id` is the order in the way (duplicate client id) or the one that could not be cancelled, otherwise 0.
    """

    command: str
    code: RejectCode
    message: str
    at: int
    account: int = 0
    market: str = ""
    client_order_id: str = ""
    order_id: int = 0


class BalanceChanged(Event, frozen=True, tag="balance_changed"):
    """Balances of an account in an asset after the command, once per command; `cause` is the last movement's.

    `withdrawing` is set aside for withdrawals under way; it is in neither of the others.
    """

    account: int
    asset: str
    available: int
    held: int
    cause: PostingKind
    at: int
    withdrawing: int = 0


class BookDelta(Event, frozen=True, tag="book_delta"):
    """Level totals of a market after the command, as (price, quantity) pairs; quantity 0 removes the level.

    `first_update` to `last_update` are the update ids used, one per pair; the next delta of the market goes on at
    `last_update` + 1, and a depth snapshot names the last id it contains.
    """

    market: str
    first_update: int
    last_update: int
    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]
    at: int


class DepositChanged(Event, frozen=True, tag="deposit_changed"):
    """Where a deposit stands. `amount` is in ledger atoms; `changed` is false for a report that told nothing new."""

    chain_id: int
    tx_hash: str
    log_index: int
    account: int
    asset: str
    network: str
    address: str
    amount: int
    status: DepositStatus
    confirmations: int
    changed: bool
    at: int


class WithdrawalChanged(Event, frozen=True, tag="withdrawal_changed"):
    """Where a withdrawal stands. Amounts are ledger atoms; `changed` is false for what told nothing new.

    With `AWAITING_APPROVAL` an operator must decide; with `PROCESSING` and a `reason` one should look.
    """

    withdrawal_id: int
    account: int
    asset: str
    network: str
    address: str
    amount: int
    fee: int
    withdraw_order_id: str
    status: WithdrawalStatus
    tx_hash: str
    reason: str
    changed: bool
    at: int


class SendWithdrawal(Event, frozen=True, tag="send_withdrawal"):
    """For the hot wallet: send `units` (the chain's) once for each `command_id`, and report what becomes of it.

    Sent again after a restart until the withdrawal has ended. `contract` is the token's, empty for the chain's coin.
    """

    command_id: str
    withdrawal_id: int
    chain_id: int
    contract: str
    decimals: int
    address: str
    units: int


class Seeded(Event, frozen=True, tag="seeded"):
    """The answer to `SeedBalance`; `changed` is false when the reference was used before."""

    account: int
    asset: str
    amount: int
    reference: str
    changed: bool
    at: int


class Posting(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One leg of a movement: a ledger bucket gains (plus) or loses (minus) atoms of an asset.

    Buckets: `user.<account>.available`, `.held` and `.withdrawing`, `house.fee`, `house.withdrawal_fee`,
    `external.<network>`, `external.seed`.
    """

    bucket: str
    asset: str
    amount: int


class Posted(Event, frozen=True, tag="posted"):
    """A movement of the ledger. Its legs sum to zero per asset and are numbered `first`, `first` + 1, ...

    `reference` names the cause: an order id, `<market>/<trade id>`, a deposit key, a seed reference or a withdrawal's
    command id.
    """

    first: int
    kind: PostingKind
    reference: str
    legs: tuple[Posting, ...]


ExchangeEvent = (
    Configured
    | MarketChanged
    | AccountChanged
    | Rejected
    | Accepted
    | Trade
    | Cancelled
    | CancelledAll
    | Expired
    | BalanceChanged
    | BookDelta
    | DepositChanged
    | Seeded
    | WithdrawalChanged
    | SendWithdrawal
    | Posted
    | Activated
    | Prevented
    | Amended
    | ListChanged
    | Replaced
    | Ticked
    | AuctionIndication
)
"""The tagged union of outputs."""
