"""Who may hold a socket: bounds on connections of all, of one address, and of those that have not logged on."""

from __future__ import annotations

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Callable
from typing import cast

import structlog

from indexmaker_fix.configuration import Limits

__all__ = ["Door", "address_of"]

_log = structlog.get_logger(__name__)

_SITE_BITS = 64


class Door:
    """Counts sockets from the first byte on, before anything is read from them.

    A newcomer over a bound is let in at the cost of the oldest stranger (a connection that has not logged on); clients
    that have logged on are never sent away for one. `patience` is how many seconds a stranger may stay.
    """

    def __init__(self, limits: Limits, *, patience: float) -> None:
        self._limits = limits
        self._patience = patience
        self._open: dict[asyncio.BaseTransport, str] = {}
        self._strangers: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        self._of_address: Counter[str] = Counter()

    def guarding(self, serve: Callable[[], asyncio.Protocol]) -> Callable[[], asyncio.Protocol]:
        """A protocol factory that asks here before it lets a connection through to `serve`."""
        return lambda: _Guarded(self, serve())

    def opened(self, transport: asyncio.Transport) -> bool:
        """Take a new connection as a stranger; False when it must go."""
        address = address_of(transport)
        if self._of_address[address] >= self._limits.connections_per_address:
            _log.warning("connection refused", address=address, reason="too many of this address")
            return False
        if len(self._strangers) >= self._limits.strangers or len(self._open) >= self._limits.connections:
            if not self._strangers:
                _log.warning("connection refused", address=address, reason="too many connections")
                return False
            self._send_away(next(iter(self._strangers)), "others wait")
        self._open[transport] = address
        self._of_address[address] += 1
        loop = asyncio.get_running_loop()
        self._strangers[transport] = loop.call_later(self._patience, self._send_away, transport, "no logon")
        return True

    def proven(self, transport: asyncio.BaseTransport | None) -> None:
        """The connection has logged on."""
        waiting = self._strangers.pop(transport, None) if transport is not None else None
        if waiting is not None:
            waiting.cancel()

    def closed(self, transport: asyncio.BaseTransport) -> None:
        """Forget a connection; one that is not known does not matter."""
        self.proven(transport)
        address = self._open.pop(transport, None)
        if address is not None:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]

    def _send_away(self, stranger: asyncio.BaseTransport, reason: str) -> None:
        _log.info("stranger sent away", address=self._open.get(stranger, ""), reason=reason)
        self.closed(stranger)
        cast("asyncio.Transport", stranger).abort()


class _Guarded(asyncio.Protocol):
    """Passes a connection on, once the door has let it in."""

    def __init__(self, door: Door, inner: asyncio.Protocol) -> None:
        self._door = door
        self._inner = inner
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)  # of what kind is the loop's affair: uvloop's is no subclass
        if not self._door.opened(wire):
            wire.abort()
            return
        self._transport = wire
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._transport is not None:
            self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received() if self._transport is not None else None

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._transport is not None:
            self._door.closed(self._transport)
            self._inner.connection_lost(exc)


def address_of(transport: asyncio.BaseTransport) -> str:
    """Where a connection comes from: an IPv4 address, or the first 64 bits of an IPv6 address, which one site has."""
    peer = transport.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(peer[0].partition("%")[0])
    except (TypeError, IndexError, ValueError):
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _SITE_BITS), strict=False))
    return str(address)
