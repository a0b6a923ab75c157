"""Whole transfers between two chains, over the plugin's own socket."""

from __future__ import annotations

import asyncio

import pytest

from across.conftest import Networks
from across.steps import (
    SOURCE,
    VENUE,
    at_route,
    at_venue,
    at_wallet,
    commit_collateral,
    configuration,
    start_request,
)
from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.testing import serve_connector
from indexmaker.money import parse_atoms
from indexmaker_across.connector import AcrossConnector

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
