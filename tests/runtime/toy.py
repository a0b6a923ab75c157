"""A small engine with an outbox: enough to show every promise of the runtime."""

from __future__ import annotations

import msgspec

from indexmaker.runtime import Codec, MemoryJournal, Record


class Ask(msgspec.Struct, frozen=True, tag=True):
    key: str
    amount: int


class Confirm(msgspec.Struct, frozen=True, tag=True):
    key: str


class Poison(msgspec.Struct, frozen=True, tag=True):
    """Makes the engine raise, as only a defect does."""


class Send(msgspec.Struct, frozen=True, tag=True):
    key: str
    amount: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    key: str


Event = Ask | Confirm | Poison
Output = Send | Refused


class State(msgspec.Struct):
    outbox: dict[str, int]
    mix: int = 0
    """Depends on order, sequence and time, so that no difference goes unseen."""


class ToyEngine:
    name = "toy"
    schema_version = 1
    event_type = Event

    def __init__(self) -> None:
        self._state = State({})

    def apply(self, event: Event, *, sequence: int, at: int) -> tuple[Output, ...]:
        outbox = self._state.outbox
        self._state.mix = (self._state.mix * 31 + sequence * 7 + at) % 2**89
        match event:
            case Ask(key, amount) if key not in outbox:
                outbox[key] = amount
                return (Send(key, amount),)
            case Ask(key):
                return (Refused(key),)
            case Confirm(key):
                outbox.pop(key, None)
                return ()
            case Poison():
                raise ZeroDivisionError("poison")

    def pending(self) -> tuple[Output, ...]:
        return tuple(Send(key, amount) for key, amount in self._state.outbox.items())

    def dump(self) -> bytes:
        # The outbox is ordered by time of asking, which is part of the state.
        return msgspec.json.encode((list(self._state.outbox.items()), self._state.mix))

    def load(self, data: bytes) -> None:
        items, mix = msgspec.json.decode(data, type=tuple[list[tuple[str, int]], int])
        self._state = State(dict(items), mix)


def asks(count: int) -> list[Event]:
    """Asks and confirms with outbox entries left open at the end."""
    return [Confirm(f"k{n - 2}") if n % 3 == 2 else Ask(f"k{n}", 10**20 + n) for n in range(count)]


async def journal_of(events: list[Event], *, epochs: list[int] | None = None) -> MemoryJournal:
    """A journal with one group per event, at 10 ns steps."""
    journal = MemoryJournal("toy")
    codec: Codec[Event] = Codec.of(ToyEngine())
    for sequence, event in enumerate(events, start=1):
        epoch = epochs[sequence - 1] if epochs else 0
        journal.fence(epoch)
        await journal.append([Record(sequence, sequence * 10, 1, codec.encode(event))], epoch=epoch)
    return journal
