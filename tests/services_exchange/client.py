"""The exchange as a process, and python-binance with nothing but its addresses changed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from binance import AsyncClient, BinanceSocketManager

KEY, SECRET = "user-key", "user-secret"


@dataclass(frozen=True, kw_only=True)
class Running:
    process: asyncio.subprocess.Process
    endpoints: dict[str, str]

    async def end(self) -> int:
        self.process.terminate()
        return await self.process.wait()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


async def launch(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "indexmaker.cli.app",
        "exchange",
        "serve",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def exchange(*arguments: str, account: str = f"{KEY}:{SECRET}:USDC=100000,BTC=2") -> AsyncIterator[Running]:
    process = await launch("--listen", "127.0.0.1:0", "--account", account, *arguments)
    assert process.stdout is not None
    assert process.stderr is not None
    logs = asyncio.create_task(process.stderr.read())
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    if not line:
        raise AssertionError((await logs).decode())
    ready = json.loads(line)
    assert ready.pop("ready") is True
    try:
        yield Running(process=process, endpoints=ready)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        assert SECRET not in (await logs).decode()


@asynccontextmanager
async def binance(running: Running) -> AsyncIterator[tuple[AsyncClient, BinanceSocketManager]]:
    rest, stream, ws_api = (running.endpoints[name] for name in ("rest", "stream", "ws_api"))

    class Client(AsyncClient):
        API_URL = f"{rest}/api"
        MARGIN_API_URL = f"{rest}/sapi"
        WEBSITE_URL = rest
        WS_API_URL = ws_api

    class Sockets(BinanceSocketManager):
        STREAM_URL = f"{stream}/"

    client = await Client.create(KEY, SECRET)
    try:
        yield client, Sockets(client, max_queue_size=100_000)
    finally:
        await client.close_connection()
