"""The gateway as one web application."""

from __future__ import annotations

from aiohttp import web

from indexmaker.gateways.binance.feed import MarketFeed
from indexmaker.gateways.binance.hub import Hub
from indexmaker.gateways.binance.rest import rest_handler
from indexmaker.gateways.binance.routes import routes
from indexmaker.gateways.binance.sockets import Sockets
from indexmaker.gateways.binance.streams import streams_handler
from indexmaker.gateways.binance.tickers import Tickers
from indexmaker.gateways.binance.user_data import UserEvents
from indexmaker.gateways.binance.venue import Venue
from indexmaker.gateways.binance.ws_api import ws_api_handler

__all__ = ["BinanceGateway"]

_LARGEST_BODY = 256 * 1024


class BinanceGateway:
    """Serves an exchange to programs written for Binance.

    Construct it before the sequencer recovers (it subscribes), call `start` after recovery, serve `application`,
    run `run` in a task group.
    """

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self.hub = Hub()
        self._sockets = Sockets()
        self._tickers = Tickers()
        self._feed = MarketFeed(venue.engine, self.hub, clock=venue.clock)
        self._users = UserEvents(venue.engine, self.hub, clock=venue.clock, limits=venue.limits)
        for observe in (self._tickers.observe, self._feed.observe, self._users.observe):
            venue.sequencer.subscribe(observe)
        self.application = self._build()

    def start(self) -> None:
        """Take over what the recovered engine remembers."""
        self._tickers.load(self._venue.engine)

    async def run(self) -> None:
        """Send timed stream events until cancelled."""
        await self._feed.run()

    def flush(self) -> None:
        """Send all collected book changes now, whatever their speed."""
        self._feed.flush_fast()
        self._feed.flush_slow()

    def _build(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_BODY)
        rest, websocket = routes(self._tickers)
        for (method, path), operation in rest.items():
            application.router.add_route(method, path, rest_handler(self._venue, operation))
        raw = streams_handler(self._venue, self.hub, self._sockets, combined=False)
        combined = streams_handler(self._venue, self.hub, self._sockets, combined=True)
        application.router.add_get("/ws", raw)
        application.router.add_get("/ws/{streams:.*}", raw)
        application.router.add_get("/stream", combined)
        application.router.add_get("/ws-api/v3", ws_api_handler(self._venue, self.hub, websocket, self._sockets))
        application.on_shutdown.append(self._close_sockets)
        return application

    async def _close_sockets(self, application: web.Application) -> None:
        del application
        await self._sockets.close()
