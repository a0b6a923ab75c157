"""What a connection needs of a wire, and the wire of aiohttp."""

from __future__ import annotations

import asyncio
from typing import Protocol

from aiohttp import WSCloseCode, WSMsgType, web

__all__ = ["Transport", "WebSocketTransport"]

_LONGEST_REASON = 120


class Transport(Protocol):
    """One connection that carries text frames."""

    peer: str

    async def send(self, text: str) -> None:
        """Write a frame, waiting while the other side does not read."""

    async def close(self, reason: str) -> None:
        """Close in an orderly way."""

    def abort(self) -> None:
        """Cut it."""


class WebSocketTransport:
    """A WebSocket of aiohttp."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.peer = request.remote or ""
        self._request = request
        self._socket = socket

    @property
    def wire(self) -> asyncio.Transport | None:
        """The socket underneath; None once it is gone."""
        return self._request.transport

    async def send(self, text: str) -> None:
        """Write a frame, waiting while the other side does not read."""
        await self._socket.send_str(text)

    async def receive(self, *, seconds: float) -> str | bytes | None:
        """The next frame, None once the connection is closed; raises `TimeoutError`."""
        message = await asyncio.wait_for(self._socket.receive(), timeout=max(seconds, 0.001))
        if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
            data: str | bytes = message.data
            return data
        return None

    async def close(self, reason: str) -> None:
        """Close in an orderly way; the other side's answer is not waited for longer than the server's limit."""
        text = reason.encode()[:_LONGEST_REASON].decode(errors="ignore")
        await self._socket.close(code=WSCloseCode.OK, message=text.encode())

    def abort(self) -> None:
        """Cut it."""
        if self._request.transport is not None:
            self._request.transport.abort()
