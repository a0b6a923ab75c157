"""Moves of the issuer's side, and waiting for their effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from indexmaker_evm.devnet.client import DevnetClient


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def commit(client: DevnetClient, symbol: str, request_id: int) -> None:
    call = client.gate(symbol).functions.commit([request_id], client.manifest.contracts.arbitrum.route_id)
    await client.arbitrum.send(call, sender=client.manifest.accounts.keeper.address)


async def bridge(client: DevnetClient, amount: int, *, output: int, nonce: int) -> None:
    route = client.arbitrum.contract("AcrossRoute", client.manifest.contracts.arbitrum.across_route)
    now = (await client.arbitrum.w3.eth.get_block("latest"))["timestamp"]
    call = route.functions.bridge(amount, output, now, now + 3_600, nonce)
    await client.arbitrum.send(call, sender=client.manifest.accounts.router.address)
