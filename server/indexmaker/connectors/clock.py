"""Time as a plugin sees it: injected, so that tests decide."""

from __future__ import annotations

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """A source of time."""

    def now(self) -> int:
        """UTC nanoseconds since 1970."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """UTC nanoseconds since 1970."""
        return time.time_ns()
