"""A fresh development network for each test: it may fork, stall and lose blocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.deploy import IndexToDeploy
from indexmaker_evm.devnet.errors import AnvilNotFoundError
from indexmaker_evm.devnet.network import NetworkSettings, run_network


@pytest.fixture
async def devnet(tmp_path: Path) -> AsyncIterator[DevnetClient]:
    try:
        find_anvil()
    except AnvilNotFoundError as error:
        pytest.skip(str(error))
    ready: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    indices = [IndexToDeploy(symbol="TOP", name="Top")]
    settings = NetworkSettings(run_dir=tmp_path / "devnet", block_seconds=0, indices=indices)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(run_network(settings, ready=ready.set_result, stop=stop))
        async with DevnetClient.from_file(await ready) as client:
            yield client
        stop.set()
