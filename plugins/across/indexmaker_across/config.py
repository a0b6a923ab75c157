"""Configuration of the plugin."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.secrets import SecretRef
from indexmaker_across.quotes import FeeModel
from indexmaker_evm.config import ChainConfig
from indexmaker_evm.rpc.hexadecimal import is_address

__all__ = [
    "AcrossConfig",
    "ChainSettings",
    "DestinationConfig",
    "Limits",
    "OriginConfig",
    "ReturnsConfig",
    "address_of",
]

Positive = Annotated[int, Meta(ge=1)]
Amount = Annotated[str, Meta(pattern=r"^(0|[1-9][0-9]{0,28})(\.[0-9]{1,6})?$")]


class ChainSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One end of the bridge."""

    chain_id: Positive
    rpc: Annotated[tuple[str, ...], Meta(min_length=1)]
    """URLs in order of preference, each as it is or as a reference `env:NAME` or `file:/path`."""
    usdc: str
    spoke_pool: str
    confirmations: Positive = 1
    """Blocks, its own included, after which a transaction of ours or a fill counts."""
    reorg_window: Annotated[int, Meta(ge=2)] = 128
    """Blocks that may be replaced; a deeper rewrite stops the chain."""
    request_timeout_ms: Positive = 10_000
    max_fee_gwei: Positive = 200
    resend_after_ms: Positive = 10_000
    bump_after_ms: Positive = 30_000
    """A transaction that waits longer is replaced by one that pays more."""

    def chain_config(self, name: str, *, poll_interval_ms: int) -> ChainConfig:
        """The same for the chain library."""
        return ChainConfig(
            chain_id=self.chain_id,
            name=name,
            rpc=self.rpc,
            confirmations=self.confirmations,
            poll_interval_ms=poll_interval_ms,
            reorg_window=self.reorg_window,
            request_timeout_ms=self.request_timeout_ms,
            max_fee_gwei=self.max_fee_gwei,
            resend_after_ms=self.resend_after_ms,
            bump_after_ms=self.bump_after_ms,
        )


class OriginConfig(ChainSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chain where collateral starts, in the `AcrossRoute` at `route`."""

    route: str
    designation: str = "EVM:ARBITRUM:USDC"


class DestinationConfig(ChainSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The chain where venues take deposits; the router key's own account receives there."""

    designation: Annotated[str, Meta(pattern=r"^EVM:[A-Z0-9_]+:USDC$")] = "EVM:BASE:USDC"

    @property
    def network(self) -> str:
        """The chain's name, as designations have it."""
        return self.designation.split(":")[1]


class ReturnsConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The way back: venues withdraw to the `AcrossRoute` at `route` on the destination chain, which can send to
    `recipient` on the origin alone.
    """

    route: str
    recipient: str
    """The account that pays redemptions: the keeper's."""
    fees: FeeModel = msgspec.field(default_factory=FeeModel)
    """Costs of a fill on the origin."""


class Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a transfer may stay in each state before an operator is called, in seconds."""

    withdrawal_s: Positive = 3_600
    """Accepted, and the venue's withdrawal has not reached the route contract."""
    collateral_s: Positive = 900
    """Accepted, and its collateral is not in the route contract."""
    transaction_s: Positive = 600
    """A transaction of ours is not in a block, or a refund is not claimed."""
    fill_s: Annotated[int, Meta(ge=60, le=21_000)] = 3_600
    """From the deposit to its fill deadline, after which Across owes a refund; the contract allows 6 hours."""
    overdue_fill_s: Positive = 600
    """After the fill deadline, and neither fill nor expiry can be seen."""
    refund_s: Positive = 86_400
    arrival_s: Positive = 3_600
    """Sent, and the venue has not credited it."""


class AcrossConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plugin."""

    origin: OriginConfig
    destination: DestinationConfig
    returns: ReturnsConfig | None = None
    """Nothing returns without it."""
    router_key: SecretRef
    """Hexadecimal private key: the router of both routes, and the hot wallet on the destination."""
    venues: tuple[str, ...] = ()
    """Venues that may be sent to; empty means any."""
    fees: FeeModel = msgspec.field(default_factory=FeeModel)
    max_fee_bps: Annotated[int, Meta(ge=1, le=9_999)] = 50
    """A transfer that costs more is refused."""
    min_amount: Amount = "1"
    max_amount: Amount = "10000000"
    quote_ttl_s: Positive = 60
    expected_ms: Positive = 10_000
    """Usual duration, as told with quotes."""
    poll_interval_ms: Positive = 300
    limits: Limits = msgspec.field(default_factory=Limits)


def address_of(text: str, *, place: str) -> str:
    """An address in lower case; raises `ConfigurationError` at `place`."""
    if not is_address(text) or int(text, 16) == 0:
        raise ConfigurationError(place, f"{text!r} is not an address", "20 bytes of hexadecimal with 0x, not zero")
    return text.lower()
