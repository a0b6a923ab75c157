"""What happens to a simulated world from outside: deeds of users and faults, each a line of data.

A run is a function of its seed and its list of actions. That makes a run repeatable, and lets a failing one be made
smaller by leaving actions out.
"""

from __future__ import annotations

import msgspec

__all__ = ["Action", "describe", "group_of"]

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


def group_of(action: Action) -> str:
    """Actions that belong together: what one user does, or all faults of one kind."""
    places = {"deposit": 1, "sell": 1, "buy": 0, "cancel": 0, "amend": 0, "quote": 0}
    if action.kind in places:
        return f"user {action.args[places[action.kind]]}"
    return action.kind
