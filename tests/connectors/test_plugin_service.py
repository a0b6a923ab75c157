import asyncio

import msgspec
import pytest
from grpc.aio import AioRpcError
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.contextvars import bound_contextvars

from connectors.toy import Toy
from indexmaker.api.bridge.v1 import bridge_pb2, bridge_pb2_grpc
from indexmaker.api.connector.v1 import connector_pb2, connector_pb2_grpc
from indexmaker.connectors.channel import correlation_metadata
from indexmaker.connectors.correlation import bind_correlation
from indexmaker.connectors.errors import InternalError, RateLimitedError, TransientError
from indexmaker.connectors.status import error_of
from indexmaker.connectors.testing import configured, serve_connector


async def offer(channel, revision, **config):
    stub = connector_pb2_grpc.ConnectorServiceStub(channel)
    text = msgspec.json.encode(config).decode()
    return await stub.Configure(connector_pb2.ConfigureRequest(configuration=text, revision=revision))


async def greeting(channel):
    response = await bridge_pb2_grpc.BridgeServiceStub(channel).ListRoutes(bridge_pb2.ListRoutesRequest())
    return response.routes[0].source


async def test_a_plugin_says_what_it_is_before_it_is_configured():
    async with serve_connector(Toy, instance_id="one") as channel:
        stub = connector_pb2_grpc.ConnectorServiceStub(channel)
        said = await stub.Describe(connector_pb2.DescribeRequest())
        probe = await stub.Probe(connector_pb2.ProbeRequest())
    assert (said.name, list(said.roles), said.instance_id) == ("toy", [connector_pb2.ROLE_BRIDGE], "one")
    assert (said.contract_min, said.contract_max) == (1, 1)
    assert not said.capabilities[0].supported
    schema = msgspec.json.decode(said.configuration_schema)
    assert '"secret":true' in msgspec.json.encode(schema["$defs"]["ToyConfig"]["properties"]["key"]).decode()
    assert (probe.state, probe.reason) == (connector_pb2.STATE_STARTING, "not configured yet")


async def test_role_calls_wait_for_the_first_accepted_configuration():
    async with serve_connector(Toy) as channel:
        with pytest.raises(AioRpcError) as caught:
            await greeting(channel)
        assert isinstance(error_of(caught.value), TransientError)
        await configured(channel, {"greeting": "hi"})
        assert await greeting(channel) == "hi"


@pytest.mark.parametrize(
    ("config", "attribute", "words"),
    [
        ({"greeting": "bad"}, "greeting", "not polite"),
        ({"greting": "x"}, "greting", "unknown key"),
        ({"open_work": "many"}, "open_work", "Expected `int`"),
        ({"key": "sup3rsecret"}, "key", "must be a reference"),
        ({"greeting": "bug"}, "", "failed on this configuration"),
    ],
)
async def test_a_refused_configuration_leaves_the_last_good_one_in_force(config, attribute, words):
    async with serve_connector(Toy, {"greeting": "good"}) as channel:
        answer = await offer(channel, 2, **config)
        assert not answer.accepted
        assert answer.revision_in_force == 1
        assert answer.diagnostics[0].attribute == attribute
        assert words in answer.diagnostics[0].summary
        assert "sup3rsecret" not in str(answer)
        assert await greeting(channel) == "good"


async def test_revisions_only_grow_and_the_one_in_force_may_be_repeated():
    async with serve_connector(Toy, {"greeting": "first"}) as channel:
        assert (await offer(channel, 5, greeting="fifth")).revision_in_force == 5
        assert not (await offer(channel, 4, greeting="fourth")).accepted
        assert (await offer(channel, 5, greeting="fifth")).accepted
        assert not (await offer(channel, 5, greeting="other")).accepted
        assert await greeting(channel) == "fifth"


async def test_typed_errors_cross_the_wire_and_defects_are_not_quoted():
    async with serve_connector(Toy, {}) as channel:
        stub = bridge_pb2_grpc.BridgeServiceStub(channel)
        with pytest.raises(AioRpcError) as limited:
            await stub.QuoteTransfer(bridge_pb2.QuoteTransferRequest(source="limited"))
        with pytest.raises(AioRpcError) as defect:
            await stub.QuoteTransfer(bridge_pb2.QuoteTransferRequest())
    error = error_of(limited.value)
    assert isinstance(error, RateLimitedError)
    assert (error.retry_after_ms, error.retryable) == (250, True)
    assert isinstance(error_of(defect.value), InternalError)
    assert "hunter2" not in str(defect.value)


async def test_the_correlation_id_of_the_caller_is_current_in_the_plugin():
    async with serve_connector(Toy, {}) as channel:
        with bound_contextvars():
            bind_correlation("order-7")
            assert correlation_metadata() == (("x-correlation-id", "order-7"),)
            response = await bridge_pb2_grpc.BridgeServiceStub(channel).ListRoutes(bridge_pb2.ListRoutesRequest())
    assert response.routes[0].destination == "order-7"


async def test_drain_tells_what_is_left_and_the_last_sequences():
    async with serve_connector(Toy, {"open_work": 3}) as channel:
        stub = connector_pb2_grpc.ConnectorServiceStub(channel)
        far = 2**62
        told = [one async for one in stub.Drain(connector_pb2.DrainRequest(deadline_at=far, reason="test"))]
        state = (await stub.Probe(connector_pb2.ProbeRequest())).state
    assert [one.remaining for one in told[:-1]] == [3, 2, 1, 0]
    assert told[-1].drained
    assert dict(told[-1].last_sequence) == {"transfers": 7}
    assert state == connector_pb2.STATE_DRAINING


async def test_drain_that_meets_its_deadline_says_so():
    class Stuck(Toy):
        async def drain(self, *, deadline):
            yield 4
            await asyncio.Event().wait()

    async with serve_connector(Stuck, {}) as channel:
        stub = connector_pb2_grpc.ConnectorServiceStub(channel)
        told = [one async for one in stub.Drain(connector_pb2.DrainRequest(deadline_at=1))]
    assert [(one.remaining, one.drained) for one in told] == [(4, False), (4, False)]


async def test_health_follows_the_probe():
    async with serve_connector(Toy) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="indexmaker.api.bridge.v1.BridgeService")
        before = (await health.Check(request)).status
        await configured(channel, {"degraded": True})
        after = (await health.Check(request)).status
    assert (before, after) == (health_pb2.HealthCheckResponse.NOT_SERVING, health_pb2.HealthCheckResponse.SERVING)
