"""The life of one supervised process as a pure state machine: an input and the time in, a state and orders out.

IDLE -> STARTING -> READY -> STOPPING -> STOPPED, with BACKOFF between a crash and the next start, and FAILED when a
process crashes too often or cannot work as it is configured. The shell that executes the orders is `child`.
"""

from __future__ import annotations

import enum

import msgspec

__all__ = [
    "Alert",
    "BecameReady",
    "Broken",
    "Exited",
    "GiveUp",
    "Input",
    "Kill",
    "Life",
    "Order",
    "Phase",
    "Policy",
    "Restart",
    "SetTimer",
    "Spawn",
    "Start",
    "Stop",
    "Terminate",
    "TimerFired",
    "step",
]

_MS = 1_000_000
_SECOND = 1_000 * _MS


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How a process is supervised; times in nanoseconds.

    Attributes:
        start_limit: A process that is not ready by then is killed and started again.
        backoff_first: Least wait before a restart.
        backoff_cap: Greatest wait before a restart.
        healthy_after: Ready for so long, a process has its earlier failures forgiven.
        intensity: More unexpected ends than this within `window` and the process is given up.
        window: See `intensity`.
        stop_grace: From SIGTERM to SIGKILL; longer than a plugin's own drain.
    """

    start_limit: int = 30 * _SECOND
    backoff_first: int = 100 * _MS
    backoff_cap: int = 30 * _SECOND
    healthy_after: int = 30 * _SECOND
    intensity: int = 5
    window: int = 60 * _SECOND
    stop_grace: int = 10 * _SECOND

    def backoff(self, failures: int, roll: float) -> int:
        """Wait before the restart that follows the given number of failures in a row (1 or more).

        Uniform between the least wait and a ceiling that doubles with each failure; `roll` is in [0, 1).
        """
        ceiling = min(self.backoff_cap, self.backoff_first << min(failures, 40))
        return self.backoff_first + int(roll * (ceiling - self.backoff_first))


class Phase(enum.StrEnum):
    """Where a process is."""

    IDLE = "idle"
    STARTING = "starting"
    READY = "ready"
    BACKOFF = "backoff"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one process.

    Attributes:
        phase: Where it is, since `since` (UTC nanoseconds), because of `reason`.
        starts: How often it was started.
        failures: Unexpected ends in a row.
        ends: Times of the unexpected ends within the policy's window.
        timer: Number of the timer that counts; others that fire are stale.
        again: Whether it is to be started once it has stopped.
        doom: Why it is to be given up once it has stopped; empty when it is not.
    """

    phase: Phase = Phase.IDLE
    since: int = 0
    reason: str = ""
    starts: int = 0
    failures: int = 0
    ends: tuple[int, ...] = ()
    timer: int = 0
    again: bool = False
    doom: str = ""

    @property
    def alive(self) -> bool:
        """Whether there is a process, or an order to make one."""
        return self.phase in (Phase.STARTING, Phase.READY, Phase.STOPPING)


class Start(msgspec.Struct, frozen=True):
    """Start it, unless it runs."""


class Stop(msgspec.Struct, frozen=True):
    """Stop it in order, and leave it so."""


class Restart(msgspec.Struct, frozen=True):
    """An operator wants a new process, with the past forgiven."""


class BecameReady(msgspec.Struct, frozen=True):
    """The process can work."""


class Broken(msgspec.Struct, frozen=True):
    """The process lives but is of no use: it hangs, or said something that does not fit."""

    reason: str


class GiveUp(msgspec.Struct, frozen=True):
    """Starting it would not help: its configuration was refused, or what it requires was given up."""

    reason: str


class Exited(msgspec.Struct, frozen=True):
    """The process is gone, or could not be started. `permanent` says that another start would not help."""

    reason: str
    permanent: bool = False


class TimerFired(msgspec.Struct, frozen=True):
    """A timer has run out."""

    timer: int


class Spawn(msgspec.Struct, frozen=True):
    """Start a process."""


class Terminate(msgspec.Struct, frozen=True):
    """Ask the process to end (SIGTERM)."""


class Kill(msgspec.Struct, frozen=True):
    """End the process at once (SIGKILL)."""


class SetTimer(msgspec.Struct, frozen=True):
    """Say `TimerFired(timer)` after a delay in nanoseconds."""

    timer: int
    delay: int


class Alert(msgspec.Struct, frozen=True):
    """The process was given up; a human is needed."""

    reason: str


Input = Start | Stop | Restart | BecameReady | Broken | GiveUp | Exited | TimerFired
Order = Spawn | Terminate | Kill | SetTimer | Alert

_RUNNING = (Phase.STARTING, Phase.READY)
_RESTING = (Phase.IDLE, Phase.STOPPED, Phase.FAILED)


def step(life: Life, event: Input, *, at: int, policy: Policy, roll: float) -> tuple[Life, tuple[Order, ...]]:
    """Take one input at a time `at` (UTC nanoseconds); inputs that do not fit the phase change nothing."""
    match event:
        case Start() if life.phase in _RESTING:
            return _spawn(life, at=at, policy=policy)
        case Restart():
            return _restart(life, at=at, policy=policy)
        case Stop():
            return _stop(life, at=at, policy=policy)
        case BecameReady() if life.phase is Phase.STARTING and not life.reason:
            return _to(life, Phase.READY, at=at), ()
        case Broken(reason) if life.phase in _RUNNING:
            return msgspec.structs.replace(life, reason=life.reason or reason), (Kill(),)
        case GiveUp(reason) if life.phase in _RUNNING:
            return _end(life, at=at, policy=policy, doom=reason)
        case GiveUp(reason) if life.phase is Phase.IDLE:
            return _fail(life, reason, at=at)
        case Exited():
            return _exited(life, event, at=at, policy=policy, roll=roll)
        case TimerFired(timer) if timer == life.timer:
            return _timer(life, at=at, policy=policy)
        case _:
            return life, ()


def _to(life: Life, phase: Phase, *, at: int, reason: str = "") -> Life:
    """Enter a phase; the new number makes every timer that is still set stale."""
    return msgspec.structs.replace(life, phase=phase, since=at, reason=reason, timer=life.timer + 1)


def _spawn(life: Life, *, at: int, policy: Policy) -> tuple[Life, tuple[Order, ...]]:
    life = msgspec.structs.replace(life, starts=life.starts + 1, again=False, doom="")
    life = _to(life, Phase.STARTING, at=at)
    return life, (Spawn(), SetTimer(life.timer, policy.start_limit))


def _forgiven(life: Life) -> Life:
    return msgspec.structs.replace(life, failures=0, ends=())


def _restart(life: Life, *, at: int, policy: Policy) -> tuple[Life, tuple[Order, ...]]:
    if life.phase in _RUNNING:
        return _end(_forgiven(life), at=at, policy=policy, again=True)
    if life.phase is Phase.STOPPING:
        return msgspec.structs.replace(life, again=True, doom=""), ()
    return _spawn(_forgiven(life), at=at, policy=policy)


def _stop(life: Life, *, at: int, policy: Policy) -> tuple[Life, tuple[Order, ...]]:
    if life.phase in _RUNNING:
        return _end(life, at=at, policy=policy)
    if life.phase is Phase.STOPPING:
        return msgspec.structs.replace(life, again=False), ()
    if life.phase in (Phase.IDLE, Phase.BACKOFF):
        return _to(life, Phase.STOPPED, at=at), ()
    return life, ()


def _end(life: Life, *, at: int, policy: Policy, again: bool = False, doom: str = "") -> tuple[Life, tuple[Order, ...]]:
    life = msgspec.structs.replace(life, again=again, doom=doom)
    life = _to(life, Phase.STOPPING, at=at, reason=doom)
    return life, (Terminate(), SetTimer(life.timer, policy.stop_grace))


def _exited(life: Life, event: Exited, *, at: int, policy: Policy, roll: float) -> tuple[Life, tuple[Order, ...]]:
    if life.phase is Phase.STOPPING:
        if life.doom:
            return _fail(life, life.doom, at=at)
        if life.again:
            return _spawn(life, at=at, policy=policy)
        return _to(life, Phase.STOPPED, at=at), ()
    if life.phase not in _RUNNING:
        return life, ()
    reason = f"{life.reason}; {event.reason}" if life.reason else event.reason
    if event.permanent:
        return _fail(life, reason, at=at)
    healthy = life.phase is Phase.READY and at - life.since >= policy.healthy_after
    ends = (*(end for end in life.ends if at - end < policy.window), at)
    life = msgspec.structs.replace(life, failures=1 if healthy else life.failures + 1, ends=ends)
    if len(ends) > policy.intensity:
        seconds = policy.window // _SECOND
        return _fail(life, f"ended {len(ends)} times within {seconds} s, last: {reason}", at=at)
    life = _to(life, Phase.BACKOFF, at=at, reason=reason)
    return life, (SetTimer(life.timer, policy.backoff(life.failures, roll)),)


def _fail(life: Life, reason: str, *, at: int) -> tuple[Life, tuple[Order, ...]]:
    return _to(life, Phase.FAILED, at=at, reason=reason), (Alert(reason),)


def _timer(life: Life, *, at: int, policy: Policy) -> tuple[Life, tuple[Order, ...]]:
    if life.phase is Phase.BACKOFF:
        return _spawn(life, at=at, policy=policy)
    if life.phase is Phase.STARTING:
        reason = f"not ready within {policy.start_limit / _SECOND:g} s"
        return msgspec.structs.replace(life, reason=life.reason or reason), (Kill(),)
    if life.phase is Phase.STOPPING:
        return life, (Kill(),)
    return life, ()
