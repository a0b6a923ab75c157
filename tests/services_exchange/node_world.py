"""The exchange, its hot wallet's connector and real nodes, each a process that can be killed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from indexmaker_evm.devnet.binary import find_anvil
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.errors import AnvilNotFoundError
from indexmaker_evm.devnet.network import NetworkSettings, run_network
from services_exchange.client import KEY, SECRET, Running, exchange

BASE = 8453
USDC = 10**6
"""Units of the chain."""


@asynccontextmanager
async def network(folder: Path) -> AsyncIterator[DevnetClient]:
    """The development network; a block per transaction."""
    try:
        find_anvil()
    except AnvilNotFoundError as error:
        pytest.skip(str(error))
    ready: asyncio.Future[Path] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    settings = NetworkSettings(run_dir=folder, block_seconds=0, indices=())
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(run_network(settings, ready=ready.set_result, stop=stop))
        await asyncio.wait([ready, running], return_when=asyncio.FIRST_COMPLETED)
        try:
            async with DevnetClient.from_file(ready.result()) as client:
                yield client
        finally:
            stop.set()


class WalletPlugin:
    """The chain connector with the hot wallet's key; it keeps its data over restarts."""

    def __init__(self, folder: Path, devnet: DevnetClient) -> None:
        self.address = f"unix:{folder}/evm.sock"
        self._data = folder / "evm"
        self._config = folder / "evm.json"
        folder.mkdir(mode=0o700, exist_ok=True)
        chain = {
            "chain_id": BASE,
            "name": "base",
            "rpc": [devnet.manifest.chains[str(BASE)].rpc],
            "poll_interval_ms": 50,
            "reorg_window": 32,
        }
        key = devnet.manifest.accounts.venue.private_key_file
        self._config.write_text(json.dumps({"chains": [chain], "signer": {"private_key": f"file:{key}"}}))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "indexmaker.cli.app", "plugin", "run", "evm", "--standalone"),
            *("--config", str(self._config), "--listen", self.address, "--data-dir", str(self._data)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        try:
            assert await asyncio.wait_for(process.stdout.readline(), 30)
            yield process
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


@asynccontextmanager
async def venue(
    folder: Path, plugin: WalletPlugin, token: str, *, balances: Mapping[str, str]
) -> AsyncIterator[Running]:
    """The exchange; its data stays in the folder."""
    money = ",".join(f"{asset}={amount}" for asset, amount in balances.items())
    arguments = (
        *("--data", str(folder / "exchange"), "--chain", f"{BASE}:{token}:1", "--chain-plugin", plugin.address),
        *("--wallet-plugin", plugin.address, "--withdrawals", f"{BASE}:0.5:5", "--withdraw-key", KEY),
    )
    async with exchange(*arguments, account=f"{KEY}:{SECRET}" + (f":{money}" if money else "")) as running:
        yield running
