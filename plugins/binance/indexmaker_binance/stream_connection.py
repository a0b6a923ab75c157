"""One market-stream connection whose subscriptions change while it lives, and which heals itself."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

import structlog

from indexmaker_binance.errors import StreamBrokenError
from indexmaker_binance.sockets import STABLE_SECONDS, Backoff, VenueSocket

__all__ = ["StreamConnection", "StreamListener", "StreamPace"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamListener:
    """Whom a connection tells what; all are called in the order of events and must not block."""

    message: Callable[[Mapping[str, Any]], None]
    """The payload of one stream message."""
    subscribed: Callable[[Sequence[str]], None]
    """The venue confirmed these streams; what they carry arrives from now on."""
    lost: Callable[[str], None]
    """The connection is gone, with the reason; every stream on it has a hole from here on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPace:
    """The venue's rules for one connection."""

    between_ms: int = 250
    """Between two requests: at most five messages a second are allowed, pings among them."""
    batch: int = 200
    """Streams in one request."""
    most: int = 1024
    """Streams on one connection."""
    answer_ms: int = 10_000
    """How long a request may stay unanswered."""
    lifetime_ms: int = 23 * 3_600_000
    """The venue cuts connections after 24 hours; ours are renewed before."""


class StreamConnection:
    """Set `wanted` through `want` and `drop`; `run` makes it so, again after each reconnect."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[VenueSocket]],
        listener: StreamListener,
        *,
        backoff: Backoff,
        pace: StreamPace,
    ) -> None:
        self._connect = connect
        self._listener = listener
        self._backoff = backoff
        self._pace = pace
        self._wanted: dict[str, None] = {}
        self._active: dict[str, None] = {}
        self._changed = asyncio.Event()
        self._answers: dict[int, asyncio.Future[None]] = {}
        self._ids = itertools.count(1)
        self.connected = False

    @property
    def room(self) -> int:
        """How many more streams fit."""
        return self._pace.most - len(self._wanted)

    def carries(self, streams: Sequence[str]) -> bool:
        """Whether the venue sends these streams here already."""
        return self.connected and all(stream in self._active for stream in streams)

    def want(self, streams: Sequence[str]) -> None:
        """Subscribe to these from now on."""
        self._wanted.update(dict.fromkeys(streams))
        self._changed.set()

    def drop(self, streams: Sequence[str]) -> None:
        """Unsubscribe."""
        for stream in streams:
            self._wanted.pop(stream, None)
        self._changed.set()

    async def run(self) -> None:
        """Keep the connection until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began, reason = loop.time(), "the connection is renewed"
            try:
                async with asyncio.timeout(self._pace.lifetime_ms / 1_000), self._connect() as socket:
                    await self._serve(socket)
            except* StreamBrokenError as broken:
                reason = str(broken.exceptions[0])
            except* TimeoutError:
                _log.info("stream renewed")
            if loop.time() - began > STABLE_SECONDS:
                self._backoff.reset()
            self.connected = False
            self._active.clear()
            self._answers.clear()
            _log.warning("stream lost", reason=reason, streams=len(self._wanted))
            self._listener.lost(reason)
            await asyncio.sleep(self._backoff.next_ms() / 1_000)

    async def _serve(self, socket: VenueSocket) -> None:
        self.connected = True
        self._changed.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(socket))
            group.create_task(self._subscribe(socket))

    async def _read(self, socket: VenueSocket) -> None:
        while True:
            message = await socket.receive()
            data = message.get("data", message)
            if "stream" in message and data.get("e") != "serverShutdown":
                self._listener.message(data)
            elif data.get("e") == "serverShutdown":
                raise StreamBrokenError("the venue announced that this server shuts down")
            elif "code" in message or "error" in message:
                raise StreamBrokenError(f"the venue refused a subscription: {message}")
            elif waiting := self._answers.pop(message.get("id", -1), None):
                waiting.set_result(None)

    async def _subscribe(self, socket: VenueSocket) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            while batch := [stream for stream in self._active if stream not in self._wanted][: self._pace.batch]:
                await self._request(socket, "UNSUBSCRIBE", batch)
                for stream in batch:
                    self._active.pop(stream)
            while batch := [stream for stream in self._wanted if stream not in self._active][: self._pace.batch]:
                await self._request(socket, "SUBSCRIBE", batch)
                self._active.update(dict.fromkeys(batch))
                self._listener.subscribed(batch)

    async def _request(self, socket: VenueSocket, method: str, streams: Sequence[str]) -> None:
        request = next(self._ids)
        answer = asyncio.get_running_loop().create_future()
        self._answers[request] = answer
        await socket.send({"method": method, "params": list(streams), "id": request})
        try:
            async with asyncio.timeout(self._pace.answer_ms / 1_000):
                await answer
        except TimeoutError:
            raise StreamBrokenError(f"{method} was not answered") from None
        await asyncio.sleep(self._pace.between_ms / 1_000)
