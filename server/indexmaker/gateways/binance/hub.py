"""Who listens to which stream. An event is encoded once, whatever the number of listeners."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Hub", "Listener"]


class Listener(Protocol):
    """A connection that takes events of streams."""

    def deliver(self, stream: str, payload: str) -> None:
        """Take one event; must not block."""


class Hub:
    """Subscriptions of all connections, by stream name."""

    def __init__(self) -> None:
        self._listeners: dict[str, dict[Listener, None]] = {}

    def subscribe(self, stream: str, listener: Listener) -> None:
        """Deliver a stream's events to a listener from now on."""
        self._listeners.setdefault(stream, {})[listener] = None

    def unsubscribe(self, stream: str, listener: Listener) -> None:
        """Deliver no more; nothing happens without a subscription."""
        listeners = self._listeners.get(stream)
        if listeners is not None:
            listeners.pop(listener, None)
            if not listeners:
                del self._listeners[stream]

    def wanted(self, stream: str) -> bool:
        """Whether anybody listens."""
        return stream in self._listeners

    def publish(self, stream: str, payload: str) -> None:
        """Hand an encoded event to all listeners of a stream."""
        for listener in tuple(self._listeners.get(stream, ())):
            listener.deliver(stream, payload)
