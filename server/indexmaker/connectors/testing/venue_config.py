"""What a scripted venue is told: its pairs, its balances, and how it answers the next orders."""

from __future__ import annotations

import msgspec

__all__ = [
    "Ambiguous",
    "Fill",
    "Hold",
    "LoseWithdrawal",
    "MockVenueConfig",
    "Outcome",
    "Pair",
    "PayOut",
    "RefuseWithdrawal",
    "Reject",
    "Rest",
    "ScriptedDeposit",
    "ScriptedWithdrawal",
    "WithdrawalOutcome",
    "WithdrawalTerms",
]


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument with one level a side; decimals as strings."""

    symbol: str
    base: str
    quote: str = "USDC"
    bid: str = "99"
    ask: str = "100"
    size: str = "1000000"
    tick_size: str = "0.01"
    lot_step: str = "0.00001"
    min_notional: str = "5"
    taker_fee: str = "0.001"


class Fill(msgspec.Struct, frozen=True, kw_only=True, tag="fill"):
    """Fill a share of the quantity at the order's limit price, in equal parts; the rest stays open, or expires (IOC).

    With `repeat`, every report is sent twice, as venues sometimes do. With `at_book`, a buy trades at the pair's ask
    and a sell at its bid instead, and one whose limit does not reach that price does not trade.
    """

    share: str = "1"
    parts: int = 1
    repeat: bool = False
    at_book: bool = False


class Rest(msgspec.Struct, frozen=True, kw_only=True, tag="rest"):
    """Accept the order and let it rest (an IOC expires)."""


class Reject(msgspec.Struct, frozen=True, kw_only=True, tag="reject"):
    """Refuse the order; `reject_class` is the proto's name without its prefix."""

    reject_class: str = "OTHER"
    detail: str = "refused by the script"
    venue_code: int = -2010
    retry_after_ms: int = 0


class Ambiguous(msgspec.Struct, frozen=True, kw_only=True, tag="ambiguous"):
    """Answer that the result is not known; `executed` says whether the order has in truth been filled.

    With `silent`, the stream of executions does not tell of it either, so only a query finds it.
    """

    executed: bool = False
    silent: bool = False


class Hold(msgspec.Struct, frozen=True, kw_only=True, tag="hold"):
    """Answer only once the test calls `release`, then fill."""


Outcome = Fill | Rest | Reject | Ambiguous | Hold


class ScriptedDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit that the venue credits, once for each id."""

    deposit_id: str
    amount: str
    asset: str = "USDC"
    tx_hash: str = "0x" + "00" * 32
    network: str = "BASE"


class PayOut(msgspec.Struct, frozen=True, kw_only=True, tag="pay_out"):
    """Take a withdrawal and bring it to a status (the proto's name without its prefix).

    Without `tx_hash` one is made up for SENT and COMPLETED. FAILED and REJECTED give the money back.
    """

    status: str = "COMPLETED"
    tx_hash: str = ""
    reason: str = ""


class RefuseWithdrawal(msgspec.Struct, frozen=True, kw_only=True, tag="refuse_withdrawal"):
    """Refuse a withdrawal; `reject_class` is the proto's name without its prefix."""

    reject_class: str = "OTHER"
    detail: str = "refused by the script"
    venue_code: int = -4001
    retry_after_ms: int = 0


class LoseWithdrawal(msgspec.Struct, frozen=True, kw_only=True, tag="lose_withdrawal"):
    """Answer that the result is not known; `executed` says whether the venue has in truth paid out."""

    executed: bool = False


WithdrawalOutcome = PayOut | RefuseWithdrawal | LoseWithdrawal


class ScriptedWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a withdrawal, or without an id of all that are pending, carried out once for each `step_id`."""

    step_id: str
    withdrawal_id: str = ""
    status: str = "COMPLETED"
    tx_hash: str = ""
    reason: str = ""


class WithdrawalTerms(msgspec.Struct, frozen=True, kw_only=True):
    """On which terms money leaves; decimals as strings."""

    network: str = "BASE"
    fee: str = "0.5"
    min_amount: str = "5"
    max_amount: str = "0"
    amount_step: str = "0.000001"
    enabled: bool = True


class MockVenueConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A scripted venue. A new revision adds its deposits and steps, replaces prices, and appends its scripts."""

    pairs: tuple[Pair, ...] = (Pair(symbol="BTCUSDC", base="BTC"),)
    balances: dict[str, str] = msgspec.field(default_factory=lambda: {"USDC": "1000000"})
    script: tuple[Outcome, ...] = ()
    deposits: tuple[ScriptedDeposit, ...] = ()
    deposit_address: str = "0x" + "de" * 20
    at_book: bool = False
    """Whether orders that the script does not mention trade at the book's prices; see `Fill`."""
    withdrawal_terms: WithdrawalTerms = WithdrawalTerms()
    withdrawal_script: tuple[WithdrawalOutcome, ...] = ()
    """How to answer the next withdrawals; without it they are completed at once."""
    withdrawal_steps: tuple[ScriptedWithdrawal, ...] = ()
