"""What the bridge service accepts and refuses before any chain is asked: its nodes are not there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from grpc.aio import AioRpcError

from across.steps import SOURCE, VENUE, VENUE_ADDRESS, return_request, start_request
from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc
from indexmaker.connectors.errors import ConnectorError, InvalidFieldError, NotFoundError, RejectedError
from indexmaker.connectors.status import error_of
from indexmaker.connectors.testing import serve_connector
from indexmaker.money import parse_atoms
from indexmaker_across.connector import AcrossConnector

ROUTE, USDC_CONTRACT = "0x" + "ab" * 20, "0x" + "cd" * 20
RETURN_ROUTE, KEEPER = "0x" + "ba" * 20, "0x" + "dc" * 20
WITHDRAWAL = "0x" + "5a" * 32
KEY = "0x" + "11" * 32
WALLET = "0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a"


def configuration(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    key = tmp_path / "key"
    key.write_text(KEY)
    side = {"rpc": ["http://127.0.0.1:9"], "usdc": USDC_CONTRACT, "spoke_pool": "0x" + "EF" * 20}
    return {
        "origin": {"chain_id": 42161, "route": ROUTE, **side},
        "destination": {"chain_id": 8453, **side},
        "returns": {"route": RETURN_ROUTE, "recipient": KEEPER},
        "router_key": f"file:{key}",
    } | changes


@pytest.fixture
async def stub(tmp_path: Path) -> AsyncIterator[bridge_pb2_grpc.BridgeServiceStub]:
    async with serve_connector(AcrossConnector, configuration(tmp_path)) as channel:
        yield bridge_pb2_grpc.BridgeServiceStub(channel)


async def refusal(call: Any) -> ConnectorError:
    with pytest.raises(AioRpcError) as caught:
        await call
    return error_of(caught.value)


def quote_request(**changes: Any) -> pb.QuoteTransferRequest:
    return pb.QuoteTransferRequest(**({"source": SOURCE, "destination": VENUE, "amount_in": "1000"} | changes))


async def test_routes_lead_over_base_to_any_venue_and_back(stub: Any) -> None:
    out, back = (await stub.ListRoutes(pb.ListRoutesRequest())).routes
    assert list(out.hops) == [SOURCE, "EVM:BASE:USDC", "VENUE:*:USDC"]
    assert list(back.hops) == ["VENUE:*:USDC", "EVM:BASE:USDC", SOURCE]


async def test_a_quote_names_every_fee_and_they_add_up(stub: Any) -> None:
    quote = await stub.QuoteTransfer(quote_request())
    assert parse_atoms("1000") - parse_atoms(quote.amount_out) == sum(parse_atoms(fee.amount) for fee in quote.fees)
    assert len(quote.fees) == 3
    assert quote.expires_at


@pytest.mark.parametrize("changes", [{"amount_in": "2"}, {"max_fee_bps": 1}], ids=["own limit", "the caller's limit"])
async def test_a_fee_above_a_limit_is_refused_with_its_numbers(stub: Any, changes: dict[str, Any]) -> None:
    error = await refusal(stub.QuoteTransfer(quote_request(**changes)))
    assert isinstance(error, RejectedError)
    assert "USDC is above the limit of" in error.message


async def test_a_start_that_would_cost_too_much_is_refused_and_not_remembered(stub: Any) -> None:
    assert isinstance(
        await refusal(stub.StartTransfer(start_request(amount_in="2", min_amount_out="1"))), RejectedError
    )
    assert isinstance(await refusal(stub.GetTransfer(pb.GetTransferRequest(transfer_id="t-1"))), NotFoundError)


async def test_a_start_is_refused_when_less_would_arrive_than_is_asked_for(stub: Any) -> None:
    error = await refusal(stub.StartTransfer(start_request(min_amount_out="999.999")))
    assert isinstance(error, RejectedError)
    assert "at least 999.999 USDC" in error.message


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "EVM:BASE:USDC"}, "source"),
        ({"destination": "EVM:BASE:USDC"}, "destination"),
        ({"destination": "VENUE:binance:BTC"}, "destination"),
        ({"transfer_id": ""}, "transfer_id"),
        ({"transfer_id": "x" * 65}, "transfer_id"),
        ({"amount_in": "1000.0000001"}, "amount_in"),
        ({"amount_in": "-1000"}, "amount_in"),
        ({"amount_in": "0.5", "min_amount_out": "0"}, "amount_in"),
        ({"min_amount_out": "1001"}, "min_amount_out"),
        ({"destination_chain_id": 1}, "destination_chain_id"),
        ({"destination_address": ""}, "destination_address"),
        ({"destination_address": "0x" + "00" * 20}, "destination_address"),
        ({"destination_address": ROUTE.upper().replace("0X", "0x")}, "destination_address"),
        ({"destination_address": USDC_CONTRACT}, "destination_address"),
        ({"destination_address": "0x" + "ef" * 20}, "destination_address"),
        ({"destination_address": WALLET}, "destination_address"),
        ({"destination_address": RETURN_ROUTE}, "destination_address"),
        ({"destination_address": KEEPER}, "destination_address"),
    ],
)
async def test_a_start_with_a_wrong_field_is_refused(stub: Any, changes: dict[str, Any], field: str) -> None:
    error = await refusal(stub.StartTransfer(start_request(**changes)))
    assert isinstance(error, InvalidFieldError)
    assert error.metadata["field"] == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"source": "EVM:BASE:USDC"}, "source"),
        ({"source": "VENUE:binance:BTC"}, "source"),
        ({"destination": "EVM:BASE:USDC"}, "source"),
        ({"source_tx_hash": ""}, "source_tx_hash"),
        ({"source_tx_hash": "0x12"}, "source_tx_hash"),
        ({"destination_address": VENUE_ADDRESS}, "destination_address"),
        ({"destination_chain_id": 8453}, "destination_chain_id"),
        ({"amount_in": "0.5", "min_amount_out": "0"}, "amount_in"),
    ],
)
async def test_a_return_with_a_wrong_field_is_refused(stub: Any, changes: dict[str, Any], field: str) -> None:
    request = return_request(**({"source_tx_hash": WITHDRAWAL} | changes))
    error = await refusal(stub.StartTransfer(request))
    assert isinstance(error, InvalidFieldError)
    assert error.metadata["field"] == field


async def test_a_return_may_name_its_one_recipient_and_is_remembered(stub: Any) -> None:
    request = return_request(source_tx_hash=WITHDRAWAL.upper().replace("0X", "0x"), destination_address=KEEPER)
    started = (await stub.StartTransfer(request)).transfer
    assert started.state == pb.Transfer.STATE_MOVING
    assert [(hop.kind, hop.source_tx_hash) for hop in started.hops] == [("withdrawal", WITHDRAWAL)]
    assert (await stub.StartTransfer(request)).transfer == started
    cancel = pb.CancelTransferRequest(transfer_id=request.transfer_id)
    assert isinstance(await refusal(stub.CancelTransfer(cancel)), RejectedError)


async def test_only_a_quote_for_the_way_back_says_where_to_withdraw_to(stub: Any) -> None:
    back = await stub.QuoteTransfer(quote_request(source=VENUE, destination=SOURCE))
    assert (back.pickup_network, back.pickup_address, back.pickup_chain_id) == ("BASE", RETURN_ROUTE, 8453)
    assert not (await stub.QuoteTransfer(quote_request())).pickup_address


async def test_without_a_way_back_none_is_served(tmp_path: Path) -> None:
    async with serve_connector(AcrossConnector, configuration(tmp_path, returns=None)) as channel:
        stub: Any = bridge_pb2_grpc.BridgeServiceStub(channel)
        assert len((await stub.ListRoutes(pb.ListRoutesRequest())).routes) == 1
        assert isinstance(
            await refusal(stub.StartTransfer(return_request(source_tx_hash=WITHDRAWAL))), InvalidFieldError
        )


async def test_an_id_belongs_to_the_terms_that_it_was_first_used_with(stub: Any) -> None:
    first = await stub.StartTransfer(start_request())
    again = await stub.StartTransfer(start_request())
    assert again == first
    error = await refusal(stub.StartTransfer(start_request(amount_in="1001")))
    assert isinstance(error, RejectedError)


async def test_a_quote_in_force_is_honoured_when_the_price_has_risen(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    async with serve_connector(AcrossConnector, configuration(tmp_path), data_dir=data_dir) as channel:
        quote = await bridge_pb2_grpc.BridgeServiceStub(channel).QuoteTransfer(quote_request())
    dearer = configuration(tmp_path, fees={"gas_units": 1_200_000})
    async with serve_connector(AcrossConnector, dearer, data_dir=data_dir) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        started = await stub.StartTransfer(start_request(min_amount_out=quote.amount_out))
        assert started.transfer.amount_out == quote.amount_out
        error = await refusal(stub.StartTransfer(start_request("t-2", amount_in="1001", min_amount_out="1000.8")))
        assert isinstance(error, RejectedError)


async def test_a_cancelled_transfer_costs_nothing_and_tells_so_on_the_stream(stub: Any) -> None:
    await stub.StartTransfer(start_request())
    cancelled = (await stub.CancelTransfer(pb.CancelTransferRequest(transfer_id="t-1"))).transfer
    assert (cancelled.state, cancelled.amount_out) == (pb.Transfer.STATE_CANCELLED, "0")
    assert not cancelled.fees
    stream = stub.StreamTransfers(pb.StreamTransfersRequest())
    message = await stream.read()
    assert [t.state for t in message.transfers] == [pb.Transfer.STATE_CANCELLED]
    stream.cancel()


async def test_nothing_can_arrive_of_a_transfer_that_was_not_sent(stub: Any) -> None:
    await stub.StartTransfer(start_request())
    request = pb.ConfirmArrivalRequest(transfer_id="t-1", external_id="d-1", amount="1000")
    assert isinstance(await refusal(stub.ConfirmArrival(request)), RejectedError)


async def test_the_key_is_in_no_answer(stub: Any) -> None:
    started = await stub.StartTransfer(start_request(destination_address=VENUE_ADDRESS))
    assert KEY.removeprefix("0x") not in str(started)
