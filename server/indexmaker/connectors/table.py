"""The supervisor's table of processes, and the news about them."""

from __future__ import annotations

import enum

import msgspec

from indexmaker.connectors.connector import State
from indexmaker.connectors.lifecycle import Life, Phase

__all__ = ["News", "ProcessEvent", "ProcessStatus", "state_of"]


class News(enum.StrEnum):
    """What happened to a process."""

    STARTED = "started"
    READY = "ready"
    DEGRADED = "degraded"
    EXITED = "exited"
    RESTARTING = "restarting"
    STOPPED = "stopped"
    FAILED = "failed"


class ProcessEvent(msgspec.Struct, frozen=True, kw_only=True):
    """News of one process, at UTC nanoseconds; `delay` is the wait before a restart, in nanoseconds."""

    name: str
    news: News
    at: int
    pid: int = 0
    instance_id: str = ""
    reason: str = ""
    delay: int = 0


class ProcessStatus(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table; `state` is None for a process that is not meant to run."""

    name: str
    kind: str
    plugin: str
    phase: Phase
    state: State | None
    reason: str
    since_at: int
    restarts: int
    pid: int = 0
    address: str = ""
    instance_id: str = ""


def state_of(life: Life, *, degraded: bool) -> State | None:
    """The state of a process as the proto knows it."""
    match life.phase:
        case Phase.READY:
            return State.DEGRADED if degraded else State.READY
        case Phase.IDLE | Phase.STARTING | Phase.BACKOFF:
            return State.STARTING
        case Phase.STOPPING:
            return State.DRAINING
        case Phase.FAILED:
            return State.FAILED
        case Phase.STOPPED:
            return None
