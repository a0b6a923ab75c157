"""Making a failing run small: leave actions out as long as the same rule is broken."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

__all__ = ["shrink"]

T = TypeVar("T")

_FIRST_SUFFIX = 30

Fails = Callable[[Sequence[T]], Sequence[T] | None]
"""Tries a list: the part of it that was needed to fail, or None when it does not."""


def shrink(
    items: Sequence[T], *, group: Callable[[T], Hashable], fails: Fails[T], out_of_time: Callable[[], bool]
) -> list[T]:
    """The smallest list found that still fails (delta debugging); the whole one when there is no time.

    Most of a long history has nothing to do with its end, so the last items are tried alone first. Then whole groups
    (all that one user does, all faults of one kind) are left out, then single items.
    """
    kept = _last_that_fail(list(items), fails, out_of_time)
    groups = list(dict.fromkeys(map(group, kept)))
    left = set(_reduce(groups, lambda some: _keeping(kept, some, group), fails, out_of_time))
    kept = [item for item in kept if group(item) in left]
    return _reduce(kept, lambda some: list(some), fails, out_of_time)


def _keeping(items: list[T], groups: Sequence[Hashable], group: Callable[[T], Hashable]) -> list[T]:
    wanted = set(groups)
    return [item for item in items if group(item) in wanted]


U = TypeVar("U")


def _reduce(
    parts: list[U], listed: Callable[[Sequence[U]], list[T]], fails: Fails[T], out_of_time: Callable[[], bool]
) -> list[U]:
    """Leave out ever smaller pieces of `parts`; `listed` makes the list to try of what is left of them."""
    pieces = 2
    while len(parts) > 1 and not out_of_time():
        size = -(-len(parts) // pieces)
        for start in range(0, len(parts), size):
            rest = parts[:start] + parts[start + size :]
            if out_of_time():
                return parts
            if rest and fails(listed(rest)) is not None:
                parts = rest
                pieces = max(2, pieces - 1)
                break
        else:
            if size == 1:
                return parts
            pieces = min(len(parts), pieces * 2)
    return parts


def _last_that_fail(items: list[T], fails: Fails[T], out_of_time: Callable[[], bool]) -> list[T]:
    length = _FIRST_SUFFIX
    while length < len(items) and not out_of_time():
        needed = fails(items[-length:])
        if needed is not None:
            return list(needed)
        length *= 4
    return items
