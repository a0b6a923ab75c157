"""Keeps within the venue's request limits. Pure: the caller gives the time, in UTC nanoseconds.

The venue counts in fixed windows aligned to its clock (a minute, ten seconds, a UTC day). What it reports in its
headers is the truth, other users of the same address included; requests under way are added to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

__all__ = ["Charge", "Governor", "Priority", "Window"]

_SECOND = 10**9
_UNITS = {"SECOND": _SECOND, "MINUTE": 60 * _SECOND, "HOUR": 3_600 * _SECOND, "DAY": 86_400 * _SECOND}
_BANNED_AT_LEAST = 120 * _SECOND


class Priority(Enum):
    """How much of a window a kind of request may fill, in percent. Orders always find room that reads left."""

    ORDER = 100
    ACCOUNT = 90
    BULK = 70


@dataclass(slots=True, kw_only=True)
class Window:
    """One limit: at most `limit` in each span of `length` nanoseconds."""

    kind: str
    length: int
    limit: int
    header: str
    index: int = -1
    reported: int = 0
    under_way: int = 0

    def roll(self, now: int) -> None:
        """Start counting anew when the window is over; what is under way counts in the new one."""
        index = now // self.length
        if index != self.index:
            self.index, self.reported = index, 0

    def wait(self, amount: int, *, now: int, share: int) -> int:
        """Nanoseconds until `amount` fits into `share` percent; an empty window always admits."""
        self.roll(now)
        used = self.reported + self.under_way
        if not amount or not used or (used + amount) * 100 <= self.limit * share:
            return 0
        return (self.index + 1) * self.length - now


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What was reserved for one request; give it back with the reply."""

    weight: int
    orders: int
    at: int


class Governor:
    """All windows of one venue as seen from here."""

    def __init__(self) -> None:
        self._windows: list[Window] = []
        self.blocked_until = 0
        self.configure([{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000}])

    def configure(self, limits: Sequence[Mapping[str, Any]]) -> None:
        """Take `rateLimits` of exchangeInfo; what was counted in a window that stays is kept."""
        known = {window.header: window for window in self._windows}
        windows = []
        for item in limits:
            kind, unit, number = str(item["rateLimitType"]), str(item["interval"]), int(item["intervalNum"])
            name = {"REQUEST_WEIGHT": "x-mbx-used-weight", "ORDERS": "x-mbx-order-count"}.get(kind)
            if name is None:
                continue
            header = f"{name}-{number}{unit[0].lower()}"
            window = known.get(header) or Window(kind=kind, length=_UNITS[unit] * number, limit=0, header=header)
            window.limit = int(item["limit"])
            windows.append(window)
        self._windows = windows

    def wait(self, *, weight: int, orders: int, priority: Priority, now: int) -> int:
        """Nanoseconds to wait before such a request may be sent; 0 means now."""
        wait = max(0, self.blocked_until - now)
        for window in self._windows:
            amount = weight if window.kind == "REQUEST_WEIGHT" else orders
            wait = max(wait, window.wait(amount, now=now, share=priority.value))
        return wait

    def reserve(self, *, weight: int, orders: int, now: int) -> Charge:
        """Count a request that is sent now."""
        for window in self._windows:
            window.roll(now)
            window.under_way += weight if window.kind == "REQUEST_WEIGHT" else orders
        return Charge(weight=weight, orders=orders, at=now)

    def settle(self, charge: Charge, headers: Mapping[str, str], *, now: int) -> None:
        """A request is over. Counts in its headers replace what we thought; without them the charge stays counted."""
        lowered = {key.lower(): value for key, value in headers.items()}
        for window in self._windows:
            window.roll(now)
            amount = charge.weight if window.kind == "REQUEST_WEIGHT" else charge.orders
            window.under_way = max(0, window.under_way - amount)
            told = lowered.get(window.header)
            if told is None or not told.isdecimal():
                if charge.at // window.length == window.index:
                    window.reported += amount
            elif window.kind == "ORDERS":
                window.reported = int(told)  # fills lower this count, so the newest word holds
            else:
                window.reported = max(window.reported, int(told))

    def back_off(self, retry_after_ms: int, *, banned: bool, now: int) -> None:
        """The venue said 429, or 418 (`banned`): send nothing until then."""
        span = retry_after_ms * 10**6
        self.blocked_until = max(self.blocked_until, now + (max(span, _BANNED_AT_LEAST) if banned else span))
