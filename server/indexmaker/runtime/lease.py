"""One writer per engine: who holds the lease, until when, and who may take it over."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from indexmaker.runtime.clock import Clock
from indexmaker.runtime.errors import LeaseHeldError, LeaseLostError

__all__ = ["Holder", "Lease", "LeaseKeeper", "LeaseStore", "claim", "is_gone", "this_process"]

_log = structlog.get_logger(__name__)

_SECOND = 1_000_000_000


class Holder(msgspec.Struct, frozen=True):
    """A process that holds or wants a lease."""

    owner: str
    """What people call it: `exchange@desk-3`."""
    host: str
    scope: str
    """Boot and process namespace: only within the same scope does a process id mean anything."""
    pid: int
    started: str
    """Start mark of the process, so that a reused process id is not mistaken for it; empty when unknown."""


class Lease(msgspec.Struct, frozen=True):
    """The right to write one engine's journal."""

    engine: str
    epoch: int
    """Grows with every change of hands; the journal refuses every other epoch."""
    holder: Holder
    acquired_at: int
    expires_at: int
    """UTC nanoseconds; renewed long before."""


class LeaseStore(Protocol):
    """Where leases live: the journal's own database."""

    async def acquire(self, engine: str, *, holder: Holder, now: int, ttl: int) -> Lease:
        """Take the lease in one transaction as `claim` decides; raises `LeaseHeldError`."""

    async def renew(self, lease: Lease, *, now: int, ttl: int) -> Lease:
        """Extend it; raises `LeaseLostError` when it has changed hands."""

    async def release(self, lease: Lease, *, now: int) -> None:
        """End it now, so that a successor need not wait; nothing happens when it has changed hands."""


def claim(
    current: Lease | None,
    *,
    engine: str,
    holder: Holder,
    now: int,
    ttl: int,
    gone: Callable[[Holder, Holder], bool] | None = None,
) -> Lease:
    """The lease that `holder` gets at `now` (nanoseconds, as `ttl`).

    Raises:
        LeaseHeldError: the current lease has not ended and its process is not known to be gone.
    """
    if current is not None and current.expires_at > now and not (gone or is_gone)(current.holder, holder):
        held = current.holder
        raise LeaseHeldError(
            engine,
            owner=held.owner,
            host=held.host,
            pid=held.pid,
            epoch=current.epoch,
            seconds_left=(current.expires_at - now) / _SECOND,
        )
    epoch = current.epoch + 1 if current is not None else 1
    return Lease(engine, epoch, holder, acquired_at=now, expires_at=now + ttl)


def this_process(owner: str) -> Holder:
    """The calling process as a holder."""
    pid = os.getpid()
    return Holder(owner, socket.gethostname(), _scope(), pid, _status(pid)[1])


def is_gone(holder: Holder, observer: Holder) -> bool:
    """Whether the holder's process has certainly ended; False when that cannot be seen from the observer."""
    if (holder.host, holder.scope) != (observer.host, observer.scope):
        return False
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    state, started = _status(holder.pid)
    return state in {"Z", "X"} or bool(holder.started and started and holder.started != started)


def _scope() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    try:
        return f"{boot.read_text().strip()}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""  # not Linux: the host name has to do


def _status(pid: int) -> tuple[str, str]:
    """State letter and start time from the process table; empty where there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "", ""
    fields = text.rpartition(")")[2].split()
    return fields[0], fields[19]


class LeaseKeeper:
    """Holds one lease for the life of a process: acquire, run beside the sequencer, stop."""

    def __init__(
        self, store: LeaseStore, *, engine: str, holder: Holder, clock: Clock, ttl: int = 10 * _SECOND
    ) -> None:
        self._store = store
        self._engine = engine
        self._holder = holder
        self._clock = clock
        self._ttl = ttl
        self._lease: Lease | None = None
        self._stopping = asyncio.Event()

    async def acquire(self) -> Lease:
        """Become the writer; raises `LeaseHeldError`."""
        self._lease = await self._store.acquire(self._engine, holder=self._holder, now=self._clock.now(), ttl=self._ttl)
        _log.info("lease_acquired", engine=self._engine, epoch=self._lease.epoch, owner=self._holder.owner)
        return self._lease

    async def run(self) -> None:
        """Renew three times per term until `stop`, then release; raises `LeaseLostError`."""
        lease = self._held()
        while not await self._stopped_within(self._ttl / _SECOND / 3):
            lease = self._lease = await self._store.renew(lease, now=self._clock.now(), ttl=self._ttl)
        await self._store.release(lease, now=self._clock.now())
        _log.info("lease_released", engine=self._engine, epoch=lease.epoch)

    def stop(self) -> None:
        """Let `run` release the lease and return; call it after the sequencer has ended."""
        self._stopping.set()

    def _held(self) -> Lease:
        if self._lease is None:
            raise LeaseLostError(self._engine, epoch=0, reason="it was never acquired")
        return self._lease

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True
