"""A deposit's way over the running network: request, commitment, bridge, fill."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from devnet.steps import bridge, commit, until
from indexmaker_evm.contracts import RequestState
from indexmaker_evm.devnet import addresses
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.devnet.errors import DevnetError
from indexmaker_evm.devnet.manifest import read_manifest

pytestmark = pytest.mark.integration

USDC = 10**6


async def test_a_deposit_is_committed_bridged_and_filled_on_the_other_chain(client: DevnetClient) -> None:
    user, router = client.manifest.accounts.users[0], client.manifest.accounts.router.address
    before = await client.usdc_balance(router, chain_id=addresses.BASE)
    receipt = await client.deposit(user, symbol="TOP10", assets=1_000 * USDC, min_out=5)
    request = await client.request("TOP10", receipt.request_id)
    assert (request.state, request.amount, request.min_out) == (RequestState.PENDING, 1_000 * USDC, 5)

    await commit(client, "TOP10", receipt.request_id)
    await bridge(client, 1_000 * USDC, output=999 * USDC, nonce=1)

    async def arrived() -> bool:
        return await client.usdc_balance(router, chain_id=addresses.BASE) == before + 999 * USDC

    await until(arrived)
    assert (await client.request("TOP10", receipt.request_id)).state is RequestState.COMMITTED


async def test_a_deposit_receipt_names_the_event_on_the_chain(client: DevnetClient) -> None:
    receipt = await client.deposit(client.manifest.accounts.users[1], symbol="DEFI5", assets=7 * USDC)
    mined = await client.arbitrum.w3.eth.get_transaction_receipt(receipt.transaction_hash)  # type: ignore[arg-type]
    (log,) = [entry for entry in mined["logs"] if entry["logIndex"] == receipt.log_index]
    event = client.gate("DEFI5").events.DepositRequest().process_log(log)
    assert event["args"]["requestId"] == receipt.request_id
    assert event["args"]["assets"] == 7 * USDC


async def test_deposits_of_one_user_at_once_get_requests_of_their_own(client: DevnetClient) -> None:
    user = client.manifest.accounts.users[2]
    receipts = await asyncio.gather(
        *(client.deposit(user, symbol="TOP10", assets=amount * USDC) for amount in (1, 2, 3))
    )
    amounts = {(await client.request("TOP10", receipt.request_id)).amount for receipt in receipts}
    assert amounts == {1 * USDC, 2 * USDC, 3 * USDC}


async def test_the_faucet_adds_dollars_and_ether(client: DevnetClient) -> None:
    address = client.manifest.contracts.base.spoke_pool
    wei = await client.base.w3.eth.get_balance(address)
    usdc = await client.usdc_balance(address, chain_id=addresses.BASE)
    await client.fund(address, usdc=5, wei=7, chain_id=addresses.BASE)
    assert await client.base.w3.eth.get_balance(address) == wei + 7
    assert await client.usdc_balance(address, chain_id=addresses.BASE) == usdc + 5


async def test_blocks_come_without_transactions_so_finality_moves_on(client: DevnetClient) -> None:
    start = (await client.arbitrum.w3.eth.get_block("finalized"))["number"]

    async def advanced() -> bool:
        return (await client.arbitrum.w3.eth.get_block("finalized"))["number"] > start

    await until(advanced)


async def test_contracts_are_at_the_production_addresses(client: DevnetClient) -> None:
    for chain, planted in (
        (client.arbitrum, (addresses.ARBITRUM_USDC, addresses.ARBITRUM_SPOKE_POOL)),
        (client.base, (addresses.BASE_USDC, addresses.BASE_SPOKE_POOL)),
    ):
        for address in planted:
            assert await chain.w3.eth.get_code(address)


def test_keys_are_readable_by_their_owner_only(manifest_path: Path) -> None:
    manifest = read_manifest(manifest_path)
    for account in (manifest.accounts.deployer, manifest.accounts.keeper, *manifest.accounts.users):
        assert stat.S_IMODE(Path(account.private_key_file).stat().st_mode) == 0o600
        assert account.private_key() not in repr(manifest)


async def test_an_unknown_index_is_named_with_the_known_ones(client: DevnetClient) -> None:
    with pytest.raises(DevnetError, match="TOP10, DEFI5"):
        client.gate("NOPE")
