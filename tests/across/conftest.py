"""Development networks in the test's own loop, with a relayer that does what the test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.errors import AnvilNotFoundError
from indexmaker_evm.devnet.network import NetworkSettings, run_network
from indexmaker_evm.devnet.relayer import BridgeDeposit, Treatment

Networks = Callable[..., AbstractAsyncContextManager[DevnetClient]]


@asynccontextmanager
async def _network(run_dir: Path, treatment: Treatment, block_seconds: int) -> AsyncIterator[DevnetClient]:
    def plan(deposit: BridgeDeposit) -> Treatment:
        del deposit
        return treatment

    stop = asyncio.Event()
    manifest: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    settings = NetworkSettings(run_dir=run_dir, block_seconds=block_seconds)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_network(settings, ready=manifest.set_result, stop=stop, plan=plan))
        try:
            async with DevnetClient.from_file(await manifest) as client:
                yield client
        finally:
            stop.set()


@pytest.fixture
def networks(tmp_path: Path) -> Networks:
    try:
        find_anvil()
    except AnvilNotFoundError as error:
        pytest.skip(str(error))

    def start(
        treatment: Treatment | None = None, *, block_seconds: int = 0
    ) -> AbstractAsyncContextManager[DevnetClient]:
        return _network(tmp_path / "net", treatment or Treatment(), block_seconds)

    return start
