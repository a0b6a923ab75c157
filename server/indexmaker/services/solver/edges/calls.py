"""Calling a plugin that may be away: waiting for it, and trying again what is safe to try again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import grpc
import structlog

from indexmaker.connectors.errors import AmbiguousError, InternalError
from indexmaker.connectors.status import error_of
from indexmaker.solver.events import SolverEvent

__all__ = ["PAUSE", "Post", "converse", "is_passing", "keep_calling", "keep_running"]

_log = structlog.get_logger(__name__)

T = TypeVar("T")

Post = Callable[[SolverEvent], Awaitable[object]]
"""Hands an event to the sequencer."""

PAUSE = 0.2
"""Seconds between attempts; the channel itself waits for the plugin, so this only bounds a fast failure."""


def is_passing(error: grpc.aio.AioRpcError) -> bool:
    """True when the same idempotent call may succeed later."""
    meant = error_of(error)
    return meant.retryable or isinstance(meant, AmbiguousError | InternalError)


async def keep_calling(name: str, call: Callable[[], Awaitable[T]]) -> T:
    """Repeat an idempotent call until it succeeds or is refused for good; the refusal is raised."""
    while True:
        try:
            return await call()
        except grpc.aio.AioRpcError as error:
            if not is_passing(error):
                raise
            _log.warning("plugin_call_failed", call=name, code=error.code().name, details=error.details())
        await asyncio.sleep(PAUSE)


async def keep_running(name: str, session: Callable[[], Awaitable[None]]) -> None:
    """Run a streaming session again and again; each ends when its stream does."""
    while True:
        try:
            await session()
            _log.info("plugin_stream_ended", stream=name)
        except grpc.aio.AioRpcError as error:
            _log.warning("plugin_stream_broken", stream=name, code=error.code().name, details=error.details())
        await asyncio.sleep(PAUSE)


async def converse(call: grpc.aio.Call, *, write: Coroutine[Any, Any, None], read: Coroutine[Any, Any, None]) -> None:
    """Write and read at the same time until the stream ends; raises the `AioRpcError` of one that broke."""
    try:
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(write)
            await read
            writer.cancel()
    except* (grpc.aio.AioRpcError, asyncio.InvalidStateError) as errors:
        # InvalidStateError: the stream was over already when the writer had something for it.
        broken = errors.subgroup(grpc.aio.AioRpcError)
        if broken is not None:
            raise broken.exceptions[0] from None
    finally:
        call.cancel()
