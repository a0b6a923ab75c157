"""The runtime around an engine: sequencer, journal, snapshots, recovery, lease."""

from indexmaker.runtime.clock import Clock, ManualClock, SystemClock
from indexmaker.runtime.codec import Codec, Upcast
from indexmaker.runtime.engine import Committed, Engine, state_hash
from indexmaker.runtime.errors import (
    ChainMismatchError,
    EngineFailure,
    ForeignEpochError,
    JournalError,
    LeaseError,
    LeaseHeldError,
    LeaseLostError,
    RuntimeFault,
    SequenceGapError,
    SequencerBusyError,
    SequencerStoppedError,
    StaleEpochError,
    SubscriberError,
    TruncatedError,
    UndecodableError,
    UnknownEventError,
    WriteFailedError,
)
from indexmaker.runtime.journal import Entry, Head, Journal, Record, genesis
from indexmaker.runtime.lease import Holder, Lease, LeaseKeeper, LeaseStore, this_process
from indexmaker.runtime.memory import MemoryJournal
from indexmaker.runtime.recovery import Recovered, Recovery, recover
from indexmaker.runtime.sequencer import Sequencer
from indexmaker.runtime.snapshots import Snapshot

__all__ = [
    "ChainMismatchError",
    "Clock",
    "Codec",
    "Committed",
    "Engine",
    "EngineFailure",
    "Entry",
    "ForeignEpochError",
    "Head",
    "Holder",
    "Journal",
    "JournalError",
    "Lease",
    "LeaseError",
    "LeaseHeldError",
    "LeaseKeeper",
    "LeaseLostError",
    "LeaseStore",
    "ManualClock",
    "MemoryJournal",
    "Record",
    "Recovered",
    "Recovery",
    "RuntimeFault",
    "SequenceGapError",
    "Sequencer",
    "SequencerBusyError",
    "SequencerStoppedError",
    "Snapshot",
    "StaleEpochError",
    "SubscriberError",
    "SystemClock",
    "TruncatedError",
    "UndecodableError",
    "UnknownEventError",
    "Upcast",
    "WriteFailedError",
    "genesis",
    "recover",
    "state_hash",
    "this_process",
]
