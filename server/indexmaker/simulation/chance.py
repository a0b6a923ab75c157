"""Randomness that follows from names: the same question has the same answer, whatever was asked before.

A world that draws from one stream changes altogether when a single deed is left out. Here a deed left out changes only
what depends on it, and the same seed gives the same world in every process.
"""

from __future__ import annotations

import hashlib

__all__ = ["Chance"]


class Chance:
    """Answers of one seed."""

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(16, "big", signed=True)

    def number(self, *name: str | int) -> int:
        """A number from 0 to 2**64 - 1."""
        text = "\x1f".join(map(str, name)).encode()
        return int.from_bytes(hashlib.blake2b(text, digest_size=8, key=self._key).digest(), "big")

    def between(self, low: int, high: int, *name: str | int) -> int:
        """A number from `low` to `high`, both included."""
        return low + self.number(*name) % (high - low + 1)

    def happens(self, percent: int, *name: str | int) -> bool:
        """True in `percent` of all questions."""
        return self.number(*name) % 100 < percent
