"""Where time comes from. Engines never read it; the sequencer stamps each group."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]


class Clock(Protocol):
    """A source of time that never goes back."""

    def now(self) -> int:
        """UTC nanoseconds since 1970."""


class SystemClock:
    """The machine's clock; when it is set back, time stands still until it has caught up."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        """UTC nanoseconds since 1970, not less than before."""
        self._last = max(self._last, time.time_ns())
        return self._last


class ManualClock:
    """A clock that moves when told, for tests and simulation."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """The time last set, in UTC nanoseconds."""
        return self._now

    def advance(self, nanoseconds: int) -> int:
        """Move forward and return the new time; raises `ValueError` for a step back."""
        if nanoseconds < 0:
            raise ValueError(f"a clock does not go back ({nanoseconds} ns)")
        self._now += nanoseconds
        return self._now
