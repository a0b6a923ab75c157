"""One WebSocket as a session sees it: a bounded queue towards the client, and replays that keep their place."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

import structlog

from indexmaker.connectors.errors import StreamClosedError
from indexmaker.connectors.streams import BatchingQueue
from indexmaker_fix.message import Message, encode
from indexmaker_fix.replay import replayed
from indexmaker_fix.transport import Transport

__all__ = ["Connection", "Kept"]

_log = structlog.get_logger(__name__)

_CHUNK = 100

Kept = Callable[[int, int, int], list[Message]]
"""Kept messages: `(begin, end, limit)`."""


class Connection:
    """Writes in order. While something is sent again, new messages wait in the store and follow from there."""

    def __init__(self, transport: Transport, *, send_queue: int, now: Callable[[], int]) -> None:
        self._transport = transport
        self._queue: BatchingQueue[str] = BatchingQueue(send_queue)
        self._now = now
        self._ranges: deque[tuple[int, int]] = deque()
        self._asked = asyncio.Event()
        self._held_from = 0
        self._last = 0
        self.close_reason = ""
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether nothing more should be read from the other side."""
        return self._ended or self._queue.closed

    def push(self, message: Message) -> None:
        """Send a numbered message. One that a slow client has no room for is left to the store, and the connection
        is dropped.
        """
        self._last = message.number
        if self._ranges:
            self._held_from = self._held_from or message.number
        else:
            self.push_unnumbered(message)

    def push_unnumbered(self, message: Message) -> None:
        """Send a message that has no place in the sequence."""
        if self._queue.closed:
            return
        try:
            self._queue.put_nowait(encode(message))
        except asyncio.QueueFull:
            _log.warning("slow consumer dropped", peer=self._transport.peer)
            self.abort("the client does not read")

    def replay(self, begin: int, end: int) -> None:
        """Send again what is kept in a range; `end` 0 means up to the last number sent."""
        end = min(end or self._last, self._last)
        if begin <= end:
            self._ranges.append((begin, end))
            self._asked.set()

    def end(self, reason: str) -> None:
        """Read no more; the owner frees the session and then calls `finish`."""
        self.close_reason = self.close_reason or reason
        self._ended = True

    def finish(self, reason: str) -> None:
        """Close after what waits is written."""
        self.close_reason = self.close_reason or reason
        self._queue.close()

    def abort(self, reason: str) -> None:
        """Close at once."""
        self.finish(reason)
        self._transport.abort()

    async def write(self) -> None:
        """Write until the connection is finished, then close it."""
        try:
            while True:
                for text in await self._queue.take():
                    await self._transport.send(text)
        except StreamClosedError:
            await self._transport.close(self.close_reason)

    async def replay_asked(self, kept: Kept, *, like: tuple[str, str]) -> None:
        """Send ranges again, as they are asked for, at the speed of the client; runs until cancelled."""
        while True:
            await self._asked.wait()
            while self._ranges:
                begin, end = self._ranges[0]
                await self._send_range(begin, end, kept, like)
                self._ranges.popleft()
                if not self._ranges and self._held_from:
                    self._ranges.append((self._held_from, self._last))
                    self._held_from = 0
            self._asked.clear()

    async def _send_range(self, begin: int, end: int, kept: Kept, like: tuple[str, str]) -> None:
        while begin <= end:
            messages = kept(begin, end, _CHUNK)
            upto = messages[-1].number if len(messages) == _CHUNK else end
            for message in replayed(messages, begin=begin, end=upto, like=like, now=self._now()):
                await self._queue.put(encode(message))
            begin = upto + 1
