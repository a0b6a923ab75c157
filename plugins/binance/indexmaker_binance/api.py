"""Calls to the venue within its limits, with our own clock correction and with errors that say what is known."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import aiohttp
import structlog

from indexmaker_binance.client import Reply, VenueClient, reply
from indexmaker_binance.environment import Endpoints
from indexmaker_binance.errors import (
    EnvironmentRefusedError,
    NotReachedError,
    ResultUnknownError,
    VenueBusyError,
    VenueRefusedError,
)
from indexmaker_binance.governor import Governor, Priority
from indexmaker_binance.time_offset import TimeOffset

__all__ = ["Clock", "VenueApi"]

_log = structlog.get_logger(__name__)

_TIMESTAMP_REFUSED = -1021
_BANNED = 418


class Clock(Protocol):
    """A source of time."""

    def now(self) -> int:
        """UTC nanoseconds since 1970."""


class VenueApi:
    """One account (or none) at one venue.

    Every call raises a `BinanceError`: `NotReachedError` (not sent), `VenueRefusedError` (nothing happened;
    `VenueBusyError` when there is no room), or `ResultUnknownError`.
    """

    def __init__(self, client: VenueClient, endpoints: Endpoints, *, clock: Clock) -> None:
        self.client = client
        self.endpoints = endpoints
        self.governor = Governor()
        self.offset = TimeOffset()
        self._clock = clock

    async def call(
        self,
        method: str,
        *,
        weight: int,
        orders: int = 0,
        priority: Priority = Priority.ACCOUNT,
        patience_ms: int = 90_000,
        **params: Any,  # noqa: ANN401 - the venue's own parameters
    ) -> Any:  # noqa: ANN401 - the venue's JSON
        """Call a method of python-binance's client. `patience_ms` bounds how long to wait for room in the limits.

        A refused timestamp is measured anew and the request repeated once.
        """
        try:
            return await self._once(method, weight, orders, priority, patience_ms, params)
        except VenueRefusedError as error:
            if error.code != _TIMESTAMP_REFUSED:
                raise
            _log.warning("timestamp refused", method=method)
            self.offset.restart()
            await self.measure_time()
            return await self._once(method, weight, orders, priority, patience_ms, params)

    async def wallet(self, method: str, **params: Any) -> Any:  # noqa: ANN401
        """Call a method of `/sapi`; it has limits of its own, of which only Retry-After is known here."""
        if not self.endpoints.sapi:
            raise EnvironmentRefusedError(f"{self.endpoints.world} has no wallet interface (deposits, withdrawals)")
        return await self.call(method, weight=0, **params)

    async def measure_time(self) -> int:
        """Measure how far the venue's clock is from ours; returns the offset now used, in milliseconds."""
        sent = self._clock.now()
        answer = await self._once("get_server_time", 1, 0, Priority.ORDER, 5_000, {})
        self.offset.add(sent=sent, received=self._clock.now(), server_ms=int(answer["serverTime"]))
        self.client.timestamp_offset = self.offset.milliseconds
        return self.offset.milliseconds

    async def close(self) -> None:
        """Close the session."""
        await self.client.close_connection()

    def venue_now(self) -> int:
        """The venue's time, in UTC nanoseconds, as far as it is known."""
        return self._clock.now() + self.offset.nanoseconds

    async def _once(
        self, method: str, weight: int, orders: int, priority: Priority, patience_ms: int, params: dict[str, Any]
    ) -> Any:  # noqa: ANN401
        await self._admission(weight, orders, priority, patience_ms)
        charge = self.governor.reserve(weight=weight, orders=orders, now=self.venue_now())
        box = Reply()
        reply.set(box)
        try:
            return await getattr(self.client, method)(**params)
        except VenueBusyError as error:
            banned = error.status == _BANNED
            self.governor.back_off(error.retry_after_ms, banned=banned, now=self.venue_now())
            _log.warning("rate limited", method=method, retry_after_ms=error.retry_after_ms, banned=banned)
            raise
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotReachedError(f"{method}: no connection to the venue: {error}") from error
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            raise ResultUnknownError(f"{method}: no answer from the venue: {type(error).__name__}") from error
        finally:
            self.governor.settle(charge, box.headers, now=self.venue_now())

    async def _admission(self, weight: int, orders: int, priority: Priority, patience_ms: int) -> None:
        while wait := self.governor.wait(weight=weight, orders=orders, priority=priority, now=self.venue_now()):
            if wait > patience_ms * 10**6:
                raise VenueBusyError("our own budget of requests is used up", retry_after_ms=-(-wait // 10**6))
            patience_ms -= wait // 10**6
            await asyncio.sleep(wait / 10**9)
