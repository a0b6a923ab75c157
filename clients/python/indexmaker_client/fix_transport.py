"""The client's end of a WebSocket."""

from __future__ import annotations

import asyncio

import aiohttp

__all__ = ["LARGEST_MESSAGE", "ClientTransport"]

LARGEST_MESSAGE = 16 * 2**20
"""Bytes of the largest message that is read: invoices of large baskets are long."""


class ClientTransport:
    """A WebSocket of aiohttp, as a FIX connection needs it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, peer: str) -> None:
        self.peer = peer
        self._socket = socket

    async def send(self, text: str) -> None:
        """Write a frame, waiting while the other side does not read."""
        await self._socket.send_str(text)

    async def receive(self, *, seconds: float) -> str | bytes | None:
        """The next frame, None once the connection is closed; raises `TimeoutError`."""
        message = await asyncio.wait_for(self._socket.receive(), timeout=max(seconds, 0.001))
        if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
            data: str | bytes = message.data
            return data
        return None

    async def close(self, reason: str) -> None:
        """Close in an orderly way."""
        await self._socket.close()

    def abort(self) -> None:
        """Cut it."""
        transport = self._socket.get_extra_info("transport")
        if transport is not None:
            transport.abort()
