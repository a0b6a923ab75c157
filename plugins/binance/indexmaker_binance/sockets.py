"""python-binance's WebSocket, read by us: its own read loop drops messages and hides lost connections.

A socket is used until the first trouble and then thrown away; whoever owns it opens a new one and reconciles.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import msgspec
from binance.ws.reconnecting_websocket import ReconnectingWebsocket
from websockets.exceptions import WebSocketException

from indexmaker_binance.environment import Endpoints
from indexmaker_binance.errors import StreamBrokenError

__all__ = ["STABLE_SECONDS", "Backoff", "VenueSocket", "opened"]

STABLE_SECONDS = 30
"""A connection that lived so long counts as having worked."""

_LARGEST_MESSAGE = 16 * 2**20
_READ_ELSEWHERE = object()


class VenueSocket(ReconnectingWebsocket):  # type: ignore[misc]  # python-binance is not typed
    """One connection without reconnects; every failure is `StreamBrokenError`."""

    def __init__(self, url: str, *, direct: bool) -> None:
        """`direct` ignores proxies of the environment, as for an exchange on this machine."""
        options: dict[str, Any] = {"max_size": _LARGEST_MESSAGE}
        if direct:
            options["proxy"] = None
        super().__init__(url=url, path="", prefix="", **options)
        self._handle_read_loop = _READ_ELSEWHERE  # keeps `connect` from starting a loop of its own

    async def receive(self) -> dict[str, Any]:
        """The next message; a message that is not a JSON object breaks the stream."""
        assert self.ws is not None
        try:
            message = msgspec.json.decode(await self.ws.recv())
        except (WebSocketException, OSError, msgspec.DecodeError) as error:
            raise StreamBrokenError(f"the stream ended: {type(error).__name__}: {error}") from error
        if not isinstance(message, dict):
            raise StreamBrokenError("the stream carries something that is not a JSON object")
        return message

    async def send(self, message: Mapping[str, Any]) -> None:
        """Write one JSON object."""
        assert self.ws is not None
        try:
            await self.ws.send(json.dumps(message))
        except (WebSocketException, OSError) as error:
            raise StreamBrokenError(f"the stream ended: {type(error).__name__}: {error}") from error


@asynccontextmanager
async def opened(url: str, endpoints: Endpoints, *, timeout_ms: int) -> AsyncIterator[VenueSocket]:
    """Connect, and close in the end. Raises `StreamBrokenError` when no connection can be made."""
    socket = VenueSocket(url, direct=endpoints.world == "custom")
    try:
        async with asyncio.timeout(timeout_ms / 1_000):
            await socket.connect()
    except (WebSocketException, OSError, TimeoutError) as error:
        raise StreamBrokenError(f"cannot connect: {type(error).__name__}: {error}") from error
    try:
        yield socket
    finally:
        if socket.ws is not None:
            await socket.ws.close()


class Backoff:
    """Waits between attempts: exponential with full jitter, from 100 ms to 30 s.

    Reset it only after something has worked for a while: the venue limits how often one may connect.
    """

    def __init__(self, *, random: Random, first_ms: int = 100, most_ms: int = 30_000) -> None:
        self._random = random
        self._first = first_ms
        self._most = most_ms
        self._attempt = 0

    def next_ms(self) -> float:
        """How long to wait before the next attempt."""
        ceiling = min(self._most, self._first * 2 ** min(self._attempt, 20))
        self._attempt += 1
        return self._random.uniform(self._first / 2, ceiling)

    def reset(self) -> None:
        """The last attempt worked."""
        self._attempt = 0
