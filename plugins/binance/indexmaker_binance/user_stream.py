"""The account's events, over the WebSocket API: subscribed by signature, watched, and restored after every loss."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog

from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.errors import BinanceError, StreamBrokenError
from indexmaker_binance.execution_hub import Executed, ExecutionHub
from indexmaker_binance.order_messages import read_event
from indexmaker_binance.sockets import STABLE_SECONDS, Backoff, VenueSocket

__all__ = ["UserStream"]

_log = structlog.get_logger(__name__)

_TIMESTAMP_REFUSED = -1021
_WEIGHT = 4  # connecting and subscribing
_ENDINGS = frozenset({"serverShutdown", "eventStreamTerminated"})


class UserStream:
    """Feeds a hub until cancelled."""

    def __init__(
        self,
        connect: Callable[[], AbstractAsyncContextManager[VenueSocket]],
        api: VenueApi,
        hub: ExecutionHub,
        *,
        names: AssetNames,
        backoff: Backoff,
        answer_ms: int,
        lifetime_ms: int = 23 * 3_600_000,
    ) -> None:
        self._connect = connect
        self._api = api
        self._hub = hub
        self._names = names
        self._backoff = backoff
        self._answer_ms = answer_ms
        self._lifetime_ms = lifetime_ms
        self.trouble = "not connected yet"
        self.heard_at = 0

    async def run(self) -> None:
        """Keep the subscription until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            began, self.trouble = loop.time(), "the connection is renewed"
            try:
                async with asyncio.timeout(self._lifetime_ms / 1_000), self._connect() as socket:
                    early = await self._subscribe(socket)
                    self._hub.restored()
                    self.trouble = ""
                    for message in early:
                        self._take(message)
                    while True:
                        self._take(await socket.receive())
            except StreamBrokenError as error:
                self.trouble = str(error)
            except TimeoutError:
                self.trouble = "the connection is renewed"
            if loop.time() - began > STABLE_SECONDS:
                self._backoff.reset()
            self._hub.lost()
            _log.warning("account events lost", reason=self.trouble)
            await asyncio.sleep(self._backoff.next_ms() / 1_000)

    async def _subscribe(self, socket: VenueSocket) -> list[dict[str, Any]]:
        """Subscribe; returns events that came before the answer."""
        now = self._api.venue_now()
        charge = self._api.governor.reserve(weight=_WEIGHT, orders=0, now=now)
        self._api.governor.settle(charge, {}, now=now)
        request = uuid.uuid4().hex
        await socket.send(self._api.client.signed_frame("userDataStream.subscribe.signature", request_id=request))
        early: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(self._answer_ms / 1_000):
                while (message := await socket.receive()).get("id") != request:
                    early.append(message)
        except TimeoutError:
            raise StreamBrokenError("the subscription was not answered") from None
        if message.get("status") != 200:
            await self._refused(message.get("error") or {})
        return early

    async def _refused(self, error: Mapping[str, Any]) -> None:
        if error.get("code") == _TIMESTAMP_REFUSED:
            self._api.offset.restart()
            try:
                await self._api.measure_time()
            except BinanceError as failed:
                _log.warning("time not measured", error=str(failed))
        raise StreamBrokenError(f"the subscription was refused: {error.get('msg')} (code {error.get('code')})")

    def _take(self, message: Mapping[str, Any]) -> None:
        event = message.get("event")
        if not isinstance(event, dict):
            return
        self.heard_at = self._api.venue_now()
        kind = event.get("e")
        if kind in _ENDINGS:
            raise StreamBrokenError(f"the venue ended the stream: {kind}")
        if kind == "executionReport":
            try:
                order, fill = read_event(event, names=self._names)
            except (KeyError, TypeError, ValueError) as error:
                raise StreamBrokenError(f"an execution report is malformed: {error}") from error
            self._hub.send(Executed(order, fill))
