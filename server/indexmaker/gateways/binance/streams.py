"""Connections to the public streams: `/ws`, `/stream`, and live changes of their subscriptions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog
from aiohttp import WSCloseCode, WSMsgType, web

from indexmaker.gateways.binance.hub import Hub
from indexmaker.gateways.binance.outbox import Outbox
from indexmaker.gateways.binance.rate_limits import Counter
from indexmaker.gateways.binance.sockets import Sockets
from indexmaker.gateways.binance.venue import Venue

__all__ = ["StreamError", "StreamSession", "streams_handler"]

_log = structlog.get_logger(__name__)

_MOST_STREAMS = 1024
_WAITING = 2000
_STREAM = re.compile(r"[^\s@/?]{1,50}@[A-Za-z0-9_@+:]{1,40}\Z|![A-Za-z0-9_@]{1,40}\Z")
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")


class StreamError(Exception):
    """A request on a stream connection that is answered with a code and a text."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class StreamSession:
    """One connection: its subscriptions and the shape of its events."""

    def __init__(self, hub: Hub, *, send: Callable[[str], None], combined: bool) -> None:
        self._hub = hub
        self._send = send
        self._combined = combined
        self._streams: dict[str, None] = {}

    def deliver(self, stream: str, payload: str) -> None:
        """Send an event, wrapped with its stream's name on a combined connection."""
        self._send(f'{{"stream":"{stream}","data":{payload}}}' if self._combined else payload)

    def subscribe(self, streams: Sequence[str]) -> None:
        """Add streams; raises `StreamError` for a name that is none, or for too many."""
        for stream in streams:
            if not _STREAM.match(stream):
                raise StreamError(2, f"Invalid request: {stream[:64]!r} is not a stream")
        if len({*self._streams, *streams}) > _MOST_STREAMS:
            raise StreamError(2, f"Invalid request: more than {_MOST_STREAMS} streams")
        for stream in streams:
            self._streams[stream] = None
            self._hub.subscribe(stream, self)

    def unsubscribe(self, streams: Sequence[str]) -> None:
        """Take streams away."""
        for stream in streams:
            self._streams.pop(stream, None)
            self._hub.unsubscribe(stream, self)

    def close(self) -> None:
        """Take all streams away."""
        self.unsubscribe(list(self._streams))

    def request(self, text: str) -> None:
        """Answer a request of the client."""
        number: object = None
        try:
            message = self._decode(text)
            number = message.get("id")
            reply: dict[str, object] = {"result": self._perform(message), "id": number}
        except StreamError as error:
            reply = {"error": {"code": error.code, "msg": error.text}, "id": number}
        self._send(msgspec.json.encode(reply).decode())

    def _decode(self, text: str) -> dict[str, object]:
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise StreamError(3, f"Invalid JSON: {error}") from None
        if not isinstance(message, dict):
            raise StreamError(2, "Invalid request: request must be an object")
        number = message.get("id")
        if isinstance(number, bool) or not isinstance(number, int | str | None) or len(str(number)) > 36:
            message["id"] = None
            raise StreamError(
                2, "Invalid request: request ID must be an unsigned integer, a string of at most 36 or null"
            )
        return message

    def _perform(self, message: dict[str, object]) -> object:
        method, params = message.get("method"), message.get("params")
        if method == "LIST_SUBSCRIPTIONS":
            return list(self._streams)
        if method in ("SET_PROPERTY", "GET_PROPERTY"):
            return self._property(str(method), params if isinstance(params, list) else [])
        if method not in _METHODS:
            names = ", ".join(f"`{name}`" for name in _METHODS)
            raise StreamError(2, f"Invalid request: unknown variant {method!r}, expected one of {names}")
        if not isinstance(params, list) or not all(isinstance(stream, str) for stream in params):
            raise StreamError(2, "Invalid request: params must be a list of stream names")
        (self.subscribe if method == "SUBSCRIBE" else self.unsubscribe)(params)
        return None

    def _property(self, method: str, params: list[object]) -> object:
        if not params or not isinstance(params[0], str):
            raise StreamError(2, "Invalid request: property name must be a string")
        if params[0] != "combined":
            raise StreamError(0, "Unknown property")
        if method == "GET_PROPERTY":
            return self._combined
        if len(params) != 2 or not isinstance(params[1], bool):
            raise StreamError(1, "Invalid value type: expected Boolean")
        self._combined = params[1]
        return None


def streams_handler(
    venue: Venue, hub: Hub, sockets: Sockets, *, combined: bool
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The request handler of stream connections. Raw ones name streams in the path, combined ones in the query."""

    async def handle(request: web.Request) -> web.StreamResponse:
        text = str(request.rel_url.query.get("streams", "") if combined else request.match_info.get("streams", ""))
        named = [name for name in text.split("/") if _STREAM.match(name)]
        async with sockets.accept(request) as socket:
            outbox = Outbox(_WAITING, drop=sockets.cutter(request))
            session = StreamSession(hub, send=outbox.put, combined=combined)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(outbox.write_to(socket))
                    session.subscribe(named[:_MOST_STREAMS])
                    sent = Counter(venue.limits.limits.stream_messages)
                    async for message in socket:
                        if sent.add(session, 1, now=venue.clock.now()) > sent.window.limit:
                            await socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests")
                        elif message.type is WSMsgType.TEXT:
                            session.request(message.data)
                    outbox.close()
            finally:
                session.close()
                if outbox.dropped:
                    _log.warning("slow_client_dropped", address=request.remote)
            return socket

    return handle
