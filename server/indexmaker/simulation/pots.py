"""One pot of money seen from outside and from the ledger, deed by deed: what differs is in flight, and must end."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["Pot"]


class Pot:
    """`outside` and `inside` say how much a deed (a trade, a request, a payment) is worth to the pot in the world and
    in the books; a deed that both know alike is forgotten.
    """

    def __init__(self) -> None:
        self.inside_total = 0
        self.outside_total = 0
        self._open: dict[str, tuple[int, int, int]] = {}
        self._kept: dict[str, int] = {}

    def outside(self, key: str, amount: int, *, now: int) -> None:
        """The world holds `amount` for this deed from now on."""
        known, inside, since = self._open.get(key) or (self._kept.get(key, 0), self._kept.get(key, 0), now)
        self.outside_total += amount - known
        self._set(key, amount, inside, since)

    def inside(self, key: str, amount: int, *, now: int) -> None:
        """The ledger holds `amount` for this deed from now on."""
        outside, known, since = self._open.get(key) or (self._kept.get(key, 0), self._kept.get(key, 0), now)
        self.inside_total += amount - known
        self._set(key, outside, amount, since)

    def forget(self, key: str) -> None:
        """Nothing more will become of a deed that both know alike."""
        self._kept.pop(key, None)

    def in_flight(self) -> Iterator[tuple[str, int, int, int]]:
        """Deeds that world and ledger see differently: key, amount outside, amount inside, since when."""
        for key, (outside, inside, since) in self._open.items():
            yield key, outside, inside, since

    def _set(self, key: str, outside: int, inside: int, since: int) -> None:
        if outside != inside:
            self._open[key] = (outside, inside, since)
            self._kept.pop(key, None)
            return
        self._open.pop(key, None)
        if outside:
            self._kept[key] = outside
        else:
            self._kept.pop(key, None)
