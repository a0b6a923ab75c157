"""What waits to be sent to one client: bounded, so that a slow client costs a connection and not the memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from aiohttp import web

__all__ = ["Outbox"]


class Outbox:
    """A queue of text frames. The frame that does not fit drops the client."""

    def __init__(self, limit: int, *, drop: Callable[[], None]) -> None:
        self._limit = limit
        self._drop = drop
        self._frames: deque[str] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    @property
    def dropped(self) -> bool:
        """Whether the client was too slow."""
        return self._closed and bool(self._frames)

    def put(self, frame: str) -> None:
        """Queue a frame; on overflow the connection is cut and nothing more is taken."""
        if self._closed:
            return
        self._frames.append(frame)
        if len(self._frames) > self._limit:
            self._closed = True
            self._drop()
        self._ready.set()

    def close(self) -> None:
        """Let `write_to` return; what still waits is not sent."""
        self._closed = True
        self._frames.clear()
        self._ready.set()

    async def write_to(self, socket: web.WebSocketResponse) -> None:
        """Send frames in order until closed, dropped, or the client is gone."""
        try:
            while True:
                await self._ready.wait()
                self._ready.clear()
                while self._frames and not self.dropped:
                    await socket.send_str(self._frames.popleft())
                if self._closed:
                    return
        except (ConnectionError, RuntimeError):  # aiohttp raises both for a closed transport
            self._closed = True
