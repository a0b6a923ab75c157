"""Names of accounts, and movements between them. Amounts are atoms."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Account", "Movement", "OwnerKind", "Posting"]


class OwnerKind(enum.StrEnum):
    """Whose account it is; EXTERNAL stands for the world outside and mirrors everything held inside."""

    USER = "USER"
    HOUSE = "HOUSE"
    EXTERNAL = "EXTERNAL"


class Account(NamedTuple):
    """One pot of one asset: who owns it, in which bucket (state of the money), at which place."""

    kind: OwnerKind
    owner: str
    bucket: str
    place: str
    asset: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.owner}/{self.bucket}@{self.place}:{self.asset}"


class Posting(NamedTuple):
    """A change of one account, in atoms; positive adds."""

    account: Account
    amount: int


class Movement(NamedTuple):
    """Postings that happen together or not at all."""

    postings: tuple[Posting, ...]

    @classmethod
    def between(cls, source: Account, target: Account, *, amount: int) -> Movement:
        """Take `amount` from `source` and give it to `target`."""
        return cls((Posting(source, -amount), Posting(target, amount)))

    @classmethod
    def of(cls, movements: Iterable[Movement]) -> Movement:
        """Several movements as one."""
        return cls(tuple(posting for movement in movements for posting in movement.postings))

    def reversed(self) -> Movement:
        """The movement that takes this one back."""
        return Movement(tuple(Posting(account, -amount) for account, amount in self.postings))
