"""Money leaves the exchange over a real chain: seen by unmodified clients, once each, and never more than came in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from binance import AsyncClient
from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.testing.serve import serve_connector
from indexmaker_binance.orders import BinanceOrders
from indexmaker_evm.devnet.client import DevnetClient
from services_exchange.client import KEY, SECRET, binance
from services_exchange.node_world import BASE, USDC, WalletPlugin, network, venue

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

FLOAT = 10_000_000 * USDC


@pytest.fixture
async def devnet(tmp_path: Path) -> AsyncIterator[DevnetClient]:
    async with network(tmp_path / "devnet") as client:
        yield client


def somebody() -> str:
    return str(Account.create().address)


async def until(read: Callable[[], Awaitable[Any]], done: Callable[[Any], bool]) -> Any:
    """Read what only polling tells until it is as wanted."""
    async with asyncio.timeout(60):
        while not done(found := await read()):  # noqa: ASYNC110 - the other side is polled
            await asyncio.sleep(0.1)
    return found


async def test_python_binance_withdraws_what_was_deposited_and_the_node_knows_the_transaction(
    devnet: DevnetClient, tmp_path: Path
) -> None:
    plugin, token = WalletPlugin(tmp_path / "wallet", devnet), devnet.manifest.contracts.base.usdc
    hot, person = devnet.manifest.accounts.venue.address, somebody()
    async with (
        plugin.running(),
        venue(tmp_path, plugin, token, balances={}) as running,
        binance(running) as (client, _),
    ):
        place = await client.get_deposit_address(coin="USDC", network="BASE")
        deposit_address = devnet.base.w3.to_checksum_address(place["address"])
        await devnet.fund(deposit_address, usdc=250 * USDC, chain_id=BASE)
        await until(lambda: client.get_asset_balance("USDC"), lambda balance: balance["free"] == "250.00000000")
        request = {"coin": "USDC", "network": "BASE", "address": person, "amount": "100"}
        first = await client.withdraw(**request, withdrawOrderId="w-1")
        again = await client.withdraw(**request, withdrawOrderId="w-1")
        (shown,) = await until(client.get_withdraw_history, lambda found: found and found[0]["status"] == 6)
        coins = {one["coin"]: one for one in await client.get_all_coins_info()}
        assert await running.end() == 0
    assert first == again
    assert (shown["id"], shown["amount"], shown["transactionFee"]) == (first["id"], "99.5", "0.5")
    receipt = await devnet.base.w3.eth.get_transaction_receipt(shown["txId"])
    assert (receipt["status"], receipt["from"]) == (1, hot)
    assert await devnet.usdc_balance(person, chain_id=BASE) == 99_500_000
    owed = Decimal(coins["USDC"]["free"]) + Decimal(coins["USDC"]["withdrawing"])
    holdings = [await devnet.usdc_balance(one, chain_id=BASE) for one in (deposit_address, hot)]
    assert owed == 150
    assert sum(holdings) - FLOAT == int(owed * USDC) + 500_000  # the fee is the house's, and lies there too


async def test_processes_killed_in_the_midst_of_withdrawals_pay_each_of_them_once(
    devnet: DevnetClient, tmp_path: Path
) -> None:
    plugin, token = WalletPlugin(tmp_path / "wallet", devnet), devnet.manifest.contracts.base.usdc
    people = [somebody() for _ in range(12)]
    accepted: set[str] = set()

    async def ask(client: AsyncClient, number: int) -> None:
        await client.withdraw(
            coin="USDC", network="BASE", address=people[number], amount="10", withdrawOrderId=f"w-{number}"
        )
        accepted.add(f"w-{number}")

    async with (
        plugin.running() as connector,
        venue(tmp_path, plugin, token, balances={"USDC": "1000"}) as running,
        binance(running) as (client, _),
    ):
        for number in range(6):
            await ask(client, number)
        connector.kill()  # some are sent, some are not
        asking = [asyncio.create_task(ask(client, number)) for number in range(6, 12)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
        await running.kill()
        await asyncio.gather(*asking, return_exceptions=True)
    async with (
        plugin.running(),
        venue(tmp_path, plugin, token, balances={"USDC": "1000"}) as running,
        binance(running) as (client, _),
    ):
        for number in range(12):
            await ask(client, number)  # who had no answer asks again
        history = await until(client.get_withdraw_history, lambda found: all(one["status"] == 6 for one in found))
        free = (await client.get_asset_balance("USDC"))["free"]
        assert await running.end() == 0
    assert accepted == {one["withdrawOrderId"] for one in history}
    assert len(history) == len({one["txId"] for one in history}) == 12
    assert [await devnet.usdc_balance(one, chain_id=BASE) for one in people] == [9_500_000] * 12
    assert free == "880.00000000"
    assert await devnet.usdc_balance(devnet.manifest.accounts.venue.address, chain_id=BASE) == FLOAT - 12 * 9_500_000


async def test_the_connector_of_the_core_withdraws_over_the_same_chain(
    devnet: DevnetClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENUE_KEY", KEY)
    monkeypatch.setenv("VENUE_SECRET", SECRET)
    plugin, token = WalletPlugin(tmp_path / "wallet", devnet), devnet.manifest.contracts.base.usdc
    person = somebody().lower()
    async with plugin.running(), venue(tmp_path, plugin, token, balances={"USDC": "1000"}) as running:
        config = {
            "environment": {"base": running.endpoints["rest"]},
            "api_key": "env:VENUE_KEY",
            "api_secret": "env:VENUE_SECRET",
            "withdrawals": True,
            "withdrawals_every_ms": 100,
        }
        async with serve_connector(BinanceOrders(), config) as channel:
            stub = rpc.FundingServiceStub(channel)
            quote = await stub.QuoteWithdrawal(pb.QuoteWithdrawalRequest(asset="USDC", chain_id=BASE))
            wanted = pb.WithdrawRequest(
                withdrawal_id="t-1", asset="USDC", network=quote.network, address=person, amount="200"
            )
            taken = (await stub.Withdraw(wanted)).withdrawal
            stream = stub.StreamWithdrawals(pb.StreamWithdrawalsRequest(since_at=taken.requested_at))
            seen: list[pb.VenueWithdrawal] = []
            async with asyncio.timeout(60):
                while not seen or seen[-1].status != pb.VenueWithdrawal.STATUS_COMPLETED:
                    seen += (await stream.read()).withdrawals
            asked = (await stub.QueryWithdrawal(pb.QueryWithdrawalRequest(withdrawal_id="t-1"))).withdrawal
            repeated = (await stub.Withdraw(wanted)).withdrawal
            assert await running.end() == 0
    assert (quote.network, quote.fee, quote.min_amount, quote.enabled) == ("BASE", "0.5", "5", True)
    assert seen[-1] == asked == repeated
    assert (asked.amount.amount, asked.fee, asked.address) == ("200", "0.5", person)
    receipt = await devnet.base.w3.eth.get_transaction_receipt(asked.tx_hash)
    assert receipt["status"] == 1
    paid = await devnet.usdc_balance(devnet.base.w3.to_checksum_address(person), chain_id=BASE)
    assert paid == 199_500_000
