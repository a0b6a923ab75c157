"""What the connectors are told. Times are milliseconds."""

from __future__ import annotations

from typing import Annotated

import msgspec

from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.secrets import SecretRef
from indexmaker_binance.client import Credentials, check_private_key
from indexmaker_binance.environment import Endpoints, EnvironmentSetting, resolve
from indexmaker_binance.errors import EnvironmentRefusedError

__all__ = ["MarketDataConfig", "OrdersConfig", "credentials_of", "endpoints_of"]

Milliseconds = Annotated[int, msgspec.Meta(ge=10, le=86_400_000)]


class MarketDataConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Configuration of `binance-market-data`; only `environment` must be given."""

    environment: EnvironmentSetting
    """`live`, `testnet`, or `{"base": "http://host:port"}`; moves every address at once."""
    venue: str = "binance"
    """Name of the venue in the core."""
    snapshot_depth: Annotated[int, msgspec.Meta(ge=5, le=5_000)] = 1_000
    """Levels a side of a snapshot from the venue; deeper ones cost more of the request limit."""
    trades: bool = True
    """Whether trades between others are delivered too."""
    stale_after_ms: Milliseconds = 10_000
    """A book that was not heard of for so long is compared with the venue's."""
    retry_ms: Milliseconds = 500
    """Between two attempts to get a snapshot."""
    instruments_every_ms: Milliseconds = 300_000
    """How often the trading rules are read again."""
    subscriber_backlog: Annotated[int, msgspec.Meta(ge=100)] = 20_000
    """Events that wait for a slow subscriber before they are conflated."""
    request_timeout_ms: Milliseconds = 10_000
    asset_aliases: dict[str, str] = {}
    """The venue's asset name to the common one, where they differ."""


class OrdersConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Configuration of `binance-orders`: an environment, a key, and either `api_secret` (HMAC) or `private_key`
    (RSA or Ed25519, PEM).
    """

    environment: EnvironmentSetting
    """`live`, `testnet`, or `{"base": "http://host:port"}`; moves every address at once, the wallet's too."""
    api_key: SecretRef
    api_secret: SecretRef | None = None
    private_key: SecretRef | None = None
    private_key_pass: SecretRef | None = None
    venue: str = "binance"
    """Name of the venue in the core."""
    recv_window_ms: Annotated[int, msgspec.Meta(ge=100, le=60_000)] = 5_000
    """How long the venue may accept a signed request; after it, an order that is not found never arrived."""
    request_timeout_ms: Milliseconds = 5_000
    query_unseen: bool = False
    """Ask the venue for every client order id before placing it, also for ids that were never sent from here."""
    reconcile_every_ms: Milliseconds = 30_000
    """How often open orders are compared with the venue's, besides after every doubt."""
    retry_ms: Milliseconds = 500
    """Between two attempts of a question to the venue."""
    time_every_ms: Milliseconds = 60_000
    """How often the venue's clock is measured."""
    instruments_every_ms: Milliseconds = 300_000
    """How often the trading rules are read again."""
    deposits_every_ms: Milliseconds = 5_000
    """How often the deposit history is read while somebody listens."""
    withdrawals: bool = False
    """Whether money may be withdrawn through this connector; the key needs the venue's permission besides."""
    withdrawals_every_ms: Milliseconds = 5_000
    """How often the withdrawal history is read while somebody listens."""
    withdrawal_doubt_ms: Milliseconds = 60_000
    """How long after a request without an answer it may still show up in the history."""
    asset_aliases: dict[str, str] = {}
    """The venue's asset name to the common one, where they differ."""
    networks: dict[str, str] = {}
    """Chain id (decimal) to the venue's name of the network, beyond the well-known ones."""


def endpoints_of(setting: EnvironmentSetting) -> Endpoints:
    """The addresses; raises `ConfigurationError` when they do not belong together."""
    try:
        return resolve(setting)
    except EnvironmentRefusedError as error:
        raise ConfigurationError("environment", str(error), "use live, testnet, or one base for all") from error


def credentials_of(config: OrdersConfig) -> Credentials:
    """Read the secrets; raises `ConfigurationError` naming the attribute, never the value."""
    if (config.api_secret is None) == (config.private_key is None):
        raise ConfigurationError("api_secret", "give either api_secret or private_key", "HMAC, or RSA and Ed25519")

    def reveal(name: str, reference: SecretRef | None) -> str | None:
        try:
            return reference.reveal() if reference else None
        except ConfigurationError as error:
            raise ConfigurationError(name, error.summary, error.detail) from None

    key = reveal("api_key", config.api_key)
    assert key is not None
    found = Credentials(
        api_key=key,
        secret=reveal("api_secret", config.api_secret),
        private_key=reveal("private_key", config.private_key),
        private_key_pass=reveal("private_key_pass", config.private_key_pass),
    )
    try:
        check_private_key(found)
    except ValueError:
        detail = "give a PEM key: RSA (may have a passphrase) or Ed25519 (without one)"
        raise ConfigurationError("private_key", "this is not a usable private key", detail) from None
    return found
