"""What the bridge looks like when its relayer behaves badly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devnet.steps import bridge, commit, until
from indexmaker_evm.devnet import addresses
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.network import NetworkSettings, run_network
from indexmaker_evm.devnet.relayer import BridgeDeposit, Treatment

pytestmark = pytest.mark.integration

USDC = 10**6


@asynccontextmanager
async def network(run_dir: Path, treatment: Treatment) -> AsyncIterator[DevnetClient]:
    def plan(deposit: BridgeDeposit) -> Treatment:
        del deposit
        return treatment

    stop = asyncio.Event()
    manifest: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    settings = NetworkSettings(run_dir=run_dir, block_seconds=0)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_network(settings, ready=manifest.set_result, stop=stop, plan=plan))
        async with DevnetClient.from_file(await manifest) as client:
            yield client
        stop.set()


async def send_over(client: DevnetClient) -> None:
    receipt = await client.deposit(client.manifest.accounts.users[0], symbol="TOP10", assets=100 * USDC)
    await commit(client, "TOP10", receipt.request_id)
    await bridge(client, 100 * USDC, output=99 * USDC, nonce=1)


async def let_the_deadline_pass(client: DevnetClient) -> None:
    for chain in (client.arbitrum, client.base):
        await chain.control("evm_increaseTime", 3_700)
        await chain.control("evm_mine")


async def refunded(client: DevnetClient) -> bool:
    return await client.usdc_balance(client.manifest.contracts.arbitrum.across_route) == 100 * USDC


async def received(client: DevnetClient) -> int:
    return await client.usdc_balance(client.manifest.accounts.router.address, chain_id=addresses.BASE)


@pytest.mark.parametrize("treatment", [Treatment(fills=0), Treatment(late=True)], ids=["dropped", "late"])
async def test_a_deposit_that_is_not_filled_in_time_is_refunded_to_the_route(
    tmp_path: Path, treatment: Treatment
) -> None:
    async with network(tmp_path, treatment) as client:
        await send_over(client)
        assert not await refunded(client)
        await let_the_deadline_pass(client)
        await until(lambda: refunded(client))
        assert await received(client) == 0


async def test_a_double_fill_pays_once(tmp_path: Path) -> None:
    async with network(tmp_path, Treatment(fills=2)) as client:
        await send_over(client)

        async def arrived() -> bool:
            return await received(client) > 0

        await until(arrived)
        await let_the_deadline_pass(client)
        await bridge_nothing_more(client)
        assert await received(client) == 99 * USDC
        assert not await refunded(client)


async def bridge_nothing_more(client: DevnetClient) -> None:
    """Time for a second fill or a wrong refund to happen: a few blocks on both chains."""
    for _ in range(5):
        for chain in (client.arbitrum, client.base):
            await chain.control("evm_mine")
        await asyncio.sleep(0.1)
