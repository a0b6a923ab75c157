"""Requests that are given up take nothing from those that follow."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from indexmaker_evm.devnet.client import DevnetClient

pytestmark = pytest.mark.integration


async def test_cancelled_requests_leave_the_node_reachable(client: DevnetClient, manifest_path: Path) -> None:
    async with DevnetClient.from_file(manifest_path) as other:
        for moment in range(60):
            asked = [asyncio.ensure_future(one.arbitrum.w3.eth.block_number) for one in (client, other) * 8]
            for _ in range(moment % 6):
                await asyncio.sleep(0)
            for request in asked:
                request.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
    async with asyncio.timeout(30):
        assert await client.arbitrum.w3.eth.block_number >= 0
