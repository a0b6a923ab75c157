"""Making a failing run small: leave actions out as long as the same rule is broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

__all__ = ["shrink"]

T = TypeVar("T")

_FIRST_SUFFIX = 20


def shrink(items: Sequence[T], *, fails: Callable[[Sequence[T]], bool], out_of_time: Callable[[], bool]) -> list[T]:
    """The smallest list found for which `fails` still holds (delta debugging); the whole one when there is no time.

    What happened last is tried first, since most of a long history has nothing to do with its end.
    """
    kept = _last_that_fail(list(items), fails, out_of_time)
    parts = 2
    while len(kept) > 1 and not out_of_time():
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            rest = kept[:start] + kept[start + size :]
            if out_of_time():
                return kept
            if rest and fails(rest):
                kept = rest
                parts = max(2, parts - 1)
                break
        else:
            if size == 1:
                return kept
            parts = min(len(kept), parts * 2)
    return kept


def _last_that_fail(items: list[T], fails: Callable[[Sequence[T]], bool], out_of_time: Callable[[], bool]) -> list[T]:
    length = _FIRST_SUFFIX
    while length < len(items) and not out_of_time():
        if fails(items[-length:]):
            return items[-length:]
        length *= 4
    return items
