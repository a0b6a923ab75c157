"""Puts everything on two fresh chains: dollars, bridge, routes, factory, gates, roles and money."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract import AsyncContract

from indexmaker_evm.contracts import artifact, role
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
NOBODY = "0x" + "0" * 40

ROUTE_ID = 1
ROUTE_MAX_FEE_BPS = 100
GATE_MAX_FEE_BPS = 500
SETTLE_WINDOW = HOUR
KEEPER_FLOAT = 1_000_000 * USDC
USER_DOLLARS = 1_000_000 * USDC
VENUE_FLOAT = 10_000_000 * USDC
VENUE_GAS = 1_000 * 10**18
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
    route = await _deploy_route(
        chain,
        accounts,
        token=usdc.address,
        pool=pool.address,
        output_token=addresses.BASE_USDC,
        destination_chain_id=addresses.BASE,
        recipient=accounts.router.address,
    )
    factory = await _deploy_factory(chain, accounts, route=route)
    gates: dict[str, GateContracts] = {}
    for index in indices:
        gate = await _create_index(chain, accounts, factory, index)
        await chain.send(usdc.functions.approve(gate.gate, MAX_ALLOWANCE), sender=accounts.keeper.address)
        gates[index.symbol] = gate
    await chain.send(usdc.functions.mint(accounts.keeper.address, KEEPER_FLOAT), sender=admin)
    for user in accounts.users:
        await chain.send(usdc.functions.mint(user.address, USER_DOLLARS), sender=admin)
    await _stock_relayer(chain, accounts, usdc, pool)
    return OriginContracts(
        usdc=usdc.address,
        spoke_pool=pool.address,
        across_route=route.address,
        route_id=ROUTE_ID,
        index_factory=factory.address,
        gates=gates,
    )


async def _deploy_destination(chain: Chain, accounts: Accounts) -> DestinationContracts:
    usdc = await chain.plant("TestUSDC", accounts.deployer.address, at=addresses.BASE_USDC)
    pool = await chain.plant("MiniSpokePool", accounts.relayer.address, at=addresses.BASE_SPOKE_POOL)
    route = await _deploy_route(
        chain,
        accounts,
        token=usdc.address,
        pool=pool.address,
        output_token=addresses.ARBITRUM_USDC,
        destination_chain_id=addresses.ARBITRUM,
        recipient=accounts.keeper.address,
    )
    await _stock_relayer(chain, accounts, usdc, pool)
    venue = accounts.venue.address
    await chain.send(usdc.functions.mint(venue, VENUE_FLOAT), sender=accounts.deployer.address)
    await chain.control("anvil_setBalance", venue, hex(VENUE_GAS))
    return DestinationContracts(usdc=usdc.address, spoke_pool=pool.address, return_route=route.address)


async def _deploy_route(
    chain: Chain,
    accounts: Accounts,
    *,
    token: ChecksumAddress,
    pool: ChecksumAddress,
    output_token: ChecksumAddress,
    destination_chain_id: int,
    recipient: ChecksumAddress,
) -> AsyncContract:
    config = {
        "token": token,
        "spokePool": pool,
        "destinationChainId": destination_chain_id,
        "recipient": recipient,
        "outputToken": output_token,
        "maxFeeBps": ROUTE_MAX_FEE_BPS,
        "router": accounts.router.address,
        "owner": accounts.deployer.address,
        "gateDelay": 0,
    }
    return await chain.deploy("AcrossRoute", config, sender=accounts.deployer.address)


async def _deploy_factory(chain: Chain, accounts: Accounts, *, route: AsyncContract) -> AsyncContract:
    """The keeper may deploy indices and publish their weights, as the chain plugin holds its key alone."""
    admin, keeper = accounts.deployer.address, accounts.keeper.address
    code_hash = keccak(HexBytes(artifact("IndexGate").bytecode))
    factory = await chain.deploy("IndexFactory", admin, 0, code_hash, sender=admin)
    template = (
        addresses.ARBITRUM_USDC,
        "",  # name and symbol are the index's
        "",
        admin,
        0,  # no delays of administration, routes and weights
        0,
        0,
        SETTLE_WINDOW,
        GATE_MAX_FEE_BPS,
        HOUR,
        100_000_000 * USDC,
        1_000_000_000 * INDEX_TOKEN,
        keeper,
        accounts.issuer.address,
        keeper,
        admin,
        route.address,
    )
    await chain.send(factory.functions.setTemplate(template, route.address), sender=admin)
    await chain.send(factory.functions.grantRole(role("CREATOR"), keeper), sender=admin)
    await chain.send(route.functions.setRegistrar(factory.address), sender=admin)
    return factory


async def _create_index(
    chain: Chain, accounts: Accounts, factory: AsyncContract, index: IndexToDeploy
) -> GateContracts:
    admin = accounts.deployer.address
    code = HexBytes(artifact("IndexGate").bytecode)
    create = factory.functions.createIndex(index.symbol, index.name, NOBODY, code)
    await chain.send(create, sender=accounts.keeper.address)
    gate = chain.contract("IndexGate", await factory.functions.gateOf(index.symbol).call())
    await chain.send(gate.functions.grantRole(role("CURATOR"), admin), sender=admin)
    return GateContracts(gate=gate.address, token=await gate.functions.token().call())


async def _stock_relayer(chain: Chain, accounts: Accounts, usdc: AsyncContract, pool: AsyncContract) -> None:
    relayer = accounts.relayer.address
    await chain.send(usdc.functions.mint(relayer, RELAYER_INVENTORY), sender=accounts.deployer.address)
    await chain.send(usdc.functions.approve(pool.address, MAX_ALLOWANCE), sender=relayer)
