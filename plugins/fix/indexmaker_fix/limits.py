"""A rate limit with weights: a bucket that fills by time. Pure arithmetic in weight-nanoseconds, no floats."""

from __future__ import annotations

__all__ = ["RateLimit"]

_SECOND = 1_000_000_000


class RateLimit:
    """Allows `burst` of weight at once and `per_second` in the long run."""

    def __init__(self, *, per_second: int, burst: int, now: int) -> None:
        self._per_second = per_second
        self._burst = burst * _SECOND
        self._left = self._burst
        self._at = now

    def take(self, weight: int, *, now: int) -> int:
        """Take the weight and return 0, or take nothing and return how many milliseconds to wait."""
        self._left = min(self._burst, self._left + max(0, now - self._at) * self._per_second)
        self._at = now
        wanted = weight * _SECOND
        if wanted <= self._left:
            self._left -= wanted
            return 0
        return -(-(wanted - self._left) // self._per_second // 1_000_000) or 1
