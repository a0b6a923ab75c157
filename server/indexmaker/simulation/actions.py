"""What happens to a simulated world from outside: deeds of users and faults, each a line of data.

A run is a function of its seed and its list of actions. That makes a run repeatable, and lets a failing one be made
smaller by leaving actions out.
"""

from __future__ import annotations

import msgspec

__all__ = ["Action", "describe"]

_SECOND = 1_000_000_000


class Action(msgspec.Struct, frozen=True, array_like=True):
    """Something that happens `at` nanoseconds after the beginning; `kind` says what, `args` to whom and how much."""

    at: int
    kind: str
    args: tuple[str | int, ...] = ()


def describe(action: Action) -> str:
    """One line for a person."""
    seconds, rest = divmod(action.at, _SECOND)
    return f"{seconds:>8}.{rest // 1_000_000:03}s  {action.kind:<10} {' '.join(map(str, action.args))}".rstrip()
