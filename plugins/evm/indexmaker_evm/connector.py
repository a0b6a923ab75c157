"""The plugin: takes its configuration, runs its chains, and says how they do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc.aio

from indexmaker.api.chain.v1 import chain_pb2_grpc
from indexmaker.connectors.connector import Capability, Connector, Context, Probe, State, Upstream
from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.secrets import SecretRef
from indexmaker_evm.chain import ServedChain, Stores
from indexmaker_evm.config import EvmConfig, SignerConfig, head_url, node_urls
from indexmaker_evm.servicer import ChainServicer
from indexmaker_evm.signer import LocalSigner, from_key, from_keystore
from indexmaker_evm.transactions.model import TxState

__all__ = ["EvmConnector"]


class EvmConnector(Connector[EvmConfig]):
    """Follows EVM chains, and sends transactions if it has a key."""

    configuration = EvmConfig

    def __init__(self) -> None:
        self._config: EvmConfig | None = None
        self._chains: dict[int, ServedChain] = {}
        self._stores: Stores | None = None
        self._servicer = ChainServicer()

    def capabilities(self) -> Sequence[Capability]:
        """What the chain service can do."""
        return (
            Capability("chain.events", note="gates' requests, ERC-20 transfers; finality and retraction"),
            Capability("chain.submit", note="commit, settle, transfer; only with a signer"),
            Capability("chain.query"),
            Capability("chain.redeem", supported=False, note="the sell side is not served yet"),
        )

    async def configure(self, config: EvmConfig, *, context: Context) -> None:
        """Take the first configuration; a different one later needs a new process, as journals and keys do."""
        if self._config is not None:
            if config != self._config:
                raise ConfigurationError("", "chains and keys cannot change while running", "restart the plugin")
            return
        ids = [chain.chain_id for chain in config.chains]
        if len(set(ids)) < len(ids):
            raise ConfigurationError("chains", "a chain id appears twice", "give all URLs of a chain in one entry")
        places = [f"chains.{index}" for index in range(len(config.chains))]
        urls = [node_urls(chain, place=place) for chain, place in zip(config.chains, places, strict=True)]
        heads = [head_url(chain, place=place) for chain, place in zip(config.chains, places, strict=True)]
        signer = await asyncio.to_thread(_signer, config.signer)
        stores = Stores(context.data_dir)
        try:
            _check_open_transactions(stores, ids, signer)
        except ConfigurationError:
            stores.close()
            raise
        self._stores = stores
        self._chains = {
            chain.chain_id: ServedChain(chain, urls=rpc, heads=ws, stores=stores, signer=signer, clock=context.clock)
            for chain, rpc, ws in zip(config.chains, urls, heads, strict=True)
        }
        self._servicer.open(self._chains, journal=stores.transactions, instance_id=context.instance_id)
        self._config = config

    async def run(self) -> None:
        """Run all chains until cancelled."""
        assert self._stores is not None, "run follows an accepted configuration"
        try:
            async with asyncio.TaskGroup() as tasks:
                for chain in self._chains.values():
                    tasks.create_task(chain.run())
        finally:
            self._stores.close()

    def register(self, server: grpc.aio.Server) -> None:
        """Add the chain service."""
        chain_pb2_grpc.add_ChainServiceServicer_to_server(self._servicer, server)

    def probe(self) -> Probe:
        """FAILED when a chain cannot be followed any more, DEGRADED when one cannot be reached."""
        upstreams = tuple(
            Upstream(name=f"{chain.config.name} {node.name}", connected=node.connected, heard_at=node.heard_at)
            for chain in self._chains.values()
            for node in chain.rpc.status()
        )
        state, reason = self._judge()
        return Probe(state=state, reason=reason, upstreams=upstreams)

    async def drain(self, *, deadline: int) -> AsyncIterator[int]:
        """Send nothing new; what is journaled but not yet sent is what is left."""
        self._servicer.draining = True
        remaining = -1
        while self._stores is not None and remaining != 0:
            seen = self._stores.transactions.changed.count
            unsent = sum(
                transaction.state is TxState.JOURNALED
                for chain_id in self._chains
                for transaction in self._stores.transactions.open(chain_id)
            )
            if unsent != remaining:
                remaining = unsent
                yield remaining
            elif remaining:
                await self._stores.transactions.changed.after(seen)

    def _judge(self) -> tuple[State, str]:
        chains = list(self._chains.values())
        for chain in chains:
            if chain.tracker.failure is not None:
                return State.FAILED, chain.tracker.failure.message
        unknown = [chain.config.name for chain in chains if not chain.tracker.started]
        if unknown or not chains:
            return State.STARTING, f"no head yet of {', '.join(unknown) or 'any chain'}"
        silent = [chain.config.name for chain in chains if not chain.reachable]
        if silent:
            return State.DEGRADED, f"no node answers of {', '.join(silent)}"
        return State.READY, ""


def _signer(config: SignerConfig | None) -> LocalSigner | None:
    """Load the key; opening a keystore computes for about a second."""
    match config:
        case None:
            return None
        case SignerConfig(private_key=SecretRef() as key, keystore=None, passphrase=None):
            return from_key(key.reveal())
        case SignerConfig(private_key=None, keystore=str() as path, passphrase=SecretRef() as passphrase):
            try:
                document = Path(path).read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                raise ConfigurationError("signer.keystore", f"{path} cannot be read", "check the path") from None
            return from_keystore(document, passphrase=passphrase.reveal())
    raise ConfigurationError(
        "signer",
        "names no key, or two",
        "give private_key alone, or keystore and passphrase; omit signer to watch only",
    )


def _check_open_transactions(stores: Stores, chain_ids: list[int], signer: LocalSigner | None) -> None:
    """A key must not change, or vanish, while transactions of it are on their way."""
    for chain_id in chain_ids:
        for transaction in stores.transactions.open(chain_id):
            if signer is None or transaction.sender != signer.address:
                raise ConfigurationError(
                    "signer",
                    f"the journal holds open transactions of {transaction.sender} on chain {chain_id}",
                    "configure that key until they are final",
                )
