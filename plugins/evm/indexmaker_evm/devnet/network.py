"""The whole development network as one supervised unit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import msgspec
import structlog

from indexmaker_evm.devnet import addresses
from indexmaker_evm.devnet.accounts import write_accounts
from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.chain import Chain
from indexmaker_evm.devnet.deploy import DEFAULT_INDICES, IndexToDeploy, deploy
from indexmaker_evm.devnet.errors import StateMismatchError
from indexmaker_evm.devnet.manifest import ChainEndpoint, Contracts, Manifest, write_manifest
from indexmaker_evm.devnet.node import AnvilNode, choose_port
from indexmaker_evm.devnet.relayer import BridgeEnd, FaultPlan, Relayer, fill_at_once

__all__ = ["NetworkSettings", "run_network"]

log = structlog.get_logger(__name__)


class NetworkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to run the network. Port 0 is any free one; block time 0 mines a block per transaction and no others."""

    run_dir: Path
    indices: Sequence[IndexToDeploy] = DEFAULT_INDICES
    arbitrum_port: int = 0
    base_port: int = 0
    block_seconds: int = 1
    state_dir: Path | None = None


class _Saved(msgspec.Struct, frozen=True, kw_only=True):
    """What is deployed on the chains of a state directory."""

    indices: list[IndexToDeploy]
    contracts: Contracts


async def run_network(
    settings: NetworkSettings,
    *,
    ready: Callable[[Path], None],
    stop: asyncio.Event,
    plan: FaultPlan = fill_at_once,
) -> None:
    """Start everything, call `ready` with the manifest's path, and run until `stop` is set or something fails.

    Raises:
        DevnetError: it cannot start, or a node ended; from inside an `ExceptionGroup` once it runs.
    """
    settings.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as stack:
        arbitrum_node, base_node = await _start_nodes(settings, stack)
        arbitrum = await stack.enter_async_context(_connected(arbitrum_node))
        base = await stack.enter_async_context(_connected(base_node))
        accounts = write_accounts(settings.run_dir)
        contracts = _load_saved(settings)
        if contracts is None:
            contracts = await deploy(arbitrum=arbitrum, base=base, accounts=accounts, indices=settings.indices)
            _save(settings, contracts)
        if settings.block_seconds:
            for chain in (arbitrum, base):
                await chain.control("evm_setIntervalMining", settings.block_seconds)
        manifest = Manifest(
            chains={str(node.chain_id): ChainEndpoint(rpc=node.rpc, ws=node.ws) for node in (arbitrum_node, base_node)},
            contracts=contracts,
            accounts=accounts,
        )
        out = BridgeEnd(chain=arbitrum, pool=contracts.arbitrum.spoke_pool, chain_id=addresses.ARBITRUM)
        back = BridgeEnd(chain=base, pool=contracts.base.spoke_pool, chain_id=addresses.BASE)
        relayers = [
            Relayer(origin=origin, destination=destination, account=accounts.relayer.address, plan=plan)
            for origin, destination in ((out, back), (back, out))
        ]
        ready(write_manifest(manifest, run_dir=settings.run_dir))
        async with asyncio.TaskGroup() as group:
            runs = (*(relayer.run() for relayer in relayers), arbitrum_node.watch(), base_node.watch())
            work = [group.create_task(run) for run in runs]
            await stop.wait()
            for task in work:
                task.cancel()


async def _start_nodes(settings: NetworkSettings, stack: AsyncExitStack) -> tuple[AnvilNode, AnvilNode]:
    binary = find_anvil()
    nodes = []
    for chain_id, wanted in ((addresses.ARBITRUM, settings.arbitrum_port), (addresses.BASE, settings.base_port)):
        node = await AnvilNode.start(
            binary,
            chain_id=chain_id,
            port=choose_port(wanted),
            log_file=settings.run_dir / f"anvil-{chain_id}.log",
            state_file=_state_file(settings, chain_id),
        )
        stack.push_async_callback(node.stop)
        nodes.append(node)
    return nodes[0], nodes[1]


@asynccontextmanager
async def _connected(node: AnvilNode) -> AsyncIterator[Chain]:
    chain = Chain(node.rpc)
    try:
        yield chain
    finally:
        await chain.close()


def _state_file(settings: NetworkSettings, chain_id: int) -> Path | None:
    if settings.state_dir is None:
        return None
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings.state_dir / f"chain-{chain_id}.json"


def _load_saved(settings: NetworkSettings) -> Contracts | None:
    """What earlier runs deployed; nothing if a chain was not saved, since then it starts anew."""
    if settings.state_dir is None:
        return None
    chains = [_state_file(settings, chain_id) for chain_id in (addresses.ARBITRUM, addresses.BASE)]
    if not all(path and path.exists() for path in (*chains, settings.state_dir / "deployed.json")):
        return None
    try:
        saved = msgspec.json.decode((settings.state_dir / "deployed.json").read_bytes(), type=_Saved)
    except msgspec.ValidationError as error:
        message = f"{settings.state_dir} holds chains of another version ({error}): use an empty directory"
        raise StateMismatchError(message) from error
    if list(settings.indices) != saved.indices:
        raise StateMismatchError(
            f"{settings.state_dir} holds chains made for the indices "
            f"{', '.join(index.symbol for index in saved.indices)}: ask for the same ones or use an empty directory"
        )
    return saved.contracts


def _save(settings: NetworkSettings, contracts: Contracts) -> None:
    if settings.state_dir is not None:
        saved = _Saved(indices=list(settings.indices), contracts=contracts)
        (settings.state_dir / "deployed.json").write_bytes(msgspec.json.encode(saved))
