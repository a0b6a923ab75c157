"""The orders connector: one spot account's orders, executions, balances and deposits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import grpc.aio

from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.connector import Capability, Connector, Context, Probe, State, Upstream
from indexmaker_binance.configuration import OrdersConfig, credentials_of, endpoints_of
from indexmaker_binance.funding_service import FundingServicer
from indexmaker_binance.order_service import OrderEntryServicer
from indexmaker_binance.orders_session import OrdersSession
from indexmaker_binance.sessions import Sessions

__all__ = ["BinanceOrders"]

_DRAIN_STEP = 0.05


class BinanceOrders(Connector[OrdersConfig]):
    """Serves `OrderEntryService` and `FundingService` for one account."""

    configuration = OrdersConfig

    def __init__(self) -> None:
        self._sessions: Sessions[OrdersSession] = Sessions()
        self._context: Context | None = None
        self.draining = False

    def capabilities(self) -> Sequence[Capability]:
        """What the account can be told to do."""
        return (
            Capability("order-entry.limit", supported=True, note="GTC, IOC and FOK"),
            Capability("order-entry.market", supported=False),
            Capability("order-entry.amend", supported=False),
            Capability("order-entry.idempotent-placement", supported=True, note="also across restarts"),
            Capability("executions.backfill", supported=True),
            Capability("funding.deposit-address", supported=True, note="not on the testnet"),
            Capability("funding.deposit-history", supported=True, note="not on the testnet"),
            Capability("funding.withdraw", supported=True, note="where switched on; not on the testnet"),
        )

    async def configure(self, config: OrdersConfig, *, context: Context) -> None:
        """Take a configuration; a change replaces all connections."""
        endpoints = endpoints_of(config.environment)
        credentials = credentials_of(config)
        self._context = context
        self._sessions.replace(lambda: OrdersSession(config, endpoints, credentials, context=context))

    async def run(self) -> None:
        """Follow the account until cancelled."""
        await self._sessions.run()

    def register(self, server: grpc.aio.Server) -> None:
        """Add both services."""
        rpc.add_OrderEntryServiceServicer_to_server(OrderEntryServicer(self), server)
        rpc.add_FundingServiceServicer_to_server(FundingServicer(self), server)

    def probe(self) -> Probe:
        """Ready when the instruments are known and the account's events arrive."""
        session = self._sessions.current
        if session is None:
            return Probe(state=State.STARTING, reason="not running yet")
        upstreams = (
            Upstream(name=session.endpoints.rest, connected=not session.trouble),
            Upstream(name=session.endpoints.ws_api, connected=session.hub.live, heard_at=session.user_stream.heard_at),
        )
        if not session.ready.is_set():
            return Probe(state=State.STARTING, reason=session.trouble, upstreams=upstreams)
        reason = session.trouble or session.user_stream.trouble
        state = State.DEGRADED if reason else State.READY
        return Probe(state=state, reason=reason, upstreams=upstreams)

    async def drain(self, *, deadline: int) -> AsyncIterator[int]:
        """Refuse new orders and wait for the answers to those under way; open orders stay at the venue."""
        self.draining = True
        left = None
        while left != 0 and self._context is not None and self._context.clock.now() < deadline:
            session = self._sessions.current
            now = session.under_way if session else 0
            if now != left:
                yield now
            left = now
            await asyncio.sleep(_DRAIN_STEP)

    async def session(self) -> OrdersSession:
        """The session in force, once its instruments are known."""
        session = await self._sessions.get()
        await session.ready.wait()
        return session

    @property
    def instance_id(self) -> str:
        """Identifies this process."""
        return self._context.instance_id if self._context else ""
