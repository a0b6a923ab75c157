"""The FIX gateway as a plugin."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import grpc.aio

from indexmaker.api.gateway.v1 import gateway_pb2_grpc as rpc
from indexmaker.connectors.connector import Capability, Connector, Context, Probe, State, Upstream
from indexmaker.connectors.errors import ConfigurationError
from indexmaker_fix.configuration import FixConfig, check_comp_ids, listen_address
from indexmaker_fix.gateway import Gateway
from indexmaker_fix.service import GatewayServicer

__all__ = ["FixGateway"]


class FixGateway(Connector[FixConfig]):
    """Serves FIX sessions as long as it runs; a new configuration opens the door anew, sessions keep their numbers."""

    configuration = FixConfig

    def __init__(self) -> None:
        self._gateway: Gateway | None = None
        self._next: Gateway | None = None
        self._replaced = asyncio.Event()

    def capabilities(self) -> Sequence[Capability]:
        """What clients may use."""
        return (
            Capability("gateway.json", supported=True, note="FIX JSON encoding over WebSocket"),
            Capability("gateway.tag-value", supported=False),
            Capability("gateway.resend", supported=True, note="messages are kept over restarts"),
            Capability("gateway.quotes", supported=True, note="indicative and binding"),
            Capability("gateway.security-list", supported=True),
        )

    async def configure(self, config: FixConfig, *, context: Context) -> None:
        """Check addresses and the token."""
        listen_address(config.listen)
        check_comp_ids(config.comp_ids)
        try:
            token = config.core_token.reveal() if config.core_token else ""
        except ConfigurationError as error:
            raise ConfigurationError("core_token", error.summary, error.detail) from None
        self._next = Gateway(config, token=token, data_dir=context.data_dir, clock=context.clock)
        self._replaced.set()

    async def run(self) -> None:
        """Run the gateway of the last configuration."""
        while True:
            self._replaced.clear()
            self._gateway = self._next
            assert self._gateway is not None
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(self._gateway.run())
                replaced = group.create_task(self._replaced.wait())
                await asyncio.wait((serving, replaced), return_when=asyncio.FIRST_COMPLETED)
                serving.cancel()
                replaced.cancel()

    def register(self, server: grpc.aio.Server) -> None:
        """Add the gateway service."""
        rpc.add_GatewayServiceServicer_to_server(GatewayServicer(lambda: self._gateway), server)

    def probe(self) -> Probe:
        """Ready while the door is open and the core reports."""
        gateway = self._gateway
        if gateway is None or gateway.core is None:
            return Probe(state=State.STARTING, reason="the door is not open yet")
        trouble = gateway.core.trouble
        upstreams = (Upstream(name="core", connected=not trouble),)
        return Probe(state=State.DEGRADED if trouble else State.READY, reason=trouble, upstreams=upstreams)

    async def drain(self, *, deadline: int) -> AsyncIterator[int]:
        """Log every client out; what is unanswered is taken up again by the next process."""
        hub = self._gateway.hub if self._gateway else None
        for session in hub.sessions if hub else ():
            await session.logout("the gateway restarts; connect again")
        yield 0
