"""The core as its runtime runs it: groups are journaled, then applied, then spoken of; a crash loses what is not
journaled, and a new life begins with the newest snapshot, the tail of the journal, and the commands not answered yet.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Any

from indexmaker.runtime import Codec, Committed, Engine, EngineFailure, Record, recover, state_hash
from indexmaker.runtime.recovery import apply
from indexmaker.runtime.snapshots import take
from indexmaker.simulation.journal import SimulatedJournal
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.violation import Violation

__all__ = ["Core", "CrashPoint"]

_GROUP_DELAY = 2_000_000
_GROUP_LIMIT = 64

Ack = Callable[[], None]


class CrashPoint(enum.StrEnum):
    """Where in the work on a group the core dies."""

    BEFORE_COMMIT = "before-commit"
    AFTER_COMMIT = "after-commit"
    DURING_DISPATCH = "during-dispatch"


class Core:
    """One engine over one journal. `observe` hears of every event once, however often the core died over it.

    `dispatch` takes the outputs that leave; `revived` is called when a new life has begun.
    """

    def __init__(
        self,
        factory: Callable[[], Engine[Any, Any]],
        scheduler: Scheduler,
        *,
        whole_journal: bool,
        snapshot_every: int,
        observe: Callable[[Committed[Any, Any]], None],
        dispatch: Callable[[Any], None],
        revived: Callable[[], None],
    ) -> None:
        self._factory = factory
        self._scheduler = scheduler
        self._observe = observe
        self._dispatch = dispatch
        self._revived = revived
        self._snapshot_every = snapshot_every
        self.engine = factory()
        self.journal = SimulatedJournal(self.engine.name, whole=whole_journal)
        self._codec: Codec[Any] = Codec.of(self.engine)
        self._intake: deque[tuple[Any, Ack | None]] = deque()
        self._observed = 0
        self._last_snapshot = 0
        self._crash: tuple[CrashPoint, int] | None = None
        self.clock_offset = 0
        self.begun = 1 << 62
        """The last sequence of the beginning."""
        self.up = True
        self.life = 0
        """Counts lives, so that whoever spoke to the core before can tell that it died."""
        self.crashes = 0
        self.replays = 0

    @property
    def steps(self) -> int:
        """Events applied."""
        return self._observed

    def begin(self, events: list[Any]) -> None:
        """Journal and apply what comes before everything else."""
        for record, event in zip(self._commit(events), events, strict=True):
            self._apply(event, sequence=record.sequence, at=record.at)
        self.begun = self._observed

    def post(self, event: Any, ack: Ack | None = None) -> bool:  # noqa: ANN401 - any of the engine's events
        """Hand in an event; `ack` is called once it is journaled. False while the core is down."""
        if not self.up:
            return False
        if not self._intake:
            self._scheduler.after(_GROUP_DELAY, self._work, self.life)
        self._intake.append((event, ack))
        return True

    def crash(self, point: CrashPoint, *, downtime: int) -> None:
        """Die over the next group, and come back after `downtime` nanoseconds."""
        self._crash = (point, downtime)

    def _work(self, life: int) -> None:
        if life != self.life or not self.up:
            return
        group = [self._intake.popleft() for _ in range(min(len(self._intake), _GROUP_LIMIT))]
        if self._intake:
            self._scheduler.after(_GROUP_DELAY, self._work, self.life)
        crash, self._crash = self._crash, None
        if crash is not None and crash[0] is CrashPoint.BEFORE_COMMIT:
            self._die(crash[1])
            return
        entries = self._commit([event for event, _ in group])
        for _, ack in group:
            if ack is not None:
                ack()
        if crash is not None and crash[0] is CrashPoint.AFTER_COMMIT:
            self._die(crash[1])
            return
        outputs: list[Any] = []
        for record, (event, _) in zip(entries, group, strict=True):
            outputs.extend(self._apply(event, sequence=record.sequence, at=record.at))
        spoken = outputs[: len(outputs) // 2] if crash is not None else outputs
        for output in spoken:
            self._dispatch(output)
        if crash is not None:
            self._die(crash[1])
        elif self._observed - self._last_snapshot >= self._snapshot_every:
            self._snapshot()

    def _commit(self, events: list[Any]) -> list[Record]:
        head = self.journal.head()
        at = max(self._scheduler.now + self.clock_offset, head.at)
        records = [
            Record(sequence, at, self.engine.schema_version, self._codec.encode(event))
            for sequence, event in enumerate(events, start=head.sequence + 1)
        ]
        self.journal.commit(records)
        return records

    def _apply(self, event: Any, *, sequence: int, at: int) -> tuple[Any, ...]:  # noqa: ANN401
        try:
            outputs = apply(self.engine, event, sequence=sequence, at=at)
        except EngineFailure as failure:
            raise _raised(failure) from failure
        self._observed = sequence
        self._observe(Committed(sequence, at, event, outputs))
        return outputs

    def _snapshot(self) -> None:
        head = self.journal.head()
        self.journal.keep_snapshot(
            take(self.engine, sequence=head.sequence, at=head.at, epoch=head.epoch, chain_hash=head.hash)
        )
        self._last_snapshot = head.sequence

    def _die(self, downtime: int) -> None:
        self.crashes += 1
        self.up = False
        self.life += 1
        self._intake.clear()
        self._scheduler.after(downtime, self._revive)

    def _revive(self) -> None:
        before = state_hash(self.engine.dump()) if self._observed == self.journal.head().sequence else None
        self.engine = self._factory()
        try:
            recovered = recover(self.engine, self.journal, on_committed=self._replayed)
        except EngineFailure as failure:
            raise _raised(failure) from failure
        self.replays += 1
        if before is not None and recovered.state_hash != before:
            raise Violation("REPLAY_DIFFERS", f"recovery at {recovered.head.sequence} gives another state")
        self.up = True
        for command in self.engine.pending():
            self._dispatch(command)
        self._revived()

    def _replayed(self, committed: Committed[Any, Any]) -> None:
        if committed.sequence > self._observed:
            self._observed = committed.sequence
            self._observe(committed)

    def check_replay(self) -> None:
        """Compare the living state with that of snapshot and tail, and of a whole replay where the journal is whole."""
        living = state_hash(self.engine.dump())
        journals = [self.journal]
        if self.journal.is_whole:
            journals.append(self.journal.without_snapshots())
        for journal in journals:
            self.replays += 1
            if recover(self._factory(), journal).state_hash != living:
                way = "snapshot and tail" if journal is self.journal else "the whole journal"
                raise Violation("REPLAY_DIFFERS", f"{way} at {self._observed} gives another state")

    def state_hash(self) -> str:
        """The hash of the state now, as hexadecimal."""
        return state_hash(self.engine.dump()).hex()


def _raised(failure: EngineFailure) -> Violation:
    cause = failure.__cause__
    return Violation("ENGINE_RAISED", f"{failure.event_type} at {failure.sequence}: {type(cause).__name__}: {cause}")
