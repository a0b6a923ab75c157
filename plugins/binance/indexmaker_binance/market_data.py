"""The market data connector: instruments and live books, served to any number of subscribers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import grpc.aio
import structlog

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.api.marketdata.v1 import market_data_pb2_grpc as rpc
from indexmaker.connectors.connector import Capability, Connector, Context, Probe, State, Upstream
from indexmaker.connectors.errors import StreamClosedError, TransientError
from indexmaker.connectors.streams import BATCH_LIMIT, SequenceNumbers
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.catalogue import Catalogue
from indexmaker_binance.client import VenueClient
from indexmaker_binance.configuration import MarketDataConfig, endpoints_of
from indexmaker_binance.environment import Endpoints
from indexmaker_binance.errors import BinanceError
from indexmaker_binance.mailbox import Mailbox
from indexmaker_binance.market_feed import FeedSettings, MarketFeed
from indexmaker_binance.market_messages import instrument_message
from indexmaker_binance.sessions import Sessions, keep_reading
from indexmaker_binance.sockets import Backoff, opened

__all__ = ["BinanceMarketData"]

_log = structlog.get_logger(__name__)

_Streams = grpc.aio.ServicerContext[pb.SubscribeRequest, pb.SubscribeResponse]


class MarketDataSession:
    """Everything that lives as long as one configuration."""

    def __init__(self, config: MarketDataConfig, endpoints: Endpoints, *, context: Context) -> None:
        self.config = config
        self.endpoints = endpoints
        client = VenueClient(endpoints, credentials=None, timeout_ms=config.request_timeout_ms, recv_window_ms=5_000)
        self.api = VenueApi(client, endpoints, clock=context.clock)
        self.catalogue = Catalogue(self.api, venue=config.venue, names=AssetNames(config.asset_aliases))
        self.random = Random()  # noqa: S311 - spreads reconnects
        self.feed = MarketFeed(
            self.api,
            self.catalogue,
            FeedSettings(
                snapshot_depth=config.snapshot_depth,
                stale_after_ms=config.stale_after_ms,
                retry_ms=config.retry_ms,
                trades=config.trades,
            ),
            connect=lambda: opened(f"{endpoints.stream}/stream", endpoints, timeout_ms=config.request_timeout_ms),
            clock=context.clock,
            random=self.random,
        )
        self.ready = asyncio.Event()
        self.trouble = "the instruments are being read"
        self._mailboxes: set[Mailbox] = set()

    def mailbox(self, *, depth: int) -> Mailbox:
        """A new subscriber's."""
        made = Mailbox(depth=depth, limit=self.config.subscriber_backlog, state=self.feed.state)
        self._mailboxes.add(made)
        return made

    def leave(self, mailbox: Mailbox) -> None:
        """A subscriber is gone."""
        self._mailboxes.discard(mailbox)
        self.feed.unfollow(mailbox, tuple(mailbox.symbols))

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.feed.run())
            group.create_task(
                keep_reading(
                    self._refresh, every_ms=self.config.instruments_every_ms, backoff=Backoff(random=self.random)
                )
            )

    async def close(self) -> None:
        """End the subscriptions and the connection."""
        for mailbox in self._mailboxes:
            mailbox.close()
        await self.api.close()

    async def _refresh(self) -> None:
        try:
            self.feed.rules_changed(await self.catalogue.refresh())
        except BinanceError as error:
            self.trouble = f"the instruments cannot be read: {error}"
            raise
        self.trouble = ""
        self.ready.set()


class BinanceMarketData(Connector[MarketDataConfig]):
    """Serves `MarketDataService` from Binance's streams."""

    configuration = MarketDataConfig

    def __init__(self) -> None:
        self._sessions: Sessions[MarketDataSession] = Sessions()
        self._instance_id = ""

    def capabilities(self) -> Sequence[Capability]:
        """What is delivered."""
        return (
            Capability("market-data.book", supported=True, note="differences every 100 ms"),
            Capability("market-data.best-quote", supported=True, note="from the book"),
            Capability("market-data.trades", supported=True, note="a slow subscriber loses some"),
            Capability("market-data.instrument-changes", supported=True),
        )

    async def configure(self, config: MarketDataConfig, *, context: Context) -> None:
        """Take a configuration; a change replaces all connections."""
        endpoints = endpoints_of(config.environment)
        self._instance_id = context.instance_id
        self._sessions.replace(lambda: MarketDataSession(config, endpoints, context=context))

    async def run(self) -> None:
        """Keep books until cancelled."""
        await self._sessions.run()

    def register(self, server: grpc.aio.Server) -> None:
        """Add the market data service."""
        rpc.add_MarketDataServiceServicer_to_server(MarketDataServicer(self), server)

    def probe(self) -> Probe:
        """Ready when the instruments are known and every followed book can be trusted."""
        session = self._sessions.current
        if session is None:
            return Probe(state=State.STARTING, reason="not running yet")
        feed = session.feed
        upstreams = (
            Upstream(name=session.endpoints.rest, connected=not session.trouble),
            Upstream(name=session.endpoints.stream, connected=feed.connected, heard_at=feed.heard_at),
        )
        if not session.ready.is_set():
            return Probe(state=State.STARTING, reason=session.trouble, upstreams=upstreams)
        untrusted = feed.untrusted
        if session.trouble or untrusted or not feed.connected:
            lost = f"no trusted book for {', '.join(untrusted[:5])}" if untrusted else "a stream is not connected"
            reason = session.trouble or lost
            return Probe(state=State.DEGRADED, reason=reason, upstreams=upstreams)
        return Probe(state=State.READY, upstreams=upstreams)

    async def session(self) -> MarketDataSession:
        """The session in force, once its instruments are known."""
        session = await self._sessions.get()
        await session.ready.wait()
        return session

    @property
    def instance_id(self) -> str:
        """Identifies this process."""
        return self._instance_id


class MarketDataServicer(rpc.MarketDataServiceServicer):
    """The gRPC face."""

    def __init__(self, connector: BinanceMarketData) -> None:
        self._connector = connector

    async def ListInstruments(  # noqa: N802
        self, request: pb.ListInstrumentsRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.ListInstrumentsResponse:
        """All instruments, or those named."""
        session = await self._connector.session()
        chosen = session.catalogue.select(request.symbols)
        return pb.ListInstrumentsResponse(instruments=[instrument_message(rules.instrument) for rules in chosen])

    async def Subscribe(  # type: ignore[override]  # noqa: N802 - reads and writes instead of generating
        self, request_iterator: object, context: _Streams
    ) -> None:
        """Live data until the client goes, or the configuration is replaced."""
        session = await self._connector.session()
        first = await context.read()
        if not isinstance(first, pb.SubscribeRequest):
            return
        mailbox = session.mailbox(depth=first.depth)
        replaced = False
        try:
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read(session, mailbox, first, context))
                try:
                    await self._write(mailbox, context)
                except StreamClosedError:
                    replaced = True
                reader.cancel()
        finally:
            session.leave(mailbox)
        if replaced:
            raise TransientError("the configuration was replaced; subscribe anew")

    async def _read(
        self, session: MarketDataSession, mailbox: Mailbox, request: pb.SubscribeRequest, context: _Streams
    ) -> None:
        change: object = request
        while isinstance(change, pb.SubscribeRequest):
            session.feed.unfollow(mailbox, change.remove)
            session.feed.follow(mailbox, change.add)
            change = await context.read()

    async def _write(self, mailbox: Mailbox, context: _Streams) -> None:
        numbers = SequenceNumbers()
        while True:
            events = await mailbox.take(BATCH_LIMIT)
            if events:
                first = numbers.take(len(events))
                await context.write(
                    pb.SubscribeResponse(instance_id=self._connector.instance_id, first_sequence=first, events=events)
                )
