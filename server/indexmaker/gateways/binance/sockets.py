"""Accepting WebSocket connections, keeping them alive, and closing them all when the exchange stops."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from aiohttp import WSCloseCode, web

__all__ = ["Sockets"]

_PING_SECONDS = 20.0
_LARGEST_MESSAGE = 64 * 1024
_GOODBYE_SECONDS = 1.0


class Sockets:
    """All open connections."""

    def __init__(self, *, ping_seconds: float = _PING_SECONDS) -> None:
        self._ping_seconds = ping_seconds
        self._open: set[web.WebSocketResponse] = set()

    @contextlib.asynccontextmanager
    async def accept(self, request: web.Request) -> AsyncIterator[web.WebSocketResponse]:
        """Shake hands and hold the connection; it is pinged, and pings are answered."""
        socket = web.WebSocketResponse(heartbeat=self._ping_seconds, max_msg_size=_LARGEST_MESSAGE)
        await socket.prepare(request)
        self._open.add(socket)
        try:
            yield socket
        finally:
            self._open.discard(socket)

    @staticmethod
    def cutter(request: web.Request) -> Callable[[], None]:
        """A function that ends the request's connection at once, without waiting for what was not sent."""

        def cut() -> None:
            if request.transport is not None:
                request.transport.abort()

        return cut

    async def close(self) -> None:
        """Say goodbye to everybody at once; nobody is waited for longer than a moment."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_SECONDS), asyncio.TaskGroup() as group:
                for socket in list(self._open):
                    group.create_task(socket.close(code=WSCloseCode.GOING_AWAY, message=b"the exchange is stopping"))
