"""What can go wrong around an engine.

RuntimeFault
├── SequencerStoppedError    the event was not accepted, or its fate is known only after recovery
├── SequencerBusyError       no room in the intake; try again
├── UnknownEventError        not one of the engine's events
├── EngineFailure            the engine raised on a journaled event: a defect, the process must stop
├── SubscriberError          a subscriber raised: a defect, the process must stop
├── JournalError
│   ├── SequenceGapError     an entry is missing or doubled
│   ├── ChainMismatchError   an entry is not what was written
│   ├── ForeignEpochError    an entry was written under a lease that is not ours or older
│   ├── TruncatedError       a snapshot knows of entries that the journal has lost
│   ├── UndecodableError     an entry cannot be read with this version of the program
│   ├── StaleEpochError      another writer has taken over; nothing was written
│   └── WriteFailedError     the database refused the group
└── LeaseError
    ├── LeaseHeldError       another live process is the writer
    └── LeaseLostError       the lease was taken over or could not be renewed
"""

from __future__ import annotations

__all__ = [
    "ChainMismatchError",
    "EngineFailure",
    "ForeignEpochError",
    "JournalError",
    "LeaseError",
    "LeaseHeldError",
    "LeaseLostError",
    "RuntimeFault",
    "SequenceGapError",
    "SequencerBusyError",
    "SequencerStoppedError",
    "StaleEpochError",
    "SubscriberError",
    "TruncatedError",
    "UndecodableError",
    "UnknownEventError",
    "WriteFailedError",
]


class RuntimeFault(Exception):
    """Anything raised by this room."""


class SequencerStoppedError(RuntimeFault):
    """The sequencer takes no more events; the message says whether this one may have been journaled."""


class SequencerBusyError(RuntimeFault):
    """The intake is full. Nothing was accepted; try again later."""

    def __init__(self, engine: str, *, limit: int) -> None:
        super().__init__(f"{engine}: {limit} events are already waiting; nothing was accepted, try again")
        self.limit = limit


class UnknownEventError(RuntimeFault):
    """An object that is not in the engine's union of events, or cannot be encoded. Nothing was accepted."""


class EngineFailure(RuntimeFault):
    """The engine raised on a journaled event. The event is durable: a restart meets it again."""

    def __init__(self, engine: str, *, sequence: int, event_type: str) -> None:
        super().__init__(
            f"{engine}: applying {event_type} at sequence {sequence} raised. Engines must answer every "
            "journaled event; mend the engine, then restart (the event is replayed)"
        )
        self.engine = engine
        self.sequence = sequence
        self.event_type = event_type


class SubscriberError(RuntimeFault):
    """A subscriber raised on a committed event; later effects cannot be trusted."""

    def __init__(self, engine: str, *, sequence: int, subscriber: str) -> None:
        super().__init__(f"{engine}: subscriber {subscriber} raised at sequence {sequence}")
        self.sequence = sequence
        self.subscriber = subscriber


class JournalError(RuntimeFault):
    """The journal cannot be read, trusted or written."""


class SequenceGapError(JournalError):
    """The next entry does not carry the next sequence."""

    def __init__(self, engine: str, *, expected: int, found: int) -> None:
        super().__init__(
            f"journal of {engine}: expected sequence {expected}, found {found}. Entries are missing or "
            "doubled; restore the database from a backup"
        )
        self.expected = expected
        self.found = found


class ChainMismatchError(JournalError):
    """The hash that is stored differs from the hash of what is stored."""

    def __init__(self, engine: str, *, sequence: int, stored: bytes, computed: bytes) -> None:
        super().__init__(
            f"journal of {engine}: hash chain breaks at sequence {sequence} (stored {stored.hex()[:16]}, "
            f"computed {computed.hex()[:16]}). This entry or the one before it was altered; restore the "
            "database from a backup"
        )
        self.sequence = sequence
        self.stored = stored
        self.computed = computed


class ForeignEpochError(JournalError):
    """An entry carries an epoch that goes backwards, or is newer than the writer's own lease."""

    def __init__(self, engine: str, *, sequence: int, epoch: int, rule: str) -> None:
        super().__init__(f"journal of {engine}: sequence {sequence} was written under epoch {epoch}, but {rule}")
        self.sequence = sequence
        self.epoch = epoch


class TruncatedError(JournalError):
    """A verified snapshot lies beyond the end of the journal."""

    def __init__(self, engine: str, *, snapshot: int, head: int) -> None:
        super().__init__(
            f"journal of {engine} ends at sequence {head}, yet a snapshot was taken at {snapshot}: committed "
            "entries were lost; restore the database from a backup"
        )
        self.snapshot = snapshot
        self.head = head


class UndecodableError(JournalError):
    """An entry whose payload this version of the program cannot read."""

    def __init__(self, engine: str, *, sequence: int, schema_version: int, reason: str) -> None:
        super().__init__(
            f"journal of {engine}: sequence {sequence} (schema version {schema_version}) cannot be decoded: {reason}"
        )
        self.sequence = sequence
        self.schema_version = schema_version


class StaleEpochError(JournalError):
    """The fence: the lease in the database is not the writer's. Nothing was written."""

    def __init__(self, engine: str, *, held: int, current: int, owner: str) -> None:
        super().__init__(
            f"journal of {engine}: this writer holds epoch {held}, the lease is at epoch {current} (owner "
            f"{owner or 'unknown'}). Another process has taken over; nothing was written, stop this one"
        )
        self.held = held
        self.current = current
        self.owner = owner


class WriteFailedError(JournalError):
    """The database refused a group; whether it is durable is known only after recovery."""

    def __init__(self, engine: str, *, first: int, last: int, reason: str) -> None:
        super().__init__(f"journal of {engine}: writing sequences {first} to {last} failed: {reason}")
        self.first = first
        self.last = last


class LeaseError(RuntimeFault):
    """This process may not write."""


class LeaseHeldError(LeaseError):
    """Another live process is the writer."""

    def __init__(self, engine: str, *, owner: str, host: str, pid: int, epoch: int, seconds_left: float) -> None:
        super().__init__(
            f"{engine} is already run by {owner} (process {pid} on {host}, epoch {epoch}, lease ends in "
            f"{seconds_left:.1f} s). Stop it, or wait until its lease has ended"
        )
        self.owner = owner
        self.host = host
        self.pid = pid
        self.epoch = epoch


class LeaseLostError(LeaseError):
    """The lease is no longer ours; the process must stop at once."""

    def __init__(self, engine: str, *, epoch: int, reason: str) -> None:
        super().__init__(f"lease of {engine} (epoch {epoch}) is lost: {reason}; this process must stop")
        self.epoch = epoch
