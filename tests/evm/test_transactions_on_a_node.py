"""Our own transactions on a real node, through the plugin's own service."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from eth_account import Account as EthAccount

from evm.plugin import ARBITRUM, BASE, State, config_for, plugin, until
from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.connector.v1 import connector_pb2
from indexmaker.connectors.errors import NotFoundError
from indexmaker.connectors.status import error_of
from indexmaker_evm.contracts import Invoice, invoice_message
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.rpc import RpcPool

pytestmark = pytest.mark.integration

USDC = 10**6
MINED = (State.STATE_MINED, State.STATE_CONFIRMED, State.STATE_FINAL)


async def _count(devnet: DevnetClient, chain_id: int = ARBITRUM) -> int:
    keeper = devnet.manifest.accounts.keeper.address
    return await devnet.chain(chain_id).w3.eth.get_transaction_count(keeper)


def _commit(devnet: DevnetClient, request_id: int, *, route: int | None = None) -> dict[str, Any]:
    contracts = devnet.manifest.contracts.arbitrum
    return {
        "commit": pb.CommitRequests(
            gate=contracts.gates["TOP"].gate,
            request_ids=[str(request_id)],
            route_id=str(contracts.route_id if route is None else route),
        )
    }


def _settle(devnet: DevnetClient, request_id: int, *, spent: int, back: int, out: int) -> dict[str, Any]:
    """An invoice signed by the issuer; `spent` and `back` in USDC, `out` in whole tokens."""
    gate = devnet.manifest.contracts.arbitrum.gates["TOP"].gate
    issuer = devnet.manifest.accounts.issuer
    deadline = int(time.time()) + 3_600
    lots_root = bytes(range(32))
    invoice = Invoice(
        request_id=request_id,
        spent=spent * USDC,
        fee=0,
        back=back * USDC,
        out=out * 10**18,
        lots_root=lots_root,
        deadline=deadline,
    )
    message = invoice_message(invoice, chain_id=ARBITRUM, gate=gate)
    signature = EthAccount.sign_message(message, issuer.private_key()).signature
    return {
        "settle": pb.SettleRequest(
            gate=gate,
            request_id=str(request_id),
            spent=str(spent),
            fee="0",
            back=str(back),
            out=str(out),
            lots_root="0x" + lots_root.hex(),
            deadline=deadline,
            signer=issuer.address.lower(),
            signature="0x" + bytes(signature).hex(),
        )
    }


async def _deposit(devnet: DevnetClient, usdc: int) -> int:
    user = devnet.manifest.accounts.users[0]
    return (await devnet.deposit(user, symbol="TOP", assets=usdc * USDC)).request_id


async def test_a_request_is_committed_and_settled_and_both_become_final(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        await client.submit("commit-1", ARBITRUM, **_commit(devnet, request_id))
        committed = await client.reaches("commit-1", *MINED)
        assert float(committed.cost_native) > 0
        await client.submit("settle-1", ARBITRUM, **_settle(devnet, request_id, spent=90, back=10, out=3))
        await client.reaches("settle-1", *MINED)
        assert (await devnet.request("TOP", request_id)).state.name == "SETTLED"
        await devnet.arbitrum.control("anvil_mine", 4)
        final = await client.reaches("settle-1", State.STATE_FINAL)
        assert final.tx_hashes
        assert (await client.reaches("commit-1", State.STATE_FINAL)).nonce + 1 == final.nonce


async def test_the_same_command_id_twice_is_one_transaction(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    before = await _count(devnet)
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        command = _commit(devnet, request_id)
        answers = await asyncio.gather(*(client.submit("once", ARBITRUM, **command) for _ in range(5)))
        await client.reaches("once", *MINED)
        again = await client.submit("once", ARBITRUM, **command)
    assert {tuple(answer.tx_hashes) for answer in (*answers, again)} == {tuple(again.tx_hashes)}
    assert await _count(devnet) == before + 1


async def test_what_would_revert_is_refused_with_its_custom_error_and_takes_no_nonce(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    before = await _count(devnet)
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        refused = await client.submit("bad", ARBITRUM, **_commit(devnet, request_id, route=99))
        assert (refused.state, refused.error) == (State.STATE_REVERTED, "RouteUnknown(routeId=99)")
        assert not refused.tx_hashes
        with pytest.raises(grpc.aio.AioRpcError, match="RouteUnknown"):
            await client.stub.Estimate(
                pb.EstimateRequest(
                    transaction=pb.SubmitRequest(chain_id=ARBITRUM, **_commit(devnet, request_id, route=99))
                )
            )
        good = await client.submit("good", ARBITRUM, **_commit(devnet, request_id))
    assert good.nonce == before


async def test_killed_between_journal_and_broadcast_the_transaction_is_sent_once_after_the_restart(
    devnet: DevnetClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request_id = await _deposit(devnet, 100)
    before = await _count(devnet)
    config = config_for(devnet, key=devnet.manifest.accounts.keeper)

    sending = asyncio.Event()

    async def killed_here(*_: object) -> None:
        sending.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(RpcPool, "broadcast", killed_here)
        async with plugin(config, data_dir=tmp_path / "data") as client:
            request = pb.SubmitRequest(command_id="once", chain_id=ARBITRUM, **_commit(devnet, request_id))
            call = client.stub.Submit(request)
            await sending.wait()
            call.cancel()
    assert await _count(devnet) == before
    async with plugin(config, data_dir=tmp_path / "data") as client:
        await client.reaches("once", *MINED)
        await client.submit("once", ARBITRUM, **_commit(devnet, request_id))
    assert await _count(devnet) == before + 1


async def test_a_stuck_transaction_is_replaced_by_one_that_pays_more(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    before = await _count(devnet)
    config = config_for(devnet, key=devnet.manifest.accounts.keeper, bump_after_ms=300, resend_after_ms=100)
    async with plugin(config) as client:
        await devnet.arbitrum.control("evm_setAutomine", False)
        await client.submit("slow", ARBITRUM, **_commit(devnet, request_id))

        async def raised_twice() -> bool:
            return len((await client.transaction("slow")).tx_hashes) >= 3

        await until(raised_twice)
        await devnet.arbitrum.control("anvil_mine", 1)
        mined = await client.reaches("slow", *MINED)
        receipt = await devnet.arbitrum.w3.eth.get_transaction_receipt(mined.tx_hashes[-1])
    assert receipt["blockNumber"] == mined.block_number
    assert mined.tx_hashes[-1] != mined.tx_hashes[0]
    assert await _count(devnet) == before + 1


async def test_a_reorg_takes_a_transaction_back_and_it_is_mined_again_under_its_hash(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    config = config_for(devnet, key=devnet.manifest.accounts.keeper)
    async with plugin(config) as client:
        await devnet.arbitrum.control("anvil_mine", 3)
        await client.submit("again", ARBITRUM, **_commit(devnet, request_id))
        first = await client.reaches("again", *MINED)
        await devnet.arbitrum.control("anvil_reorg", 1, [])

        async def committed() -> bool:
            return (await devnet.request("TOP", request_id)).state.name == "COMMITTED"

        await until(committed)
        await devnet.arbitrum.control("anvil_mine", 4)
        final = await client.reaches("again", State.STATE_FINAL)
    assert final.tx_hashes == first.tx_hashes


async def test_one_key_has_a_nonce_sequence_on_each_chain(devnet: DevnetClient) -> None:
    keeper, user = devnet.manifest.accounts.keeper, devnet.manifest.accounts.users[0]
    await devnet.fund(keeper.address, usdc=10 * USDC, chain_id=BASE)
    usdc = {ARBITRUM: devnet.manifest.contracts.arbitrum.usdc, BASE: devnet.manifest.contracts.base.usdc}
    counts = {chain_id: await _count(devnet, chain_id) for chain_id in usdc}
    async with plugin(config_for(devnet, key=keeper)) as client:
        for index in range(3):
            for chain_id, token in usdc.items():
                transfer = pb.TransferTokens(token=token, recipient=user.address, amount="1.5")
                await client.submit(f"{chain_id}-{index}", chain_id, transfer=transfer)
        for index in range(3):
            for chain_id in usdc:
                assert (await client.reaches(f"{chain_id}-{index}", *MINED)).nonce == counts[chain_id] + index


async def test_a_watcher_without_a_key_refuses_to_send(devnet: DevnetClient) -> None:
    async with plugin(config_for(devnet)) as client:
        chains = (await client.stub.ListChains(pb.ListChainsRequest())).chains
        assert [chain.sender for chain in chains] == ["", ""]
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.submit("none", ARBITRUM, **_commit(devnet, 1))
        assert refused.value.code() is grpc.StatusCode.FAILED_PRECONDITION


SOMEBODY = "0x" + "2" * 40


@pytest.mark.parametrize(
    ("command", "field"),
    [
        ({}, "command"),
        ({"commit": pb.CommitRequests(gate="0x12", request_ids=["1"], route_id="1")}, "commit.gate"),
        ({"transfer": pb.TransferTokens(token=SOMEBODY, recipient=SOMEBODY, amount="1e3")}, "transfer.amount"),
        ({"transfer": pb.TransferTokens(token=SOMEBODY, recipient=SOMEBODY, amount="1")}, "transfer.token"),
    ],
)
async def test_a_field_that_breaks_its_rule_is_named(devnet: DevnetClient, command: dict[str, Any], field: str) -> None:
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.submit("x", ARBITRUM, **command)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert str(refused.value.details()).startswith(f"{field}: ")


async def test_what_is_not_known_is_not_found(devnet: DevnetClient) -> None:
    async with plugin(config_for(devnet)) as client:
        await _not_found(client.transaction("never"))
        await _not_found(client.stub.Query(pb.QueryRequest(chain_id=7)))


async def _not_found(call: Any) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    assert isinstance(error_of(refused.value), NotFoundError)


async def test_the_estimate_is_close_to_what_is_paid(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        request = pb.SubmitRequest(command_id="c", chain_id=ARBITRUM, **_commit(devnet, request_id))
        estimate = await client.stub.Estimate(pb.EstimateRequest(transaction=request))
        await client.stub.Submit(request)
        paid = await client.reaches("c", *MINED)
    assert estimate.gas > 21_000
    assert float(paid.cost_native) <= float(estimate.cost_native) * 1.2


async def test_a_draining_plugin_answers_for_old_commands_and_refuses_new_ones(devnet: DevnetClient) -> None:
    request_id = await _deposit(devnet, 100)
    async with plugin(config_for(devnet, key=devnet.manifest.accounts.keeper)) as client:
        await client.submit("old", ARBITRUM, **_commit(devnet, request_id))
        progress = [message async for message in client.life.Drain(connector_pb2.DrainRequest(reason="test"))]
        assert progress[-1].drained
        assert (await client.submit("old", ARBITRUM, **_commit(devnet, request_id))).tx_hashes
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await client.submit("new", ARBITRUM, **_commit(devnet, request_id))
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
