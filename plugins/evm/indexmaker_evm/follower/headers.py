"""The newest headers of a chain, and how a new head connects to them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from indexmaker_evm.events import Header

__all__ = ["HeaderRing", "Joined", "NeedsParent", "Step", "TooDeep"]


class Joined(msgspec.Struct, frozen=True):
    """The branch starts on a block that is known; those above it are replaced."""

    replaced: int
    """How many known blocks leave the chain."""


class NeedsParent(msgspec.Struct, frozen=True):
    """The header before the branch is missing."""

    number: int
    hash: str


class TooDeep(msgspec.Struct, frozen=True):
    """The branch starts below everything that is known."""

    number: int


Step = Joined | NeedsParent | TooDeep


class HeaderRing:
    """At most `window` consecutive headers, each the parent of the next."""

    def __init__(self, *, window: int) -> None:
        self._window = window
        self._headers: list[Header] = []

    @property
    def tip(self) -> Header | None:
        """The newest header."""
        return self._headers[-1] if self._headers else None

    @property
    def base(self) -> int:
        """Number of the oldest header; 0 when there are none."""
        return self._headers[0].number if self._headers else 0

    def get(self, number: int) -> Header | None:
        """The header at a height, if it is within the window."""
        index = number - self.base
        return self._headers[index] if 0 <= index < len(self._headers) else None

    def between(self, first: int, last: int) -> tuple[Header, ...]:
        """Known headers with `first <= number <= last`, oldest first."""
        start = max(first - self.base, 0)
        return tuple(self._headers[start : max(last - self.base + 1, 0)])

    def holds(self, header: Header) -> bool:
        """Whether this very block is known."""
        known = self.get(header.number)
        return known is not None and known.hash == header.hash

    def connect(self, branch: Sequence[Header]) -> Step:
        """Say how a branch (linked, oldest first, ending at the new head) connects to what is known."""
        first = branch[0]
        tip = self.tip
        if tip is None:
            return Joined(0)
        if first.number <= self.base:
            return TooDeep(first.number)
        parent = self.get(first.number - 1)
        if parent is not None and parent.hash == first.parent:
            return Joined(tip.number - parent.number)
        return NeedsParent(first.number - 1, first.parent)

    def splice(self, branch: Sequence[Header]) -> None:
        """Put a branch, which connects, in place of everything at or above its first number."""
        keep = max(branch[0].number - self.base, 0)
        self._headers = [*self._headers[:keep], *branch][-self._window :]

    def restart(self, headers: Sequence[Header]) -> None:
        """Forget everything and hold these (linked, oldest first)."""
        self._headers = list(headers)[-self._window :]
