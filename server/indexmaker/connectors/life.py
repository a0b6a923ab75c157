"""The life of one plugin process as its host sees it: configured, working, draining, failed."""

from __future__ import annotations

import asyncio

import structlog

from indexmaker.connectors.clock import Clock
from indexmaker.connectors.connector import Connector, Probe, State
from indexmaker.connectors.secrets import redactor

__all__ = ["PluginLife", "describe_failure"]

_log = structlog.get_logger("indexmaker.connectors.life")


def describe_failure(error: BaseException) -> str:
    """One line for an exception; of a group, its first leaf. Secrets are masked."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = str(error).split("\n", 1)[0]
    return redactor.clean(f"{type(error).__name__}: {text}" if text else type(error).__name__)


class PluginLife:
    """State that the services, the run loop and the signal handlers of one plugin process share."""

    def __init__(self, connector: Connector[object], *, clock: Clock) -> None:  # type: ignore[type-var]
        self._connector = connector
        self._clock = clock
        self._seen = (State.STARTING, "not configured yet")
        self._since = clock.now()
        self._failure = ""
        self.configured = asyncio.Event()
        self.stopping = asyncio.Event()
        self.draining = False

    @property
    def failure(self) -> str:
        """Why the plugin cannot go on; empty while it can."""
        return self._failure

    def fail(self, error: Exception) -> None:
        """The plugin cannot go on: the process must end."""
        self._failure = describe_failure(error)
        _log.error("plugin failed", reason=self._failure, exc_info=error)
        self.stopping.set()

    def probe(self) -> tuple[Probe, int]:
        """The plugin's state now, and since when (UTC nanoseconds) it and its reason have been so."""
        probe = self._judge()
        if (probe.state, probe.reason) != self._seen:
            self._seen = (probe.state, probe.reason)
            self._since = self._clock.now()
        return probe, self._since

    def _judge(self) -> Probe:
        if self._failure:
            return Probe(state=State.FAILED, reason=self._failure)
        if self.draining or self.stopping.is_set():
            return Probe(state=State.DRAINING, reason="finishing")
        if not self.configured.is_set():
            return Probe(state=State.STARTING, reason="not configured yet")
        return self._connector.probe()

    async def work(self) -> None:
        """Run the connector once it is configured; an exception fails the plugin."""
        await self.configured.wait()
        try:
            await self._connector.run()
        except Exception as error:
            self.fail(error)
