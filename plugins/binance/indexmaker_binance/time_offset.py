"""How far the venue's clock is from ours, measured by the middle of a round trip. Pure."""

from __future__ import annotations

from collections import deque
from statistics import median_low

__all__ = ["TimeOffset"]


class TimeOffset:
    """Median of the latest measurements, so that one slow reply does not move it."""

    def __init__(self, *, keep: int = 5) -> None:
        self._samples: deque[int] = deque(maxlen=keep)

    def add(self, *, sent: int, received: int, server_ms: int) -> None:
        """Take one measurement; `sent` and `received` are our time in nanoseconds."""
        self._samples.append(server_ms * 10**6 - (sent + received) // 2)

    def restart(self) -> None:
        """Forget old measurements: the venue just proved them wrong."""
        self._samples.clear()

    @property
    def nanoseconds(self) -> int:
        """What to add to our time to have the venue's; 0 before the first measurement."""
        return median_low(self._samples) if self._samples else 0

    @property
    def milliseconds(self) -> int:
        """The same in whole milliseconds, rounded down so that a timestamp is never ahead of the venue."""
        return self.nanoseconds // 10**6
