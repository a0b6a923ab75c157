"""Whole transfers between two chains, over the plugin's own socket."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest
from grpc.aio import AioRpcError

from across.conftest import Networks
from across.steps import (
    SOURCE,
    USDC,
    VENUE,
    at_route,
    at_venue,
    at_wallet,
    commit_collateral,
    configuration,
    pass_time,
    start_request,
    until,
)
from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.clock import SystemClock
from indexmaker.connectors.configuration import decode_configuration
from indexmaker.connectors.errors import RejectedError
from indexmaker.connectors.status import error_of
from indexmaker.connectors.testing import serve_connector
from indexmaker.money import parse_atoms
from indexmaker_across.config import AcrossConfig
from indexmaker_across.connector import AcrossConnector
from indexmaker_across.errors import RouteMismatchError
from indexmaker_across.router import Router
from indexmaker_evm.devnet.relayer import Treatment
from indexmaker_evm.signer import from_key

pytestmark = pytest.mark.integration


async def reaches(stub: bridge_pb2_grpc.BridgeServiceStub, state: int, transfer_id: str = "t-1") -> pb.Transfer:
    async with asyncio.timeout(60):
        async for response in stub.StreamTransfers(pb.StreamTransfersRequest()):
            for transfer in response.transfers:
                if transfer.transfer_id == transfer_id and transfer.state == state:
                    return transfer
    raise AssertionError("the stream ended")


def fees_of(transfer: pb.Transfer | pb.QuoteTransferResponse) -> int:
    return sum(parse_atoms(fee.amount) for fee in transfer.fees)


async def test_collateral_goes_from_the_route_contract_to_the_venue_and_the_books_balance(networks: Networks) -> None:
    async with networks() as client, serve_connector(AcrossConnector, configuration(client)) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        quote = await stub.QuoteTransfer(
            pb.QuoteTransferRequest(source=SOURCE, destination=VENUE, amount_in="1000", max_fee_bps=50)
        )
        await commit_collateral(client, 1000)
        started = await stub.StartTransfer(start_request(min_amount_out=quote.amount_out))
        assert started.transfer.state == pb.Transfer.STATE_CREATED

        sent = await reaches(stub, pb.Transfer.STATE_SENT)

        assert sent.amount_out == quote.amount_out
        assert parse_atoms(sent.amount_in) - parse_atoms(sent.amount_out) == fees_of(sent) == fees_of(quote)
        assert {fee.kind for fee in sent.fees} == {
            common_pb2.FEE_KIND_BRIDGE_CAPITAL,
            common_pb2.FEE_KIND_BRIDGE_GAS,
            common_pb2.FEE_KIND_BRIDGE_LP,
        }
        assert [hop.kind for hop in sent.hops] == ["across", "transfer"]
        assert all(hop.source_tx_hash and hop.destination_tx_hash for hop in sent.hops)
        receipt = await client.base.w3.eth.get_transaction_receipt(sent.hops[1].destination_tx_hash)
        assert receipt["status"] == 1
        arrived = await at_venue(client)
        assert arrived * 10**12 == parse_atoms(sent.amount_out)
        assert (await at_route(client), await at_wallet(client)) == (0, 0)

        done = await stub.ConfirmArrival(
            pb.ConfirmArrivalRequest(transfer_id="t-1", external_id="d-1", amount=sent.amount_out)
        )
        assert done.transfer.state == pb.Transfer.STATE_COMPLETED


async def test_the_same_id_twice_moves_money_once_even_after_a_restart(networks: Networks, tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    async with networks() as client:
        await commit_collateral(client, 2000)
        async with serve_connector(AcrossConnector, configuration(client), data_dir=data_dir) as channel:
            stub = bridge_pb2_grpc.BridgeServiceStub(channel)
            await asyncio.gather(*(stub.StartTransfer(start_request()) for _ in range(3)))
            sent = await reaches(stub, pb.Transfer.STATE_SENT)
        async with serve_connector(AcrossConnector, configuration(client), data_dir=data_dir) as channel:
            stub = bridge_pb2_grpc.BridgeServiceStub(channel)
            again = await stub.StartTransfer(start_request())
            assert again.transfer == sent
            await stub.StartTransfer(start_request("t-2"))
            other = await reaches(stub, pb.Transfer.STATE_SENT, "t-2")
        assert await at_route(client) == 0
        assert await at_venue(client) * 10**12 == parse_atoms(sent.amount_out) + parse_atoms(other.amount_out)


async def test_a_transfer_waits_for_collateral_that_is_committed_later(networks: Networks) -> None:
    async with networks() as client, serve_connector(AcrossConnector, configuration(client)) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        await commit_collateral(client, 999)
        await stub.StartTransfer(start_request())
        await commit_collateral(client, 1)
        await reaches(stub, pb.Transfer.STATE_SENT)
        assert await at_route(client) == 0


async def test_a_deposit_that_nobody_fills_is_refunded_and_can_be_tried_again(networks: Networks) -> None:
    config = {"limits": {"fill_s": 60}}
    async with (
        networks(Treatment(fills=0)) as client,
        serve_connector(AcrossConnector, configuration(client, **config)) as channel,
    ):
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        await commit_collateral(client, 1000)
        await stub.StartTransfer(start_request())
        moving = await reaches(stub, pb.Transfer.STATE_MOVING)
        assert [hop.kind for hop in moving.hops] == ["across"]

        async def gone() -> bool:
            return await at_route(client) == 0

        await until(gone)
        await pass_time(client, 120)
        refunded = await reaches(stub, pb.Transfer.STATE_REFUNDED)
        assert (refunded.amount_out, list(refunded.fees)) == ("0", [])
        assert await at_route(client) == 1000 * USDC
        assert await at_venue(client) == 0

        retry = pb.ResolveTransferRequest(
            transfer_id="t-1", action=pb.ResolveTransferRequest.ACTION_RETRY_HOP, operator="olga", note="once more"
        )
        await stub.ResolveTransfer(retry)
        await until(gone)
        await reaches(stub, pb.Transfer.STATE_MOVING)


async def test_a_refund_that_across_keeps_is_claimed_by_itself(networks: Networks) -> None:
    config = {"limits": {"fill_s": 60}}
    async with (
        networks(Treatment(fills=0, deferred=True)) as client,
        serve_connector(AcrossConnector, configuration(client, **config)) as channel,
    ):
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        await commit_collateral(client, 1000)
        await stub.StartTransfer(start_request())

        async def gone() -> bool:
            return await at_route(client) == 0

        await until(gone)
        await pass_time(client, 120)
        await reaches(stub, pb.Transfer.STATE_REFUNDED)
        assert await at_route(client) == 1000 * USDC


async def test_a_route_contract_that_is_not_the_configured_one_is_not_used(networks: Networks, tmp_path: Path) -> None:
    async with networks() as client:
        wrong = configuration(client, returns=None)
        wrong["destination"] |= {"spoke_pool": wrong["destination"]["usdc"], "usdc": wrong["origin"]["usdc"]}
        config = decode_configuration(AcrossConfig, msgspec.json.encode(wrong))
        router = Router(config, from_key(config.router_key.reveal()), tmp_path, clock=SystemClock())
        with pytest.RaisesGroup(pytest.RaisesExc(RouteMismatchError, match=r"destination\.usdc")):
            async with asyncio.timeout(60):
                await router.run()


async def test_a_fee_above_the_route_contracts_own_cap_is_refused(networks: Networks) -> None:
    dear = {"max_fee_bps": 500, "fees": {"capital_low": "0.02", "capital_high": "0.02"}}
    async with networks() as client, serve_connector(AcrossConnector, configuration(client, **dear)) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)

        async def refused() -> bool:
            try:
                await stub.QuoteTransfer(pb.QuoteTransferRequest(source=SOURCE, destination=VENUE, amount_in="1000"))
            except AioRpcError as error:
                told = error_of(error)
                return isinstance(told, RejectedError) and "above the limit of 100 basis points" in told.message
            return False

        await until(refused)
