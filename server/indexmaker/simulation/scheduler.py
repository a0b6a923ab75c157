"""Virtual time: what is due next, and nothing in between."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

__all__ = ["Scheduler"]


class Scheduler:
    """Runs what is due in order of time; what is due at the same time runs in the order it was planned."""

    def __init__(self, *, start: int) -> None:
        self.start = start
        self.now = start
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._planned = 0

    def after(self, delay: int, work: Callable[..., None], *args: Any) -> None:  # noqa: ANN401 - whatever `work` takes
        """Plan `work(*args)` for `delay` nanoseconds from now."""
        self._planned += 1
        heapq.heappush(self._heap, (self.now + delay, self._planned, work, args))

    @property
    def next_at(self) -> int | None:
        """When something is due next; None when nothing is planned."""
        return self._heap[0][0] if self._heap else None

    def run_next(self) -> None:
        """Go to the next due time and do the work; there must be some."""
        self.now, _, work, args = heapq.heappop(self._heap)
        work(*args)
