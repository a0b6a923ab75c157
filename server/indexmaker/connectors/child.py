"""One supervised process: executes the orders of its life cycle, and feeds it with what happens."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import grpc.aio
import msgspec
import structlog

from indexmaker.api.connector.v1 import connector_pb2 as pb
from indexmaker.connectors.address import socket_address
from indexmaker.connectors.channel import open_channel
from indexmaker.connectors.clock import Clock
from indexmaker.connectors.errors import (
    ConfigurationRefusedError,
    Diagnostic,
    HandshakeError,
    SpecificationError,
    SupervisionError,
)
from indexmaker.connectors.handshake import Invitation, invitation_environment, invite
from indexmaker.connectors.host import EXIT_UNUSABLE
from indexmaker.connectors.life import describe_failure
from indexmaker.connectors.lifecycle import (
    Alert,
    BecameReady,
    Broken,
    Exited,
    GiveUp,
    Input,
    Kill,
    Life,
    Order,
    Phase,
    SetTimer,
    Spawn,
    Terminate,
    TimerFired,
    step,
)
from indexmaker.connectors.log_forwarding import LogForwarder
from indexmaker.connectors.process import RunningProcess, describe_exit, start_process
from indexmaker.connectors.readiness import PluginControl, line_facts
from indexmaker.connectors.specs import Facts, PluginReadiness, ProcessSpec
from indexmaker.connectors.status import error_of
from indexmaker.connectors.table import News, ProcessEvent, ProcessStatus, state_of

__all__ = ["Child", "Surroundings"]

_END_SECONDS = 2.0


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What all children share. `roll` gives numbers in [0, 1); probing times are seconds."""

    run_dir: Path
    data_root: Path
    clock: Clock
    roll: Callable[[], float]
    facts: dict[str, Mapping[str, Any]]
    announce: Callable[[ProcessEvent], None]
    probe_interval: float = 1.0
    probe_limit: float = 3.0


class Child:
    """One row of the supervisor's table, and the actor behind it."""

    def __init__(self, spec: ProcessSpec, around: Surroundings) -> None:
        self.spec = spec
        self._around = around
        self._life = Life(since=around.clock.now())
        self._inbox: asyncio.Queue[Input] = asyncio.Queue()
        self._process: RunningProcess | None = None
        self._control: PluginControl | None = None
        self._instance = ""
        self._complaint = ""
        self._probe = pb.ProbeResponse()
        self._revision = 1
        self._log = structlog.get_logger("indexmaker.supervisor").bind(process=spec.name)
        self._logs = LogForwarder(spec.name, clock=around.clock)
        self.changed = asyncio.Condition()
        plugin = isinstance(spec.readiness, PluginReadiness)
        self.address = socket_address(around.run_dir, spec.name) if plugin else ""
        self._configuration = spec.readiness.configuration if isinstance(spec.readiness, PluginReadiness) else {}

    @property
    def life(self) -> Life:
        """Where the process is."""
        return self._life

    def tell(self, event: Input) -> None:
        """Put an input into the inbox."""
        self._inbox.put_nowait(event)

    def status(self) -> ProcessStatus:
        """The row of the table."""
        degraded = self._life.phase is Phase.READY and self._probe.state == pb.STATE_DEGRADED
        alive = self._process is not None and self._process.alive
        facts = self._around.facts.get(self.spec.name, {})
        return ProcessStatus(
            name=self.spec.name,
            kind=self.spec.kind,
            plugin=self.spec.readiness.plugin if isinstance(self.spec.readiness, PluginReadiness) else "",
            phase=self._life.phase,
            state=state_of(self._life, degraded=degraded),
            reason=self._life.reason or (self._probe.reason if degraded else ""),
            since_at=self._probe.since_at if degraded else self._life.since,
            restarts=max(0, self._life.starts - 1),
            pid=self._process.pid if self._process is not None and alive else 0,
            address=self.address or str(facts.get("address", "")),
            instance_id=self._instance,
        )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process; raises `SupervisionError` when there is none."""
        if self._process is None or not self._process.alive:
            raise SupervisionError(f"{self.spec.name} is not running")
        self._process.send(number)

    async def configure(self, configuration: Mapping[str, Any]) -> tuple[Diagnostic, ...]:
        """Offer a new revision; once accepted, restarts use it too. Raises `ConfigurationRefusedError`."""
        if self._control is None or self._life.phase is not Phase.READY:
            raise SupervisionError(f"{self.spec.name} is no plugin that is ready")
        text = msgspec.json.encode(configuration)
        try:
            remarks = await self._control.configure(text, revision=self._revision + 1)
        except grpc.aio.AioRpcError as error:
            raise error_of(error) from error
        self._revision += 1
        self._configuration = configuration
        return remarks

    async def run(self) -> None:
        """Take inputs until cancelled; then whatever still runs is killed."""
        async with asyncio.TaskGroup() as group:
            while True:
                event = await self._inbox.get()
                await self._take(event, group)

    async def _take(self, event: Input, group: asyncio.TaskGroup) -> None:
        around, before = self._around, self._life
        at = around.clock.now()
        self._life, orders = step(before, event, at=at, policy=self.spec.policy, roll=around.roll())
        if self._life.phase is not before.phase:
            self._tell_news(event, before, orders)
        for order in orders:
            self._execute(order, group)
        async with self.changed:
            self.changed.notify_all()

    def _execute(self, order: Order, group: asyncio.TaskGroup) -> None:
        match order:
            case Spawn():
                group.create_task(self._attempt())
            case Terminate() if self._process is not None:
                self._process.send(signal.SIGTERM)
            case Kill() if self._process is not None:
                self._process.send(signal.SIGKILL)
            case SetTimer(timer, delay):
                asyncio.get_running_loop().call_later(delay / 1e9, self.tell, TimerFired(timer))
            case Alert(reason):
                self._log.error("process given up", reason=reason, remedy="mend the cause, then restart it")
            case _:
                pass

    def _tell_news(self, event: Input, before: Life, orders: tuple[Order, ...]) -> None:
        phase, reason = self._life.phase, self._life.reason
        if isinstance(event, Exited) and before.alive:
            self._announce(News.EXITED, reason=event.reason)
        delay = next((one.delay for one in orders if isinstance(one, SetTimer)), 0)
        match phase:
            case Phase.READY:
                degraded = self._probe.state == pb.STATE_DEGRADED
                self._announce(News.DEGRADED if degraded else News.READY, reason=self._probe.reason)
            case Phase.BACKOFF:
                self._announce(News.RESTARTING, reason=reason, delay=delay)
            case Phase.STOPPED:
                self._announce(News.STOPPED)
            case Phase.FAILED:
                self._announce(News.FAILED, reason=reason)
            case _:
                pass

    def _announce(self, news: News, *, reason: str = "", delay: int = 0) -> None:
        pid = self._process.pid if self._process is not None else 0
        event = ProcessEvent(
            name=self.spec.name,
            news=news,
            at=self._around.clock.now(),
            pid=pid,
            instance_id=self._instance,
            reason=reason,
            delay=delay,
        )
        details = {"reason": reason} if reason else {}
        self._log.info(f"process {news}", pid=pid, **details)
        self._around.announce(event)

    async def _attempt(self) -> None:
        """One process from its start to its end, which is always told."""
        self._process, self._instance, self._complaint, self._probe = None, "", "", pb.ProbeResponse()
        invitation = invite()
        try:
            argv, env = self._prepared(invitation)
            process = await start_process(argv, env=env, cwd=self.spec.cwd, logs=self._logs)
        except (OSError, SpecificationError) as error:
            self.tell(Exited(f"cannot be started: {error}", permanent=True))
            return
        self._process = process
        if self._life.phase is Phase.STOPPING:
            process.send(signal.SIGTERM)  # the order to end came before there was anything to end
        self._announce(News.STARTED)
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch(process, invitation))
                status = await process.wait()
                watch.cancel()
        finally:
            self._control = None
        reason = describe_exit(status)
        if self._complaint and not self._life.reason:
            reason = f"{self._complaint}; {reason}"
        self.tell(Exited(reason, permanent=status == EXIT_UNUSABLE))

    async def _watch(self, process: RunningProcess, invitation: Invitation) -> None:
        """Bring a process to readiness and keep an eye on it."""
        try:
            if isinstance(self.spec.readiness, PluginReadiness):
                async with open_channel(self.address) as channel:
                    await self._watch_plugin(process, channel, invitation)
            else:
                self._around.facts[self.spec.name] = await line_facts(process)
                self.tell(BecameReady())
        except ConfigurationRefusedError as refusal:
            remarks = "; ".join(f"{one.attribute}: {one.summary} ({one.detail})" for one in refusal.diagnostics)
            self.tell(GiveUp(f"its configuration was refused: {remarks}"))
        except SpecificationError as error:
            self.tell(GiveUp(str(error)))
        except HandshakeError as error:
            await self._complain(process, str(error))
        except grpc.aio.AioRpcError as error:
            await self._complain(process, f"{error.code().name} while it was prepared: {error.details()}")

    async def _complain(self, process: RunningProcess, reason: str) -> None:
        """Something is wrong with a process; one that was asked to end, or is about to end by itself, may do so."""
        if self._life.phase is Phase.STOPPING:
            return  # silence is what was asked for; the grace period has the last word
        self._complaint = reason
        if not await process.ends_within(_END_SECONDS):
            self.tell(Broken(reason))

    async def _watch_plugin(self, process: RunningProcess, channel: grpc.aio.Channel, invitation: Invitation) -> None:
        control = PluginControl(channel, address=self.address, token=invitation.token)
        handshake = await control.shake_hands(process)
        self._instance = handshake.instance
        await control.configure(self._encoded_configuration(), revision=self._revision)
        self._control = control
        self._probe = await control.wait_until_working()
        self._around.facts[self.spec.name] = {
            "address": self.address,
            "instance_id": handshake.instance,
            "pid": process.pid,
        }
        self.tell(BecameReady())
        around = self._around
        reason = await control.watch(self._take_probe, interval=around.probe_interval, limit=around.probe_limit)
        await self._complain(process, reason)

    def _take_probe(self, probe: pb.ProbeResponse) -> None:
        before, self._probe = self._probe, probe
        if before.state != probe.state and self._life.phase is Phase.READY:
            degraded = probe.state == pb.STATE_DEGRADED
            self._announce(News.DEGRADED if degraded else News.READY, reason=probe.reason)

    def _encoded_configuration(self) -> bytes:
        try:
            given = self._configuration
            return msgspec.json.encode(given(self._facts()) if callable(given) else given)
        except Exception as error:
            raise SpecificationError(f"its configuration cannot be made: {describe_failure(error)}") from error

    def _prepared(self, invitation: Invitation) -> tuple[list[str], dict[str, str]]:
        """Command line and environment as the facts have them now."""
        argv, env = self.spec.argv, self.spec.env
        try:
            line = list(argv(self._facts()) if callable(argv) else argv)
            added = {"PYTHONUNBUFFERED": "1", **(env(self._facts()) if callable(env) else env)}
        except Exception as error:
            raise SpecificationError(f"its command line cannot be made: {describe_failure(error)}") from error
        if self.address:
            data_dir = self._around.data_root / self.spec.name
            line += ["--name", self.spec.name, "--listen", self.address, "--data-dir", str(data_dir)]
            added |= invitation_environment(invitation)
        return line, added

    def _facts(self) -> Facts:
        return dict(self._around.facts)
