"""What the tests of the router do to a network, and how they ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from eth_utils.address import to_checksum_address

from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker_evm.devnet import addresses
from indexmaker_evm.devnet.client import DevnetClient

USDC = 10**6
VENUE = "VENUE:binance:USDC"
SOURCE = "EVM:ARBITRUM:USDC"
VENUE_ADDRESS = "0x00000000000000000000000000000000000a11ce"


def configuration(client: DevnetClient, **changes: Any) -> dict[str, Any]:
    manifest = client.manifest
    origin, destination = manifest.contracts.arbitrum, manifest.contracts.base
    return {
        "origin": {
            "chain_id": addresses.ARBITRUM,
            "rpc": [manifest.chains["42161"].rpc],
            "usdc": origin.usdc,
            "spoke_pool": origin.spoke_pool,
            "route": origin.across_route,
        },
        "destination": {
            "chain_id": addresses.BASE,
            "rpc": [manifest.chains["8453"].rpc],
            "usdc": destination.usdc,
            "spoke_pool": destination.spoke_pool,
        },
        "returns": {"route": destination.return_route, "recipient": manifest.accounts.keeper.address},
        "router_key": f"file:{manifest.accounts.router.private_key_file}",
        "poll_interval_ms": 50,
    } | changes


def start_request(transfer_id: str = "t-1", **changes: Any) -> pb.StartTransferRequest:
    fields: dict[str, Any] = {
        "transfer_id": transfer_id,
        "source": SOURCE,
        "destination": VENUE,
        "amount_in": "1000",
        "min_amount_out": "990",
        "destination_address": VENUE_ADDRESS,
        "destination_chain_id": addresses.BASE,
    }
    return pb.StartTransferRequest(**(fields | changes))


def return_request(transfer_id: str = "b-1", **changes: Any) -> pb.StartTransferRequest:
    fields: dict[str, Any] = {
        "transfer_id": transfer_id,
        "source": VENUE,
        "destination": SOURCE,
        "amount_in": "1000",
        "min_amount_out": "990",
    }
    return pb.StartTransferRequest(**(fields | changes))


async def withdraw(client: DevnetClient, dollars: int) -> str:
    """Pay to the return route as a venue does; return the transaction's hash."""
    relayer = client.manifest.accounts.relayer.address  # it has the dollars
    route = client.manifest.contracts.base.return_route
    receipt = await client.base.send(
        client.usdc(addresses.BASE).functions.transfer(route, dollars * USDC), sender=relayer
    )
    return str(receipt["transactionHash"].to_0x_hex())


async def at_return_route(client: DevnetClient) -> int:
    return await client.usdc_balance(client.manifest.contracts.base.return_route, chain_id=addresses.BASE)


async def at_keeper(client: DevnetClient) -> int:
    return await client.usdc_balance(client.manifest.accounts.keeper.address)


async def commit_collateral(client: DevnetClient, dollars: int) -> None:
    """Put collateral where a gate's commit puts it."""
    await client.fund(client.manifest.contracts.arbitrum.across_route, usdc=dollars * USDC)


async def at_route(client: DevnetClient) -> int:
    return await client.usdc_balance(client.manifest.contracts.arbitrum.across_route)


async def at_wallet(client: DevnetClient) -> int:
    return await client.usdc_balance(client.manifest.accounts.router.address, chain_id=addresses.BASE)


async def at_venue(client: DevnetClient) -> int:
    return await client.usdc_balance(to_checksum_address(VENUE_ADDRESS), chain_id=addresses.BASE)


async def pass_time(client: DevnetClient, seconds: int) -> None:
    for chain in (client.arbitrum, client.base):
        await chain.control("evm_increaseTime", seconds)
        await chain.control("evm_mine")


async def until(condition: Callable[[], Awaitable[Any]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
