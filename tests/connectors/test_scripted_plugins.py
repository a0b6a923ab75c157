import asyncio

import pytest
from grpc.aio import AioRpcError

from connectors.worlds import QUICK, world
from indexmaker.api.bridge.v1 import bridge_pb2, bridge_pb2_grpc
from indexmaker.api.chain.v1 import chain_pb2, chain_pb2_grpc
from indexmaker.api.marketdata.v1 import market_data_pb2, market_data_pb2_grpc
from indexmaker.api.orderentry.v1 import order_entry_pb2 as orders
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.errors import RejectedError
from indexmaker.connectors.specs import plugin_process
from indexmaker.connectors.status import error_of
from indexmaker.connectors.testing import (
    Ambiguous,
    Fill,
    Hold,
    MockBridge,
    MockBridgeConfig,
    MockChain,
    MockChainConfig,
    MockVenue,
    MockVenueConfig,
    Reject,
    Rest,
    ScriptedDeposit,
    ScriptedRequest,
    serve_connector,
)
from indexmaker.money import parse_atoms

GATE = "0x" + "aa" * 20


def place(name, *, number=1, quantity="1", price="100", tif=orders.TIME_IN_FORCE_IOC):
    order = orders.PlaceOrder(
        client_order_id=name,
        symbol="BTCUSDC",
        side=orders.SIDE_BUY,
        price=price,
        quantity=quantity,
        time_in_force=tif,
    )
    return orders.ExecuteRequest(correlation_id=number, place=order)


async def execute(channel, *requests):
    """The answers by correlation id."""
    call = order_entry_pb2_grpc.OrderEntryServiceStub(channel).Execute()
    for request in requests:
        await call.write(request)
    await call.done_writing()
    answers = {}
    async for response in call:
        answers |= {result.correlation_id: result for result in response.results}
    return answers


async def test_an_order_is_filled_at_its_limit_with_commission_from_what_is_bought():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig()) as channel:
        report = (await execute(channel, place("a")))[1].report
    assert (report.status, report.executed_quantity, report.executed_value) == (orders.ORDER_STATUS_FILLED, "1", "100")
    assert (report.trades[0].commission, report.trades[0].commission_asset) == ("0.001", "BTC")
    assert venue.book.balances == {"USDC": parse_atoms("999900"), "BTC": parse_atoms("0.999")}


async def test_the_same_order_twice_is_executed_once():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig()) as channel:
        await execute(channel, place("a"))
        again = (await execute(channel, place("a")))[1].report
    assert again.executed_quantity == "1"
    assert venue.book.balances["BTC"] == parse_atoms("0.999")


async def test_outcomes_follow_the_script():
    script = (
        Fill(share="0.5", parts=2),
        Rest(),
        Reject(reject_class="RATE", retry_after_ms=100),
        Ambiguous(executed=True),
        Ambiguous(),
    )
    async with serve_connector(MockVenue(), MockVenueConfig(script=script)) as channel:
        seen = [(await execute(channel, place(name, tif=orders.TIME_IN_FORCE_GTC)))[1] for name in "abcde"]
        asked = await execute(
            channel,
            *(
                orders.ExecuteRequest(
                    correlation_id=number, query=orders.QueryOrder(client_order_id=name, symbol="BTCUSDC")
                )
                for number, name in enumerate("de")
            ),
        )
    assert (seen[0].report.status, len(seen[0].report.trades)) == (orders.ORDER_STATUS_PARTIALLY_FILLED, 2)
    assert seen[1].report.status == orders.ORDER_STATUS_NEW
    assert (seen[2].reject.reject_class, seen[2].reject.retry_after_ms) == (orders.REJECT_CLASS_RATE, 100)
    assert [one.reject.reject_class for one in seen[3:]] == [orders.REJECT_CLASS_AMBIGUOUS] * 2
    assert asked[0].report.status == orders.ORDER_STATUS_FILLED
    assert asked[1].report.status == orders.ORDER_STATUS_NOT_FOUND


async def test_an_order_that_is_held_does_not_hold_the_others():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig(script=(Hold(),))) as channel:
        call = order_entry_pb2_grpc.OrderEntryServiceStub(channel).Execute()
        await call.write(place("held", number=1))
        await call.write(place("free", number=2))
        assert (await call.read()).results[0].correlation_id == 2
        venue.release()
        assert (await call.read()).results[0].correlation_id == 1
        await call.done_writing()


async def test_executions_resume_from_the_last_trade_and_may_be_doubled():
    script = (Fill(), Fill(repeat=True))
    async with serve_connector(MockVenue(), MockVenueConfig(script=script)) as channel:
        stub = order_entry_pb2_grpc.OrderEntryServiceStub(channel)
        await execute(channel, place("a"))
        request = orders.StreamExecutionsRequest(
            cursors=[orders.TradeCursor(symbol="BTCUSDC", last_trade_id="0")],
            open_orders=[orders.QueryOrder(client_order_id="z", symbol="BTCUSDC")],
        )
        call = stub.StreamExecutions(request)
        missed = await call.read()
        await execute(channel, place("b"))
        live = await call.read()
        call.cancel()
    assert [trade.trade_id for report in missed.reports for trade in report.trades] == ["1"]
    assert missed.reports[-1].status == orders.ORDER_STATUS_NOT_FOUND
    assert missed.caught_up
    assert [trade.trade_id for report in live.reports for trade in report.trades] == ["2", "2"]


async def test_subscribers_get_a_snapshot_first_and_another_when_the_price_moves():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig()) as channel:
        call = market_data_pb2_grpc.MarketDataServiceStub(channel).Subscribe()
        await call.write(market_data_pb2.SubscribeRequest(add=["BTCUSDC"]))
        first = await call.read()
        venue.quote("BTCUSDC", bid="109", ask="110")
        second = await call.read()
        call.cancel()
    assert first.events[0].snapshot.asks[0].price == "100"
    assert second.events[0].snapshot.asks[0].price == "110"
    assert second.first_sequence == first.first_sequence + len(first.events)


async def test_a_deposit_is_credited_once():
    venue = MockVenue()
    async with serve_connector(venue, MockVenueConfig()) as channel:
        call = order_entry_pb2_grpc.FundingServiceStub(channel).StreamDeposits(orders.StreamDepositsRequest())
        for _ in range(2):
            venue.credit(ScriptedDeposit(deposit_id="d1", amount="50"))
        told = await call.read()
        call.cancel()
    assert [one.deposit_id for one in told.deposits] == ["d1"]
    assert venue.book.balances["USDC"] == parse_atoms("1000050")


async def test_a_chain_tells_watchers_of_deposits_and_of_what_transactions_do():
    chain = MockChain()
    request = ScriptedRequest(gate=GATE, request_id="1", controller="0x" + "bb" * 20, amount="500")
    async with serve_connector(chain, MockChainConfig(deposits=(request,), reverts=("", "NotIssuer"))) as channel:
        stub = chain_pb2_grpc.ChainServiceStub(channel)
        call = stub.StreamEvents()
        watch = chain_pb2.Watch(chain_id=42161, gate=chain_pb2.GateWatch(gate=GATE))
        await call.write(chain_pb2.StreamEventsRequest(watches=[watch]))
        deposit = (await call.read()).events[0]
        commit = chain_pb2.CommitRequests(gate=GATE, request_ids=["1"], route_id="r")
        submit = chain_pb2.SubmitRequest(command_id="c1", chain_id=42161, commit=commit)
        first, again = [(await stub.Submit(submit)).transaction for _ in range(2)]
        committed = (await call.read()).events[0]
        settle = chain_pb2.SettleRequest(gate=GATE, request_id="1")
        failed = await stub.Submit(chain_pb2.SubmitRequest(command_id="c2", chain_id=42161, settle=settle))
        call.cancel()
    assert deposit.deposit_requested.amount == "500"
    assert first == again
    assert committed.request_committed.request_id == "1"
    assert (failed.transaction.state, failed.transaction.error) == (chain_pb2.Transaction.STATE_REVERTED, "NotIssuer")


async def test_a_chain_tells_of_new_indices_and_of_their_weights():
    factory = "0x" + "fa" * 20
    async with serve_connector(MockChain(), MockChainConfig()) as channel:
        stub = chain_pb2_grpc.ChainServiceStub(channel)
        call = stub.StreamEvents()
        watches = [
            chain_pb2.Watch(chain_id=42161, factory=chain_pb2.FactoryWatch(factory=factory)),
            chain_pb2.Watch(chain_id=42161, gate=chain_pb2.GateWatch(gate=GATE)),
        ]
        await call.write(chain_pb2.StreamEventsRequest(watches=watches))
        deploy = chain_pb2.DeployIndex(factory=factory, symbol="NEW", name="New")
        await stub.Submit(chain_pb2.SubmitRequest(command_id="d", chain_id=42161, deploy_index=deploy))
        deployed = (await call.read()).events[0].index_deployed
        given = [chain_pb2.AssetWeight(asset=asset, weight="0.5") for asset in ("ETH", "BTC")]
        weights = chain_pb2.SetWeights(gate=GATE, version="2", weights=given, effective_at=9)
        await stub.Submit(chain_pb2.SubmitRequest(command_id="w", chain_id=42161, set_weights=weights))
        told = (await call.read()).events[0].weights_set
        call.cancel()
    assert (deployed.symbol, len(deployed.gate), deployed.gate == deployed.token) == ("NEW", 42, False)
    assert (told.version, told.effective_at, [one.asset for one in told.weights]) == ("2", 9, ["BTC", "ETH"])


async def test_a_bridge_moves_each_transfer_once_and_its_fees_add_up():
    bridge = MockBridge()
    async with serve_connector(bridge, MockBridgeConfig(stop_at="MOVING")) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        start = bridge_pb2.StartTransferRequest(transfer_id="t1", amount_in="100", min_amount_out="99")
        first = (await stub.StartTransfer(start)).transfer
        assert (await stub.StartTransfer(start)).transfer == first
        bridge.advance("t1", "SENT")
        done = await stub.ConfirmArrival(bridge_pb2.ConfirmArrivalRequest(transfer_id="t1", amount="99.9"))
        call = stub.StreamTransfers(bridge_pb2.StreamTransfersRequest())
        states = [one.state for one in (await call.read()).transfers]
        call.cancel()
        with pytest.raises(AioRpcError) as caught:
            await stub.StartTransfer(
                bridge_pb2.StartTransferRequest(transfer_id="t2", amount_in="100", min_amount_out="100")
            )
    assert (first.amount_out, first.fees[0].amount) == ("99.9", "0.1")
    assert done.transfer.state == bridge_pb2.Transfer.STATE_COMPLETED
    assert [bridge_pb2.Transfer.State.Name(state).removeprefix("STATE_") for state in states] == [
        "CREATED",
        "MOVING",
        "SENT",
        "COMPLETED",
    ]
    assert isinstance(error_of(caught.value), RejectedError)


async def test_scripted_plugins_run_as_processes_and_are_driven_by_their_configuration():
    targets = {
        "mock-venue": "indexmaker.connectors.testing.venue:MockVenue",
        "mock-chain": "indexmaker.connectors.testing.chain:MockChain",
        "mock-bridge": "indexmaker.connectors.testing.bridge:MockBridge",
    }
    specs = [plugin_process(name, plugin=target, policy=QUICK) for name, target in targets.items()]
    async with world(*specs) as (supervisor, _):
        await supervisor.wait_ready()
        async with open_channel(supervisor.status("mock-venue").address) as channel:
            call = order_entry_pb2_grpc.FundingServiceStub(channel).StreamDeposits(orders.StreamDepositsRequest())
            reading = asyncio.ensure_future(call.read())
            await supervisor.configure("mock-venue", {"deposits": [{"deposit_id": "d1", "amount": "50"}]})
            assert (await reading).deposits[0].amount.amount == "50"
            call.cancel()
