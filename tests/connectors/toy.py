"""A connector for the tests: tells what it was configured with, and misbehaves when told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import grpc.aio
import msgspec
import structlog

from indexmaker.api.bridge.v1 import bridge_pb2, bridge_pb2_grpc
from indexmaker.connectors.connector import Capability, Connector, Context, Probe, State
from indexmaker.connectors.correlation import correlation_id
from indexmaker.connectors.errors import ConfigurationError, RateLimitedError
from indexmaker.connectors.manifest import Manifest, Role
from indexmaker.connectors.secrets import SecretRef

log = structlog.get_logger("toy")


class ToyConfig(msgspec.Struct, frozen=True, kw_only=True):
    greeting: str = "hello"
    key: SecretRef | None = None
    fail: bool = False
    log: bool = False
    degraded: bool = False
    open_work: int = 0


class Routes(bridge_pb2_grpc.BridgeServiceServicer):
    def __init__(self, toy: Toy) -> None:
        self.toy = toy

    async def ListRoutes(self, request, context):  # noqa: N802
        log.info("routes asked for")
        route = bridge_pb2.Route(source=self.toy.config.greeting, destination=correlation_id())
        return bridge_pb2.ListRoutesResponse(routes=[route])

    async def QuoteTransfer(self, request, context):  # noqa: N802
        if request.source == "limited":
            raise RateLimitedError("slow down", retry_after_ms=250)
        raise RuntimeError("a defect that holds hunter2")


class Toy(Connector[ToyConfig]):
    configuration = ToyConfig
    manifest = Manifest(name="toy", summary="A toy.", roles=(Role.BRIDGE,), target="connectors.toy:Toy")

    def __init__(self) -> None:
        self.config = ToyConfig()
        self.context: Context | None = None
        self.open_work = 0

    def capabilities(self):
        return [Capability(name="bridge.cancel", supported=False, note="never")]

    async def configure(self, config, *, context):
        if config.greeting == "bad":
            raise ConfigurationError("greeting", "not polite", "say hello")
        if config.greeting == "bug":
            raise RuntimeError("defect in configure")
        if config.key is not None:
            secret = config.key.reveal()
            log.warning("careless", text=f"the key is {secret}", nested={"inner": [secret]}, ref=config.key)
        self.config, self.context, self.open_work = config, context, config.open_work

    async def run(self):
        if self.config.fail:
            raise RuntimeError("upstream said no")
        if self.config.log:
            for number in range(5):
                log.info("working", number=number)
            os.write(2, b"plain text\n")
        await asyncio.Event().wait()

    def register(self, server: grpc.aio.Server) -> None:
        bridge_pb2_grpc.add_BridgeServiceServicer_to_server(Routes(self), server)

    def probe(self):
        if self.config.degraded:
            return Probe(state=State.DEGRADED, reason="half of it is missing")
        return Probe(state=State.READY)

    async def drain(self, *, deadline: int) -> AsyncIterator[int]:
        while self.open_work:
            yield self.open_work
            self.open_work -= 1
            await asyncio.sleep(0)
        yield 0

    def last_sequences(self):
        return {"transfers": 7}
