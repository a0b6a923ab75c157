"""The way out of an index on a real node, through the plugin's own service."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account as EthAccount

from evm.plugin import ARBITRUM, ChainClient, State, config_for, gate_watch, plugin
from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker_evm.contracts import Invoice, Redemption, invoice_message, redemption_message
from indexmaker_evm.devnet.client import DevnetClient

pytestmark = pytest.mark.integration

USDC = 10**6
TOKEN = 10**18
LOTS_ROOT = bytes(range(32))
MINED = (State.STATE_MINED, State.STATE_CONFIRMED, State.STATE_FINAL)


def _applied(name: str) -> Callable[[pb.ChainEvent], bool]:
    return lambda event: event.kind == pb.ChainEvent.KIND_APPLY and event.HasField(name)  # type: ignore[arg-type]


def _gate(devnet: DevnetClient) -> str:
    return devnet.manifest.contracts.arbitrum.gates["TOP"].gate


def _settle(devnet: DevnetClient, request_id: int, *, burned: int, returned: int, paid: int, fee: int) -> Any:
    """A redemption signed by the issuer; tokens and dollars are whole."""
    issuer, gate = devnet.manifest.accounts.issuer, _gate(devnet)
    redemption = Redemption(
        request_id=request_id,
        burned=burned * TOKEN,
        returned=returned * TOKEN,
        paid=paid * USDC,
        fee=fee * USDC,
        lots_root=LOTS_ROOT,
        deadline=int(time.time()) + 3_600,
    )
    message = redemption_message(redemption, chain_id=ARBITRUM, gate=gate)
    signature = EthAccount.sign_message(message, issuer.private_key()).signature
    return pb.SettleRedemption(
        gate=gate,
        request_id=str(request_id),
        burned=str(burned),
        returned=str(returned),
        paid=str(paid),
        fee=str(fee),
        lots_root="0x" + LOTS_ROOT.hex(),
        deadline=redemption.deadline,
        signer=issuer.address.lower(),
        signature="0x" + bytes(signature).hex(),
    )


async def _hold(devnet: DevnetClient, tokens: int) -> None:
    """Give the first user index tokens by a deposit at ten dollars each."""
    user, accounts = devnet.manifest.accounts.users[0], devnet.manifest.accounts
    assets = 10 * tokens * USDC
    receipt = await devnet.deposit(user, symbol="TOP", assets=assets)
    gate = devnet.gate("TOP").functions
    route_id = devnet.manifest.contracts.arbitrum.route_id
    await devnet.arbitrum.send(gate.commit([receipt.request_id], route_id), sender=accounts.keeper.address)
    invoice = Invoice(
        request_id=receipt.request_id,
        spent=assets,
        fee=0,
        back=0,
        out=tokens * TOKEN,
        lots_root=LOTS_ROOT,
        deadline=int(time.time()) + 3_600,
    )
    message = invoice_message(invoice, chain_id=ARBITRUM, gate=_gate(devnet))
    signature = bytes(EthAccount.sign_message(message, accounts.issuer.private_key()).signature)
    settle = gate.settle(invoice.as_tuple(), accounts.issuer.address, signature)
    await devnet.arbitrum.send(settle, sender=accounts.keeper.address)


async def _commit(client: ChainClient, devnet: DevnetClient, request_id: int) -> pb.Transaction:
    command = pb.CommitRedemptions(gate=_gate(devnet), request_ids=[str(request_id)])
    await client.submit("commit", ARBITRUM, commit_redemptions=command)
    return await client.reaches("commit", *MINED, State.STATE_REVERTED)


async def test_a_redemption_is_seen_locked_and_settled(devnet: DevnetClient) -> None:
    await _hold(devnet, 10)
    user = devnet.manifest.accounts.users[0]
    before = await devnet.usdc_balance(user.address)
    config = config_for(devnet, key=devnet.manifest.accounts.keeper)
    async with plugin(config) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        receipt = await devnet.redeem(user, symbol="TOP", shares=4 * TOKEN, min_out=36 * USDC, max_fee=2 * USDC)
        seen = await stream.until(_applied("redemption_requested"))
        assert seen.redemption_requested == pb.RedemptionRequested(
            request_id=str(receipt.request_id),
            controller=user.address.lower(),
            owner=user.address.lower(),
            units="4",
        )
        assert (seen.id.tx_hash, seen.id.log_index) == (receipt.transaction_hash.lower(), receipt.log_index)
        terms = next(event for event in stream.seen if event.HasField("redemption_terms"))
        assert terms.redemption_terms == pb.RedemptionTerms(
            request_id=str(receipt.request_id), min_amount="36", max_fee="2"
        )
        await _commit(client, devnet, receipt.request_id)
        locked = await stream.until(_applied("redemption_committed"))
        assert (locked.redemption_committed.request_id, locked.redemption_committed.units) == ("2", "4")
        assert locked.redemption_committed.settle_by * 10**9 > locked.block_at
        command = _settle(devnet, receipt.request_id, burned=3, returned=1, paid=28, fee=2)
        for _ in range(2):
            await client.submit("settle", ARBITRUM, settle_redemption=command)
        await client.reaches("settle", *MINED)
        settled = (await stream.until(_applied("redemption_settled"))).redemption_settled
        assert (settled.burned, settled.returned, settled.paid, settled.fee) == ("3", "1", "28", "2")
        assert (settled.lots_root, settled.controller) == ("0x" + LOTS_ROOT.hex(), user.address.lower())
    assert await devnet.usdc_balance(user.address) == before + 28 * USDC
    assert await devnet.index_balance(user.address, symbol="TOP") == 7 * TOKEN


async def test_a_plain_redemption_tells_limits_beyond_any_money(devnet: DevnetClient) -> None:
    await _hold(devnet, 1)
    async with plugin(config_for(devnet)) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        await devnet.redeem(devnet.manifest.accounts.users[0], symbol="TOP", shares=TOKEN)
        terms = (await stream.until(_applied("redemption_terms"))).redemption_terms
        assert (terms.min_amount, float(terms.max_fee) >= 10**27) == ("0", True)


async def test_a_cancelled_redemption_is_told_and_cannot_be_locked(devnet: DevnetClient) -> None:
    await _hold(devnet, 2)
    user = devnet.manifest.accounts.users[0]
    config = config_for(devnet, key=devnet.manifest.accounts.keeper)
    async with plugin(config) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        receipt = await devnet.redeem(user, symbol="TOP", shares=2 * TOKEN)
        await devnet.cancel(user, symbol="TOP", request_id=receipt.request_id)
        gone = await stream.until(_applied("redemption_cancelled"))
        assert gone.redemption_cancelled.request_id == str(receipt.request_id)
        refused = await _commit(client, devnet, receipt.request_id)
    assert (refused.state, refused.error) == (State.STATE_REVERTED, "WrongState(requestId=2, state=4)")


async def test_a_reorg_retracts_a_redemption(devnet: DevnetClient) -> None:
    await _hold(devnet, 2)
    user = devnet.manifest.accounts.users[0]
    await devnet.arbitrum.control("anvil_mine", 3)
    async with plugin(config_for(devnet)) as client, client.events([gate_watch(devnet, "TOP")]) as stream:
        await devnet.redeem(user, symbol="TOP", shares=TOKEN)
        seen = await stream.until(_applied("redemption_requested"))
        await devnet.arbitrum.control("anvil_reorg", 1, [])
        await devnet.arbitrum.control("anvil_mine", 1)
        gone = await stream.until(
            lambda event: event.kind == pb.ChainEvent.KIND_RETRACT and event.HasField("redemption_requested")
        )
        assert (gone.id, gone.block_hash) == (seen.id, seen.block_hash)


async def test_a_default_gives_the_tokens_back_and_is_told(devnet: DevnetClient) -> None:
    await _hold(devnet, 2)
    user, keeper = devnet.manifest.accounts.users[0], devnet.manifest.accounts.keeper
    async with plugin(config_for(devnet, key=keeper)) as client:
        receipt = await devnet.redeem(user, symbol="TOP", shares=2 * TOKEN)
        await _commit(client, devnet, receipt.request_id)
        await devnet.arbitrum.control("evm_increaseTime", 3_700)
        await devnet.arbitrum.control("evm_mine")
        mark = devnet.gate("TOP").functions.markDefault(receipt.request_id)
        async with client.events([gate_watch(devnet, "TOP")]) as stream:
            await devnet.arbitrum.send(mark, sender=devnet.manifest.accounts.relayer.address)
            told = (await stream.until(_applied("redemption_defaulted"))).redemption_defaulted
    assert (told.request_id, told.units) == (str(receipt.request_id), "2")
    assert await devnet.index_balance(user.address, symbol="TOP") == 2 * TOKEN
