"""Puts everything on two fresh chains: dollars, bridge, route, gates, roles and money."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from indexmaker_evm.contracts import role
from indexmaker_evm.devnet import addresses
from indexmaker_evm.devnet.chain import Chain
from indexmaker_evm.devnet.manifest import (
    Accounts,
    Contracts,
    DestinationContracts,
    GateContracts,
    OriginContracts,
)

__all__ = ["DEFAULT_INDICES", "ROUTE_ID", "IndexToDeploy", "deploy"]

USDC = 10**6
INDEX_TOKEN = 10**18
MAX_ALLOWANCE = 2**256 - 1
HOUR = 3_600

ROUTE_ID = 1
ROUTE_MAX_FEE_BPS = 100
GATE_MAX_FEE_BPS = 500
SETTLE_WINDOW = HOUR
KEEPER_FLOAT = 1_000_000 * USDC
USER_DOLLARS = 1_000_000 * USDC
RELAYER_INVENTORY = 1_000_000_000 * USDC


class IndexToDeploy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An index that gets a gate and a token."""

    symbol: str
    name: str


DEFAULT_INDICES = (
    IndexToDeploy(symbol="TOP10", name="Top Ten"),
    IndexToDeploy(symbol="DEFI5", name="DeFi Five"),
)


async def deploy(*, arbitrum: Chain, base: Chain, accounts: Accounts, indices: Sequence[IndexToDeploy]) -> Contracts:
    """Deploy and fund; raises `TransactionFailedError` at the first transaction that reverts."""
    async with asyncio.TaskGroup() as group:
        origin = group.create_task(_deploy_origin(arbitrum, accounts, indices))
        destination = group.create_task(_deploy_destination(base, accounts))
    return Contracts(arbitrum=origin.result(), base=destination.result())


async def _deploy_origin(chain: Chain, accounts: Accounts, indices: Sequence[IndexToDeploy]) -> OriginContracts:
    admin = accounts.deployer.address
    usdc = await chain.plant("TestUSDC", admin, at=addresses.ARBITRUM_USDC)
    pool = await chain.plant("MiniSpokePool", accounts.relayer.address, at=addresses.ARBITRUM_SPOKE_POOL)
    route = await chain.deploy(
        "AcrossRoute",
        {
            "token": usdc.address,
            "spokePool": pool.address,
            "destinationChainId": addresses.BASE,
            "recipient": accounts.router.address,
            "outputToken": addresses.BASE_USDC,
            "maxFeeBps": ROUTE_MAX_FEE_BPS,
            "router": accounts.router.address,
            "owner": admin,
            "gateDelay": 0,
        },
        sender=admin,
    )
    gates: dict[str, GateContracts] = {}
    for index in indices:
        gate = await _deploy_gate(chain, accounts, index, route=route.address)
        await chain.send(route.functions.allowGate(gate.gate), sender=admin)
        await chain.send(usdc.functions.approve(gate.gate, MAX_ALLOWANCE), sender=accounts.keeper.address)
        gates[index.symbol] = gate
    await chain.send(usdc.functions.mint(accounts.keeper.address, KEEPER_FLOAT), sender=admin)
    for user in accounts.users:
        await chain.send(usdc.functions.mint(user.address, USER_DOLLARS), sender=admin)
    return OriginContracts(
        usdc=usdc.address,
        spoke_pool=pool.address,
        across_route=route.address,
        route_id=ROUTE_ID,
        gates=gates,
    )


async def _deploy_gate(chain: Chain, accounts: Accounts, index: IndexToDeploy, *, route: str) -> GateContracts:
    admin = accounts.deployer.address
    gate = await chain.deploy(
        "IndexGate",
        {
            "asset": addresses.ARBITRUM_USDC,
            "name": index.name,
            "symbol": index.symbol,
            "admin": admin,
            "adminDelay": 0,
            "routeDelay": 0,
            "weightsDelay": 0,
            "settleWindow": SETTLE_WINDOW,
            "maxFeeBps": GATE_MAX_FEE_BPS,
            "capWindow": HOUR,
            "outflowCap": 100_000_000 * USDC,
            "mintCap": 1_000_000_000 * INDEX_TOKEN,
        },
        sender=admin,
    )
    holders = {
        role("KEEPER"): accounts.keeper,
        role("ISSUER"): accounts.issuer,
        role("CURATOR"): accounts.deployer,
        role("GUARDIAN"): accounts.deployer,
    }
    for role_id, holder in holders.items():
        await chain.send(gate.functions.grantRole(role_id, holder.address), sender=admin)
    await chain.send(gate.functions.setRoute(ROUTE_ID, route), sender=admin)
    return GateContracts(gate=gate.address, token=await gate.functions.token().call())


async def _deploy_destination(chain: Chain, accounts: Accounts) -> DestinationContracts:
    usdc = await chain.plant("TestUSDC", accounts.deployer.address, at=addresses.BASE_USDC)
    pool = await chain.plant("MiniSpokePool", accounts.relayer.address, at=addresses.BASE_SPOKE_POOL)
    relayer = accounts.relayer.address
    await chain.send(usdc.functions.mint(relayer, RELAYER_INVENTORY), sender=accounts.deployer.address)
    await chain.send(usdc.functions.approve(pool.address, MAX_ALLOWANCE), sender=relayer)
    return DestinationContracts(usdc=usdc.address, spoke_pool=pool.address)
