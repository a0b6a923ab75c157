"""Runs all processes of an installation: starts them in order, restarts what dies, stops them in reverse order."""

from __future__ import annotations

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog

from indexmaker.connectors.address import private_directory
from indexmaker.connectors.child import Child, Surroundings
from indexmaker.connectors.clock import Clock, SystemClock
from indexmaker.connectors.errors import (
    Diagnostic,
    ProcessFailedError,
    StreamClosedError,
    SupervisionError,
    UnknownProcessError,
)
from indexmaker.connectors.lifecycle import GiveUp, Phase, Restart, Start, Stop
from indexmaker.connectors.specs import ProcessSpec, start_order
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.connectors.table import ProcessEvent, ProcessStatus

__all__ = ["Supervisor"]

_log = structlog.get_logger("indexmaker.supervisor")
_ENDED = (Phase.IDLE, Phase.STOPPED, Phase.FAILED)


class Supervisor:
    """The processes of one installation.

    `run` does the work; everything else may be called from other tasks of the same loop meanwhile.
    """

    def __init__(
        self,
        specs: Sequence[ProcessSpec],
        *,
        run_dir: Path,
        data_root: Path,
        clock: Clock | None = None,
        roll: Callable[[], float] = random.random,
        probe_interval: float = 1.0,
        probe_limit: float = 3.0,
    ) -> None:
        """Prepare; nothing is started yet.

        Raises:
            SpecificationError: The list of processes makes no sense.
            AddressError: The run directory is open to others, or too long for socket paths.
        """
        run_dir = run_dir.absolute()
        private_directory(run_dir)
        self.run_dir = run_dir
        self._subscribers: list[Callable[[ProcessEvent], None]] = []
        self._stop = asyncio.Event()
        self._around = Surroundings(
            run_dir=run_dir,
            data_root=data_root.absolute(),
            clock=clock or SystemClock(),
            roll=roll,
            facts={},
            announce=self._announce,
            probe_interval=probe_interval,
            probe_limit=probe_limit,
        )
        self._children = {spec.name: Child(spec, self._around) for spec in start_order(specs)}

    async def run(self) -> None:
        """Start everything in order of requirements, and keep it running until `stop` or cancellation.

        On the way out everything is stopped: what requires others first, SIGTERM, then SIGKILL after the grace.
        """
        async with asyncio.TaskGroup() as actors:
            running = [actors.create_task(child.run()) for child in self._children.values()]
            try:
                async with asyncio.TaskGroup() as starters:
                    tasks = [starters.create_task(self._start(child)) for child in self._children.values()]
                    await self._stop.wait()
                    for task in tasks:
                        task.cancel()
            finally:
                self._stop.set()
                # An actor that ended has met a defect, and the others kill their processes as they are cancelled.
                if not any(task.done() for task in running):
                    await self._stop_all()
                for task in running:
                    task.cancel()

    def stop(self) -> None:
        """Have `run` stop everything and return."""
        self._stop.set()

    def processes(self) -> tuple[ProcessStatus, ...]:
        """The table, in start order."""
        return tuple(child.status() for child in self._children.values())

    def status(self, name: str) -> ProcessStatus:
        """One row; raises `UnknownProcessError`."""
        return self._child(name).status()

    def facts(self, name: str) -> Mapping[str, Any]:
        """What a process told when it last became ready; empty before that."""
        return self._around.facts.get(self._child(name).spec.name, {})

    async def wait_ready(self, *names: str) -> None:
        """Wait until the named processes (all, without names) are ready at the same time as last seen.

        Raises:
            ProcessFailedError: One of them, or one that they require, was given up.
        """
        for name in names or tuple(self._children):
            await self._ready(self._child(name))

    def restart(self, name: str) -> ProcessStatus:
        """Have a process replaced in an orderly way, its crashes forgiven, and return it as it stands."""
        child = self._child(name)
        if self._stop.is_set():
            raise SupervisionError(f"{name} is not restarted: the supervisor is stopping")
        _log.info("restart asked for", process=name)
        child.tell(Restart())
        return child.status()

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal to a process, as a crash would; raises `SupervisionError` when it is not running."""
        _log.info("signal asked for", process=name, signal=number.name)
        self._child(name).send(number)

    async def configure(self, name: str, configuration: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
        """Offer a running plugin a new configuration; returns warnings.

        Raises:
            ConfigurationRefusedError: It was refused; the last accepted one stays in force.
            SupervisionError: It is no plugin, or not ready.
        """
        return await self._child(name).configure(configuration)

    def subscribe(self, callback: Callable[[ProcessEvent], None]) -> Callable[[], None]:
        """Have a callback told of all news, in order; returns what ends that."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    async def events(self) -> AsyncIterator[ProcessEvent]:
        """All news from now on; a reader that falls 10,000 events behind is cut off."""
        queue: BatchingQueue[ProcessEvent] = BatchingQueue(maxsize=10_000)

        def put(event: ProcessEvent) -> None:
            try:
                queue.put_nowait(event)
            except asyncio.QueueFull:
                queue.close()
            except StreamClosedError:
                pass

        unsubscribe = self.subscribe(put)
        try:
            with suppress(StreamClosedError):
                while True:
                    for event in await queue.take():
                        yield event
        finally:
            unsubscribe()

    def _announce(self, event: ProcessEvent) -> None:
        for subscriber in tuple(self._subscribers):
            subscriber(event)

    def _child(self, name: str) -> Child:
        try:
            return self._children[name]
        except KeyError:
            known = ", ".join(self._children)
            raise UnknownProcessError(f"no process is called {name!r}; there are {known}") from None

    async def _start(self, child: Child) -> None:
        try:
            for required in child.spec.requires:
                await self._ready(self._child(required))
        except ProcessFailedError as failure:
            child.tell(GiveUp(f"it requires {failure.name}, which was given up"))
        else:
            child.tell(Start())

    async def _ready(self, child: Child) -> None:
        async with child.changed:
            await child.changed.wait_for(lambda: child.life.phase in (Phase.READY, Phase.FAILED))
        if child.life.phase is Phase.FAILED:
            raise ProcessFailedError(child.spec.name, child.life.reason)

    async def _stop_all(self) -> None:
        async with asyncio.TaskGroup() as group:
            for child in self._children.values():
                group.create_task(self._stop_one(child))

    async def _stop_one(self, child: Child) -> None:
        name = child.spec.name
        for dependent in self._children.values():
            if name in dependent.spec.requires:
                await self._ended(dependent)
        child.tell(Stop())
        await self._ended(child)

    async def _ended(self, child: Child) -> None:
        async with child.changed:
            await child.changed.wait_for(lambda: child.life.phase in _ENDED)
