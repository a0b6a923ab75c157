"""Hands what happens at the account to everybody who listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from indexmaker.connectors.streams import BatchingQueue
from indexmaker_binance.order_messages import Fill, OrderState

__all__ = ["Executed", "ExecutionHub", "Inbox", "Noted", "Restored", "Signal"]

_BACKLOG = 100_000


@dataclass(frozen=True, slots=True)
class Executed:
    """The venue reported an order, with the trade that changed it, if any."""

    order: OrderState
    fill: Fill | None


@dataclass(frozen=True, slots=True)
class Noted:
    """An order is known to be at the venue."""

    order: OrderState


@dataclass(frozen=True, slots=True)
class Restored:
    """Events may have been missed before now; ask the venue."""


Signal = Executed | Noted | Restored
Inbox = BatchingQueue[Signal]


class ExecutionHub:
    """Between the one stream of the account and any number of listeners."""

    def __init__(self) -> None:
        self._inboxes: set[Inbox] = set()
        self._live = asyncio.Event()
        self._ended = False

    @property
    def live(self) -> bool:
        """Whether events of the account arrive."""
        return self._live.is_set()

    async def wait_live(self) -> None:
        """Wait until events of the account arrive."""
        await self._live.wait()

    def restored(self) -> None:
        """Events arrive again from now on."""
        self._live.set()
        self.send(Restored())

    def lost(self) -> None:
        """Events are missed from now on."""
        self._live.clear()

    def send(self, signal: Signal) -> None:
        """Tell everybody; a listener that does not read for very long is cut off."""
        for inbox in tuple(self._inboxes):
            if len(inbox) >= _BACKLOG:
                self._inboxes.discard(inbox)
                inbox.close()
            else:
                inbox.put_nowait(signal)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Inbox]:
        """Everything from now on."""
        inbox: Inbox = BatchingQueue(maxsize=_BACKLOG)
        self._inboxes.add(inbox)
        if self._ended:
            inbox.close()
        try:
            yield inbox
        finally:
            self._inboxes.discard(inbox)

    def close(self) -> None:
        """Cut everybody off."""
        self._ended = True
        self._live.set()
        for inbox in self._inboxes:
            inbox.close()
