"""What lives as long as one configuration, replaced as a whole by the next one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

import structlog

from indexmaker_binance.errors import BinanceError
from indexmaker_binance.sockets import Backoff

__all__ = ["Session", "Sessions", "keep_reading"]

_log = structlog.get_logger(__name__)


class Session(Protocol):
    """Made from one configuration inside the event loop."""

    async def run(self) -> None:
        """Work until cancelled."""

    async def close(self) -> None:
        """Let go of what is held; called once, after `run` ended."""


S = TypeVar("S", bound=Session)


class _ReplacedError(Exception):
    """A newer configuration is in force."""


class Sessions(Generic[S]):
    """Runs the session of the latest configuration."""

    def __init__(self) -> None:
        self.current: S | None = None
        self._factory: Callable[[], S] | None = None
        self._replaced = asyncio.Event()
        self._started = asyncio.Condition()

    def replace(self, factory: Callable[[], S]) -> None:
        """Use this from now on; the running session is ended."""
        self._factory = factory
        self._replaced.set()

    async def get(self) -> S:
        """The running session; waits until there is one."""
        async with self._started:
            await self._started.wait_for(lambda: self.current is not None)
        assert self.current is not None
        return self.current

    async def run(self) -> None:
        """Run session after session until cancelled, or until one fails."""
        while True:
            await self._replaced.wait()
            self._replaced.clear()
            assert self._factory is not None
            session = self._factory()
            self.current = session
            async with self._started:
                self._started.notify_all()
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(session.run())
                    group.create_task(self._until_replaced())
            except* _ReplacedError:
                _log.info("configuration replaced")
            finally:
                self.current = None
                await session.close()

    async def _until_replaced(self) -> None:
        await self._replaced.wait()
        raise _ReplacedError


async def keep_reading(read: Callable[[], Awaitable[None]], *, every_ms: int, backoff: Backoff) -> None:
    """Read something from the venue again and again: at its interval, or sooner after a failure."""
    while True:
        try:
            await read()
        except BinanceError as error:
            _log.warning("reading failed", what=getattr(read, "__name__", "read"), error=str(error))
            await asyncio.sleep(backoff.next_ms() / 1_000)
        else:
            backoff.reset()
            await asyncio.sleep(every_ms / 1_000)
