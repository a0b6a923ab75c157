"""What lies between the core and one connector: commands one way, events the other, and everything that goes wrong.

Events of one subject (a request, a transaction, a transfer) come in their order, as a stream tells them; different
subjects overtake each other. What the core has not journaled is told again when a session begins anew.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import Any, Protocol

from indexmaker.simulation.chance import Chance
from indexmaker.simulation.core import Core
from indexmaker.simulation.faults import FaultKind
from indexmaker.simulation.scheduler import Scheduler

__all__ = ["Connector", "Link"]

_MS = 1_000_000
_SECOND = 1_000 * _MS
_NOTICED = (1 * _SECOND, 8 * _SECOND)
"""How long it takes until a lost message is noticed."""


class Connector(Protocol):
    """The far end of a link."""

    def handle(self, command: Any) -> None:  # noqa: ANN401 - each connector has commands of its own
        """Carry a command out; the same command id has no second effect, only its answer again."""

    def unanswered(self, command: Any) -> None:  # noqa: ANN401
        """A command, or the answer to it, was lost, and that was noticed."""

    def resync(self) -> None:
        """A session begins: say what the core might have missed besides what is kept for it."""


class _Subject:
    """Events of one subject that the core has not journaled yet; only the first is on its way."""

    __slots__ = ("waiting",)

    def __init__(self) -> None:
        self.waiting: deque[Any] = deque()


class Link:
    """One connector's connection. `connector` is set once both exist."""

    def __init__(self, name: str, core: Core, scheduler: Scheduler, chance: Chance) -> None:
        self.name = name
        self.connector: Connector
        self._core = core
        self._scheduler = scheduler
        self._chance = chance
        self._subjects: dict[str, _Subject] = {}
        self._told = 0
        self._held: list[Any] = []
        self._down_until = 0
        self.armed_in: deque[tuple[FaultKind, int]] = deque()
        self.armed_out: deque[tuple[FaultKind, int]] = deque()

    @property
    def quiet(self) -> bool:
        """Nothing waits to be told."""
        return not self._subjects and not self._held

    def knows(self, subject: str) -> bool:
        """Whether something about this subject is still to be told."""
        return subject in self._subjects

    def tell(self, event: Any, *, subject: str = "") -> None:  # noqa: ANN401
        """Tell the core something that it must come to know; events of one subject stay in order."""
        self._told += 1
        name = subject or f"#{self._told}"
        known = self._subjects.get(name)
        if known is None:
            known = self._subjects[name] = _Subject()
        known.waiting.append(event)
        if len(known.waiting) == 1:
            self._send(name)

    def answer(self, command: Any, *events: Any) -> None:  # noqa: ANN401
        """Answer a command, once; when that is lost the connector hears of it."""
        for event in events:
            kind, delay = self._fault(self.armed_in)
            if kind is FaultKind.LOST or self._is_down():
                self._scheduler.after(self._noticing(), self._unanswered, command, self._core.life)
                continue
            copies = 2 if kind is FaultKind.DOUBLED else 1
            for _ in range(copies):
                self._scheduler.after(delay, self._deliver_answer, event, command, self._core.life)

    def command(self, command: Any) -> None:  # noqa: ANN401
        """Take a command of the core."""
        if self._is_down():
            self._held.append(command)
            return
        kind, delay = self._fault(self.armed_out)
        if kind is FaultKind.LOST:
            self._scheduler.after(self._noticing(), self._unanswered, command, self._core.life)
            return
        self._scheduler.after(delay, self._hand_over, command)
        if kind is FaultKind.DOUBLED:
            self._scheduler.after(self._latency(), self._hand_over, command)

    def cut(self, duration: int) -> None:
        """Nothing passes for a while."""
        self._down_until = max(self._down_until, self._scheduler.now + duration)
        self._scheduler.after(duration, self._restored)

    def begin_session(self) -> None:
        """Tell again what the core has not journaled: it may have died, or the connection was lost."""
        if self._is_down():
            return
        self.connector.resync()
        for name in list(self._subjects):
            self._send(name)

    def _restored(self) -> None:
        if self._is_down():
            return
        held, self._held = self._held, []
        for command in held:
            self.command(command)
        self.begin_session()

    def _is_down(self) -> bool:
        return self._scheduler.now < self._down_until

    def _latency(self) -> int:
        self._told += 1
        return self._chance.between(2 * _MS, 60 * _MS, "latency", self.name, self._told)

    def _noticing(self) -> int:
        self._told += 1
        return self._chance.between(*_NOTICED, "noticed", self.name, self._told)

    def _fault(self, armed: deque[tuple[FaultKind, int]]) -> tuple[FaultKind | None, int]:
        if not armed:
            return None, self._latency()
        kind, delay = armed.popleft()
        late = delay if kind in (FaultKind.LATE, FaultKind.REORDERED) else 0
        return kind, self._latency() + late

    def _send(self, name: str) -> None:
        if self._is_down():
            return
        kind, delay = self._fault(self.armed_in)
        if kind is FaultKind.LOST:
            self._scheduler.after(self._noticing(), self._session_lost, self._core.life)
            return
        event = self._subjects[name].waiting[0]
        self._scheduler.after(delay, self._deliver, name, event, self._core.life, kind is FaultKind.DOUBLED)

    def _session_lost(self, life: int) -> None:
        if life == self._core.life and self._core.up:
            self.begin_session()

    def _deliver(self, name: str, event: Any, life: int, doubled: bool) -> None:  # noqa: ANN401, FBT001 - planned calls
        subject = self._subjects.get(name)
        if life != self._core.life or self._is_down() or subject is None or subject.waiting[0] is not event:
            return
        self._core.post(event, partial(self._journaled, name, event))
        if doubled:
            self._core.post(event)

    def _journaled(self, name: str, event: Any) -> None:  # noqa: ANN401
        subject = self._subjects.get(name)
        if subject is None or subject.waiting[0] is not event:
            return
        subject.waiting.popleft()
        if subject.waiting:
            self._send(name)
        else:
            del self._subjects[name]

    def _deliver_answer(self, event: Any, command: Any, life: int) -> None:  # noqa: ANN401
        if life != self._core.life:
            return
        if self._is_down():
            self._scheduler.after(self._noticing(), self._unanswered, command, life)
        else:
            self._core.post(event)

    def _hand_over(self, command: Any) -> None:  # noqa: ANN401
        if self._is_down():
            self._held.append(command)
        else:
            self.connector.handle(command)

    def _unanswered(self, command: Any, life: int) -> None:  # noqa: ANN401
        if life == self._core.life and self._core.up:
            self.connector.unanswered(command)
