"""Whole returns from a venue's withdrawal to the keeper's account, over the plugin's own socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from across.conftest import Networks
from across.killing import Killed, dying_journal, router
from across.steps import (
    SOURCE,
    USDC,
    VENUE,
    at_keeper,
    at_return_route,
    configuration,
    pass_time,
    return_request,
    until,
    withdraw,
)
from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.connectors.clock import SystemClock
from indexmaker.connectors.configuration import decode_configuration
from indexmaker.connectors.testing import serve_connector
from indexmaker.money import parse_atoms
from indexmaker_across import events as ev
from indexmaker_across.config import AcrossConfig
from indexmaker_across.connector import AcrossConnector
from indexmaker_across.errors import RouteMismatchError
from indexmaker_across.router import Router
from indexmaker_across.transfer import Leg, Phase, Terms
from indexmaker_evm.devnet.relayer import Treatment
from indexmaker_evm.signer import from_key

pytestmark = pytest.mark.integration


async def reaches(stub: bridge_pb2_grpc.BridgeServiceStub, *states: int) -> pb.Transfer:
    async with asyncio.timeout(60):
        async for message in stub.StreamTransfers(pb.StreamTransfersRequest()):
            for transfer in message.transfers:
                if transfer.state in states:
                    return transfer
    raise AssertionError("the stream ended")


async def test_a_withdrawal_is_quoted_collected_bridged_and_told_with_what_arrived(networks: Networks) -> None:
    async with networks() as client, serve_connector(AcrossConnector, configuration(client)) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        quote = await stub.QuoteTransfer(
            pb.QuoteTransferRequest(source=VENUE, destination=SOURCE, amount_in="1000", max_fee_bps=50)
        )
        route = client.manifest.contracts.base.return_route
        assert (quote.pickup_network, quote.pickup_chain_id) == ("BASE", 8453)
        assert quote.pickup_address == route.lower()
        before = await at_keeper(client)
        tx_hash = await withdraw(client, 1000)
        await stub.StartTransfer(return_request(min_amount_out=quote.amount_out, source_tx_hash=tx_hash))

        done = await reaches(stub, pb.Transfer.STATE_COMPLETED)

        assert (done.amount_in, done.amount_out) == ("1000", quote.amount_out)
        fees = sum(parse_atoms(fee.amount) for fee in done.fees)
        assert parse_atoms(done.amount_in) - parse_atoms(done.amount_out) == fees
        assert (await at_keeper(client) - before) * 10**12 == parse_atoms(done.amount_out)
        assert await at_return_route(client) == 0
        withdrawal, across = done.hops
        assert (withdrawal.kind, withdrawal.source, withdrawal.source_tx_hash) == ("withdrawal", VENUE, tx_hash)
        assert (across.kind, across.destination) == ("across", SOURCE)
        receipt = await client.arbitrum.w3.eth.get_transaction_receipt(across.destination_tx_hash)  # type: ignore[arg-type]
        assert receipt["status"] == 1


async def test_a_return_waits_for_a_withdrawal_that_is_not_mined_yet(networks: Networks) -> None:
    async with networks() as client, serve_connector(AcrossConnector, configuration(client)) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        await client.base.control("evm_setAutomine", False)
        call = client.usdc(8453).functions.transfer(client.manifest.contracts.base.return_route, 1000 * USDC)
        sent = await call.transact({"from": client.manifest.accounts.relayer.address})
        await stub.StartTransfer(return_request(source_tx_hash=sent.to_0x_hex()))
        moving = await reaches(stub, pb.Transfer.STATE_MOVING)
        assert [hop.amount_out for hop in moving.hops] == [""]
        await client.base.control("evm_setAutomine", True)
        await client.base.control("evm_mine")
        await reaches(stub, pb.Transfer.STATE_COMPLETED)


async def test_a_return_that_nobody_fills_is_refunded_and_sent_again_by_itself(networks: Networks) -> None:
    config = {"limits": {"fill_s": 60}}
    async with (
        networks(Treatment(fills=0)) as client,
        serve_connector(AcrossConnector, configuration(client, **config)) as channel,
    ):
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        tx_hash = await withdraw(client, 1000)
        await stub.StartTransfer(return_request(source_tx_hash=tx_hash))

        async def deposit() -> str:
            """The transaction of the present deposit."""
            told = (await stub.GetTransfer(pb.GetTransferRequest(transfer_id="b-1"))).transfer
            return next((hop.source_tx_hash for hop in told.hops if hop.kind == "across"), "")

        async def gone() -> bool:
            return await at_return_route(client) == 0

        await until(gone)
        await until(deposit)
        first = await deposit()
        await pass_time(client, 120)

        async def another() -> bool:
            return await deposit() not in ("", first)

        await until(another)
        await until(gone)
        assert await at_keeper(client) == 1_000_000 * USDC


async def test_a_return_route_that_pays_somebody_else_is_not_used(networks: Networks, tmp_path: Path) -> None:
    async with networks() as client:
        wrong = configuration(client)
        wrong["returns"] |= {"recipient": client.manifest.accounts.users[0].address}
        config = decode_configuration(AcrossConfig, msgspec.json.encode(wrong))
        router = Router(config, from_key(config.router_key.reveal()), tmp_path, clock=SystemClock())
        with pytest.RaisesGroup(pytest.RaisesExc(RouteMismatchError, match=r"returns\.recipient")):
            async with asyncio.timeout(60):
                await router.run()


STEPS: dict[str, tuple[type[msgspec.Struct], Leg | None]] = {
    "collected": (ev.Collected, None),
    "planned": (ev.DepositPlanned, None),
    "deposit-sent": (ev.TransactionSent, Leg.DEPOSIT),
    "deposit-confirmed": (ev.TransactionConfirmed, Leg.DEPOSIT),
    "filled": (ev.FillSeen, None),
}


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_a_killed_router_goes_on_and_the_keeper_is_paid_once(
    networks: Networks, tmp_path: Path, step: str, moment: str
) -> None:
    async with networks() as client:
        before = await at_keeper(client)
        tx_hash = await withdraw(client, 1000)
        await withdraw(client, 500)  # somebody else's, which must stay
        terms = Terms(
            transfer_id="b-1",
            source=VENUE,
            destination=SOURCE,
            amount=1000 * USDC,
            min_out=990 * USDC,
            recipient=client.manifest.accounts.keeper.address.lower(),
            source_tx=tx_hash,
        )
        kind, leg = STEPS[step]
        dying = router(client, tmp_path, dying_journal(kind, leg=leg, moment=moment))
        await dying.desk.start(terms)
        with pytest.RaisesGroup(Killed):
            async with asyncio.timeout(60):
                await dying.run()

        revived = router(client, tmp_path)
        await revived.desk.start(terms)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(revived.run())

            async def done() -> bool:
                return revived.desk.get("b-1").phase is Phase.COMPLETED

            await until(done)
            transfer = revived.desk.get("b-1")
            running.cancel()
        assert await at_return_route(client) == 500 * USDC
        assert await at_keeper(client) == before + transfer.received
