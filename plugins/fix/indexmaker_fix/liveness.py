"""Heartbeats: when to speak, when to ask, when to give up. Times are UTC nanoseconds."""

from __future__ import annotations

import enum

__all__ = ["Liveness", "Need"]

_PATIENCE_TENTHS = 12
"""Silence of 1.2 heartbeat intervals is suspicious."""


class Need(enum.Enum):
    """What silence calls for."""

    HEARTBEAT = "heartbeat"
    TEST = "test"
    GIVE_UP = "give up"


class Liveness:
    """Watches both directions of one connection."""

    def __init__(self, *, interval: int, now: int) -> None:
        self._interval = interval
        self._spoken_at = now
        self._heard_at = now
        self._tested_at: int | None = None

    @property
    def interval(self) -> int:
        """HeartBtInt in nanoseconds."""
        return self._interval

    def heard(self, now: int) -> None:
        """Something came."""
        self._heard_at = now
        self._tested_at = None

    def spoke(self, now: int) -> None:
        """Something was sent."""
        self._spoken_at = now

    def deadline(self) -> int:
        """When `needs` should be asked again at the latest."""
        silence = self._tested_at if self._tested_at is not None else self._heard_at
        return min(self._spoken_at + self._interval, silence + self._patience)

    def needs(self, now: int) -> list[Need]:
        """What must be done now; a test is asked for once per silence."""
        needs = []
        if self._tested_at is not None and now - self._tested_at >= self._patience:
            return [Need.GIVE_UP]
        if self._tested_at is None and now - self._heard_at >= self._patience:
            self._tested_at = now
            needs.append(Need.TEST)
        elif now - self._spoken_at >= self._interval:
            needs.append(Need.HEARTBEAT)
        return needs

    @property
    def _patience(self) -> int:
        return self._interval * _PATIENCE_TENTHS // 10
