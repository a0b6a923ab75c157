"""What a scripted venue is told: its pairs, its balances, and how it answers the next orders."""

from __future__ import annotations

import msgspec

__all__ = ["Ambiguous", "Fill", "Hold", "MockVenueConfig", "Outcome", "Pair", "Reject", "Rest", "ScriptedDeposit"]


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

    With `repeat`, every report is sent twice, as venues sometimes do.
    """

    share: str = "1"
    parts: int = 1
    repeat: bool = False


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


class MockVenueConfig(msgspec.Struct, frozen=True, kw_only=True):
    """A scripted venue. A new revision adds its deposits, replaces prices, and appends its script."""

    pairs: tuple[Pair, ...] = (Pair(symbol="BTCUSDC", base="BTC"),)
    balances: dict[str, str] = msgspec.field(default_factory=lambda: {"USDC": "1000000"})
    script: tuple[Outcome, ...] = ()
    deposits: tuple[ScriptedDeposit, ...] = ()
    deposit_address: str = "0x" + "de" * 20
