"""Configuration of the plugin."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.secrets import SecretRef

__all__ = ["ChainConfig", "EvmConfig", "SignerConfig", "head_url", "node_urls"]

Positive = Annotated[int, Meta(ge=1)]


class ChainConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One chain."""

    chain_id: Positive
    name: str
    rpc: Annotated[tuple[str, ...], Meta(min_length=1)]
    """URLs in order of preference, each as it is or as a reference `env:NAME` or `file:/path`."""
    ws: str = ""
    """URL, or a reference to one, whose `newHeads` wake the poller; never needed."""
    confirmations: Positive = 1
    poll_interval_ms: Positive = 1_000
    reorg_window: Annotated[int, Meta(ge=2)] = 128
    """Blocks that may be replaced; a deeper rewrite stops the chain."""
    look_back_blocks: Annotated[int, Meta(ge=0)] = 10_000
    """How far below a client's cursor events are looked up again, to tell how final they have become."""
    request_timeout_ms: Positive = 10_000
    max_fee_gwei: Positive = 200
    """Highest fee per gas that is ever offered."""
    resend_after_ms: Positive = 10_000
    bump_after_ms: Positive = 30_000
    """A transaction that waits longer is replaced by one that pays more."""


class SignerConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The key: either `private_key`, hexadecimal, for development, or an encrypted `keystore` with its passphrase."""

    private_key: SecretRef | None = None
    keystore: str | None = None
    """Path of a Web3 Secret Storage file."""
    passphrase: SecretRef | None = None


class EvmConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The plugin. Without a signer it only watches."""

    chains: Annotated[tuple[ChainConfig, ...], Meta(min_length=1)]
    signer: SignerConfig | None = None


def node_urls(chain: ChainConfig, *, place: str) -> list[str]:
    """The chain's `rpc` with references resolved; raises `ConfigurationError` at `place`."""
    return [_url(text, ("http", "https"), place=f"{place}.rpc.{i}") for i, text in enumerate(chain.rpc)]


def head_url(chain: ChainConfig, *, place: str) -> str:
    """The chain's `ws` with a reference resolved, empty when there is none; raises `ConfigurationError`."""
    return _url(chain.ws, ("ws", "wss"), place=f"{place}.ws") if chain.ws else ""


def _url(text: str, schemes: tuple[str, ...], *, place: str) -> str:
    url = SecretRef(text).reveal().strip() if text.startswith(("env:", "file:")) else text
    if urlsplit(url).scheme not in schemes:
        raise ConfigurationError(
            place, f"not a {schemes[0]} or {schemes[1]} URL", "write the URL, env:NAME or file:/path"
        )
    return url
