"""Events of real contracts on a real node, through the plugin's own service."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import grpc.aio
import pytest

from evm.plugin import ARBITRUM, BASE, config_for, gate_watch, plugin, transfer_watch
from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker_evm.devnet.client import DevnetClient

pytestmark = pytest.mark.integration

USDC = 10**6
Kind = pb.ChainEvent.Kind


def deposit_of(kind: Kind.ValueType) -> Callable[[pb.ChainEvent], bool]:
    """Matches the deposit itself; its terms are an event of their own."""
    return lambda event: event.kind == kind and event.HasField("deposit_requested")


async def test_the_limits_of_a_request_follow_it(devnet: DevnetClient) -> None:
    user = devnet.manifest.accounts.users[0]
    async with plugin(config_for(devnet)) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        receipt = await devnet.deposit(user, symbol="TOP", assets=1 * USDC, min_out=2**96 - 1, max_fee=0)
        terms = await stream.until(lambda event: event.HasField("request_terms"))
        assert terms.request_terms == pb.RequestTerms(
            request_id=str(receipt.request_id), min_units="79228162514.264337593543950335", max_fee="0"
        )
        assert terms.id.log_index == receipt.log_index + 1


async def test_a_deposit_is_seen_then_confirmed_then_final(devnet: DevnetClient) -> None:
    user = devnet.manifest.accounts.users[0]
    async with plugin(config_for(devnet)) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        receipt = await devnet.deposit(user, symbol="TOP", assets=1_250 * USDC)
        seen = await stream.until(deposit_of(Kind.KIND_APPLY))
        assert seen.finality == pb.FINALITY_SEEN
        assert (seen.id.chain_id, seen.id.tx_hash) == (ARBITRUM, receipt.transaction_hash.lower())
        assert seen.id.log_index == receipt.log_index
        assert seen.block_at > 0
        assert seen.deposit_requested == pb.DepositRequested(
            request_id=str(receipt.request_id),
            controller=user.address.lower(),
            owner=user.address.lower(),
            amount="1250",
        )
        await devnet.arbitrum.control("anvil_mine", 1)
        promoted = await stream.until(deposit_of(Kind.KIND_PROMOTE))
        assert promoted.finality >= pb.FINALITY_CONFIRMED
        await devnet.arbitrum.control("anvil_mine", 3)
        final = await stream.until(lambda event: event.finality == pb.FINALITY_FINAL)
        assert final.id == seen.id
        assert final.deposit_requested == seen.deposit_requested


async def test_a_reorg_retracts_the_deposit_and_delivers_its_new_block(devnet: DevnetClient) -> None:
    user = devnet.manifest.accounts.users[0]
    async with plugin(config_for(devnet)) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        await devnet.deposit(user, symbol="TOP", assets=5 * USDC)
        seen = await stream.until(deposit_of(Kind.KIND_APPLY))
        await devnet.arbitrum.control("anvil_reorg", 2, [])
        await devnet.arbitrum.control("anvil_mine", 1)
        gone = await stream.until(deposit_of(Kind.KIND_RETRACT))
        assert (gone.id, gone.block_hash) == (seen.id, seen.block_hash)
        again = await devnet.deposit(user, symbol="TOP", assets=7 * USDC)
        applied = await stream.until(deposit_of(Kind.KIND_APPLY))
        assert applied.id.tx_hash == again.transaction_hash.lower()


async def test_what_happened_while_nobody_listened_follows_the_cursor(devnet: DevnetClient, tmp_path: Path) -> None:
    user = devnet.manifest.accounts.users[0]
    watch = gate_watch(devnet, "TOP")
    async with plugin(config_for(devnet), data_dir=tmp_path / "a") as client, client.events([watch]) as stream:
        await devnet.deposit(user, symbol="TOP", assets=1 * USDC)
        first = await stream.until(deposit_of(Kind.KIND_APPLY))
        cursor = stream.cursors[ARBITRUM]
    second = await devnet.deposit(user, symbol="TOP", assets=2 * USDC)
    await devnet.arbitrum.control("anvil_mine", 40)
    async with (
        plugin(config_for(devnet), data_dir=tmp_path / "a") as client,
        client.events([watch], [cursor]) as stream,
    ):
        applied = await stream.until(deposit_of(Kind.KIND_APPLY))
        assert applied.id.tx_hash == second.transaction_hash.lower()
        promoted = [event for event in stream.seen if deposit_of(Kind.KIND_PROMOTE)(event)]
        assert [(event.id, event.finality) for event in promoted] == [(first.id, pb.FINALITY_FINAL)]


async def test_a_cursor_on_a_lost_block_is_retracted_after_a_restart(devnet: DevnetClient, tmp_path: Path) -> None:
    user = devnet.manifest.accounts.users[0]
    watch = gate_watch(devnet, "TOP")
    async with plugin(config_for(devnet), data_dir=tmp_path / "a") as client, client.events([watch]) as stream:
        await devnet.deposit(user, symbol="TOP", assets=1 * USDC)
        seen = await stream.until(deposit_of(Kind.KIND_APPLY))
        cursor = stream.cursors[ARBITRUM]
    await devnet.arbitrum.control("anvil_reorg", 2, [])
    await devnet.arbitrum.control("anvil_mine", 2)
    async with (
        plugin(config_for(devnet), data_dir=tmp_path / "a") as client,
        client.events([watch], [cursor]) as stream,
    ):
        gone = await stream.until(deposit_of(Kind.KIND_RETRACT))
        assert (gone.kind, gone.id, gone.block_hash) == (Kind.KIND_RETRACT, seen.id, seen.block_hash)


async def test_two_chains_on_one_stream_and_a_watch_added_live_is_filled_in(devnet: DevnetClient) -> None:
    user, venue = devnet.manifest.accounts.users[:2]
    await devnet.fund(venue.address, usdc=3 * USDC, chain_id=BASE)
    async with plugin(config_for(devnet)) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        await devnet.deposit(user, symbol="TOP", assets=1 * USDC)
        await stream.until(lambda event: event.HasField("deposit_requested"))
        await stream.add(transfer_watch(devnet, venue.address, from_block=1))
        transfer = await stream.until(lambda event: event.HasField("token_transfer"))
        assert transfer.id.chain_id == BASE
        assert (transfer.token_transfer.recipient, transfer.token_transfer.amount) == (venue.address.lower(), "3")
        await devnet.fund(venue.address, usdc=USDC // 2, chain_id=BASE)
        live = await stream.until(lambda event: event.HasField("token_transfer") and event.kind == Kind.KIND_APPLY)
        assert live.token_transfer.amount == "0.5"
        assert set(stream.cursors) == {ARBITRUM, BASE}


async def test_a_foreign_cursor_ends_the_stream_with_advice(devnet: DevnetClient) -> None:
    cursor = pb.Cursor(chain_id=ARBITRUM, block_number=1, block_hash="0x" + "ab" * 32)
    async with plugin(config_for(devnet)) as client:
        async with client.events([gate_watch(devnet, "TOP")], [cursor]) as stream:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await stream.until(lambda event: True)
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert "start the client anew" in str(refused.value.details())


async def test_views_are_read_at_one_block(devnet: DevnetClient) -> None:
    user = devnet.manifest.accounts.users[0]
    contracts = devnet.manifest.contracts.arbitrum
    receipt = await devnet.deposit(user, symbol="TOP", assets=10 * USDC)
    gate = contracts.gates["TOP"].gate
    views = [
        pb.View(token_balance=pb.TokenBalanceView(token=contracts.usdc, holder=gate)),
        pb.View(token_supply=pb.TokenSupplyView(token=contracts.gates["TOP"].token)),
        pb.View(gate_request=pb.GateRequestView(gate=gate, request_id=str(receipt.request_id))),
        pb.View(gate_collateral=pb.GateCollateralView(gate=gate)),
        pb.View(gate_collateral=pb.GateCollateralView(gate=gate, holder=gate)),
    ]
    async with plugin(config_for(devnet)) as client:
        now = await client.stub.Query(pb.QueryRequest(chain_id=ARBITRUM, views=views))
        before = await client.stub.Query(
            pb.QueryRequest(chain_id=ARBITRUM, block_number=receipt.block_number - 1, views=views)
        )
    assert (now.block_number, list(now.values)) == (receipt.block_number, ["10", "0", "PENDING", "10", "10"])
    assert list(before.values) == ["0", "0", "NONE", "0", "0"]


async def test_new_heads_wake_a_poller_that_would_sleep_for_long(devnet: DevnetClient) -> None:
    config = config_for(devnet, poll_interval_ms=600_000)
    for chain in config["chains"]:
        chain["ws"] = devnet.manifest.chains[str(chain["chain_id"])].ws
    user = devnet.manifest.accounts.users[0]
    async with plugin(config) as client, client.events([gate_watch(devnet, "TOP", from_block=1)]) as stream:
        await devnet.deposit(user, symbol="TOP", assets=1 * USDC)
        assert (await stream.until(lambda event: True)).deposit_requested.amount == "1"
