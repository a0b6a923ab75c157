"""One operating-system process: started by exec, its output read, its end awaited."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec

from indexmaker.connectors.launch import launch_argv
from indexmaker.connectors.log_forwarding import LineSplitter, LogForwarder

__all__ = ["RunningProcess", "describe_exit", "start_process"]

_STDOUT = 1
_DRAIN_SECONDS = 1.0


class RunningProcess(asyncio.SubprocessProtocol):
    """A process whose output is read as it comes; made by `start_process`."""

    def __init__(self, *, logs: LogForwarder) -> None:
        self._logs = logs
        self._lines: dict[int, LineSplitter] = {}
        self._transport: asyncio.SubprocessTransport | None = None
        self._announcement: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._exited = asyncio.Event()
        self._closed = asyncio.Event()

    @property
    def transport(self) -> asyncio.SubprocessTransport:
        """The loop's handle of the process."""
        assert self._transport is not None, "made by start_process only"
        return self._transport

    @property
    def pid(self) -> int:
        """Process id."""
        return self.transport.get_pid()

    @property
    def alive(self) -> bool:
        """Whether it has not ended, as far as is known."""
        return self.transport.get_returncode() is None

    async def announcement(self) -> bytes:
        """The first line of standard output that is a handshake or readiness line; the caller limits the time."""
        return await asyncio.shield(self._announcement)

    async def ends_within(self, seconds: float) -> bool:
        """Whether it ends by itself in that time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._exited.wait(), seconds)
        return self._exited.is_set()

    async def wait(self) -> int:
        """Wait for its end and the last of its output, and return its status (negative for a signal).

        Descendants that outlive it are killed: they would keep the pipes open, and ports and files busy.
        """
        try:
            await self._exited.wait()
            self.signal_group(signal.SIGKILL)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), _DRAIN_SECONDS)
        finally:
            self.signal_group(signal.SIGKILL)
            self.transport.close()
        status = self.transport.get_returncode()
        assert status is not None
        return status

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process; one that is gone is left in peace."""
        if self.alive:
            with suppress(ProcessLookupError):
                self.transport.send_signal(number)

    def signal_group(self, number: signal.Signals) -> None:
        """Send a signal to the process and its descendants in the same session."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop: it runs."""
        # uvloop's transport does what asyncio's does, without being one.
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Called by the loop: it wrote something."""
        for line in self._lines.setdefault(fd, LineSplitter()).feed(data):
            self._take_line(fd, line)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Called by the loop: it closed one of its outputs."""
        for line in self._lines.pop(fd, LineSplitter()).finish():
            self._take_line(fd, line)

    def process_exited(self) -> None:
        """Called by the loop: it has ended, and its output may still be on its way."""
        self._exited.set()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop: it has ended and all was read."""
        self._closed.set()

    def _take_line(self, fd: int, line: bytes) -> None:
        if fd == _STDOUT and not self._announcement.done() and _is_announcement(line):
            self._announcement.set_result(line)
        else:
            self._logs.forward(line)


async def start_process(
    argv: Sequence[str], *, env: Mapping[str, str], cwd: Path | None, logs: LogForwarder
) -> RunningProcess:
    """Start a process in a session of its own, so that Ctrl-C reaches only the supervisor, which stops in order.

    It dies with this process. `env` is added to this process's environment.

    Raises:
        OSError: It cannot be started.
    """
    _, process = await asyncio.get_running_loop().subprocess_exec(
        lambda: RunningProcess(logs=logs),
        *launch_argv(argv),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env},
        cwd=cwd,
        start_new_session=True,
    )
    return process


def describe_exit(status: int) -> str:
    """A status for people: `exited with status 1` or `killed by SIGKILL`."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"killed by {signal.Signals(-status).name}"
    except ValueError:
        return f"killed by signal {-status}"


def _is_announcement(line: bytes) -> bool:
    """Whether a line is a handshake or a readiness line, rather than other output."""
    try:
        fields: Any = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return isinstance(fields, dict) and ("v" in fields or "ready" in fields)
