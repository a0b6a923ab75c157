"""New indices and their weights on a real node, through the plugin's own service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc.aio
import pytest

from evm.plugin import ARBITRUM, ChainClient, State, config_for, gate_watch, plugin
from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.services.solver.edges.allowances import GateAllowances
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.errors import DevnetError

pytestmark = pytest.mark.integration

USDC = 10**6
MINED = (State.STATE_MINED, State.STATE_CONFIRMED, State.STATE_FINAL)


def _weights(*given: tuple[str, str]) -> Sequence[pb.AssetWeight]:
    return [pb.AssetWeight(asset=asset, weight=weight) for asset, weight in given]


async def _granted(client: ChainClient, gate: str) -> bool:
    allowances = GateAllowances(client.stub)

    async def follow() -> None:
        async for message in client.stub.StreamTransactions(pb.StreamTransactionsRequest()):
            for transaction in message.transactions:
                allowances.tell(transaction)

    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        following = group.create_task(follow())
        granted = await allowances.grant(ARBITRUM, gate)
        following.cancel()
    return granted


async def test_an_index_is_deployed_told_and_ready_for_deposits_and_settlements(devnet: DevnetClient) -> None:
    contracts, accounts = devnet.manifest.contracts.arbitrum, devnet.manifest.accounts
    watch = pb.Watch(chain_id=ARBITRUM, factory=pb.FactoryWatch(factory=contracts.index_factory))
    with pytest.raises(DevnetError, match="NEW"):
        await devnet.find_index("NEW")
    async with plugin(config_for(devnet, key=accounts.keeper)) as client, client.events([watch]) as stream:
        command = pb.DeployIndex(factory=contracts.index_factory, symbol="NEW", name="The New One")
        for _ in range(2):
            await client.submit("deploy", ARBITRUM, deploy_index=command)
        await client.reaches("deploy", *MINED)
        told = (await stream.until(lambda event: event.index_deployed.symbol == "NEW")).index_deployed
        assert stream.seen[0].index_deployed.symbol == "TOP"
        index = await devnet.find_index("NEW")
        assert (told.symbol, told.gate, told.token) == ("NEW", index.gate.lower(), index.token.lower())
        assert await _granted(client, told.gate)
        spending = pb.TokenAllowanceView(token=contracts.usdc, owner=accounts.keeper.address, spender=told.gate)
        unnamed = pb.TokenAllowanceView(owner=accounts.keeper.address, spender=told.gate)
        views = [
            pb.View(token_allowance=spending),
            pb.View(token_allowance=unnamed),
            pb.View(gate_solvency=pb.GateSolvencyView(gate=told.gate)),
        ]
        answer = await client.stub.Query(pb.QueryRequest(chain_id=ARBITRUM, views=views))
        assert float(answer.values[0]) > 10**27
        assert answer.values[1:] == [answer.values[0], "true"]
        again = await client.submit("deploy-again", ARBITRUM, deploy_index=command)
        assert (again.state, again.error.split("(")[0]) == (State.STATE_REVERTED, "SymbolTaken")
    receipt = await devnet.deposit(accounts.users[0], symbol="NEW", assets=5 * USDC)
    assert (await devnet.request("NEW", receipt.request_id)).amount == 5 * USDC


async def test_weights_are_published_and_read_back_in_full(devnet: DevnetClient) -> None:
    gate = devnet.manifest.contracts.arbitrum.gates["TOP"].gate
    config = config_for(devnet, key=devnet.manifest.accounts.keeper)
    async with plugin(config) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        effective_at = (await devnet.arbitrum.w3.eth.get_block("latest"))["timestamp"] + 3_600
        command = pb.SetWeights(
            gate=gate,
            version="3",
            weights=_weights(("ETH", "0.333333333333333333"), ("BTC", "0.6"), ("1INCH", "0.066666666666666667")),
            effective_at=effective_at,
        )
        await client.submit("weights", ARBITRUM, set_weights=command)
        await client.reaches("weights", *MINED)
        told = (await stream.until(lambda event: event.HasField("weights_set"))).weights_set
        assert told == pb.WeightsSet(
            version="3",
            effective_at=effective_at,
            weights=_weights(("1INCH", "0.066666666666666667"), ("BTC", "0.6"), ("ETH", "0.333333333333333333")),
        )
        view = pb.View(gate_weights=pb.GateWeightsView(gate=gate))
        assert (await client.stub.Query(pb.QueryRequest(chain_id=ARBITRUM, views=[view]))).values == ["3"]
        stale = await client.submit("stale", ARBITRUM, set_weights=command)
        assert (stale.state, stale.error) == (State.STATE_REVERTED, "WeightsVersionNotNewer(version=3, current=3)")


@pytest.mark.parametrize(
    ("weights", "field"),
    [
        (_weights(("BTC", "0.5"), ("BTC", "0.5")), "set_weights.weights"),
        (_weights(("", "1")), "set_weights.weights.asset"),
        (_weights(("X" * 33, "1")), "set_weights.weights.asset"),
        (_weights(("BTC", "-1")), "set_weights.weights.weight"),
    ],
)
async def test_weights_that_cannot_be_written_are_refused_by_field(
    devnet: DevnetClient, weights: Sequence[pb.AssetWeight], field: str
) -> None:
    gate = devnet.manifest.contracts.arbitrum.gates["TOP"].gate
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.submit("x", ARBITRUM, set_weights=pb.SetWeights(gate=gate, version="1", weights=weights))
    assert str(refused.value.details()).startswith(f"{field}: ")
