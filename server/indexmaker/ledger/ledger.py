"""The ledger: balances, and the two rules that every movement keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from indexmaker.ledger.accounts import Account, Movement, OwnerKind
from indexmaker.ledger.errors import OverdrawnError, UnbalancedError
from indexmaker.money import format_atoms

__all__ = ["Ledger", "LedgerState"]


class LedgerState(NamedTuple):
    """The whole ledger as plain data: accounts that are not empty, sorted, and how many movements made them."""

    balances: tuple[tuple[Account, int], ...]
    movements: int


_EMPTY = LedgerState((), 0)
_Group = tuple[OwnerKind, str, str, str]
"""Accounts of all owners of one kind with the same bucket, place and asset."""


class Ledger:
    """Balances of all accounts. An account exists as soon as it is posted to; an empty one is not kept."""

    def __init__(self, state: LedgerState = _EMPTY) -> None:
        self._balances = dict(state.balances)
        self._movements = state.movements
        self._totals: dict[_Group, int] = {}
        self._held: dict[tuple[str, str], int] = {}
        for account, balance in self._balances.items():
            self._count(account, balance)

    @property
    def movements(self) -> int:
        """How many movements were posted."""
        return self._movements

    def balance(self, account: Account) -> int:
        """Atoms in the account; 0 for one never posted to."""
        return self._balances.get(account, 0)

    def post(self, movement: Movement) -> int:
        """Apply all postings or none; returns the movement's number (a movement of nothing is not counted).

        Raises:
            UnbalancedError: the postings of an asset do not sum to zero.
            OverdrawnError: a user's bucket would go below zero.
        """
        changes: Counter[Account] = Counter()
        totals: Counter[str] = Counter()
        for account, amount in movement.postings:
            changes[account] += amount
            totals[account.asset] += amount
        for asset, total in sorted(totals.items()):
            if total:
                raise UnbalancedError(f"postings in {asset} sum to {format_atoms(total)}, not to zero")
        after = {account: self.balance(account) + change for account, change in changes.items() if change}
        for account, balance in after.items():
            if balance < 0 and account.kind is OwnerKind.USER:
                short = format_atoms(-balance)
                raise OverdrawnError(f"{account} would be {short} below zero: post the inflow first")
        if not after:
            return self._movements
        for account, balance in after.items():
            self._count(account, changes[account])
            if balance:
                self._balances[account] = balance
            else:
                self._balances.pop(account, None)
        self._movements += 1
        return self._movements

    def held(self, *, place: str, asset: str) -> int:
        """What users and the house have at a place together, that is all but the world outside."""
        return self._held.get((place, asset), 0)

    def total(
        self, *, asset: str, place: str | None = None, kind: OwnerKind | None = None, bucket: str | None = None
    ) -> int:
        """Sum of the accounts that match."""
        return sum(
            total
            for group, total in self._totals.items()
            if group[3] == asset
            and (place is None or group[2] == place)
            and (kind is None or group[0] is kind)
            and (bucket is None or group[1] == bucket)
        )

    def balanced(self) -> bool:
        """True when every asset sums to zero over all accounts and no user's bucket is below zero."""
        totals: Counter[str] = Counter()
        for account, balance in self._balances.items():
            totals[account.asset] += balance
            if balance < 0 and account.kind is OwnerKind.USER:
                return False
        return not any(totals.values())

    def __iter__(self) -> Iterator[tuple[Account, int]]:
        """Accounts that are not empty, sorted by name."""
        return iter(sorted(self._balances.items()))

    def state(self) -> LedgerState:
        """The ledger as plain data; equal ledgers give equal states."""
        return LedgerState(tuple(self), self._movements)

    def _count(self, account: Account, change: int) -> None:
        """Keep the sums over owners, so that totals need not look at every account."""
        kind, _, bucket, place, asset = account
        group = (kind, bucket, place, asset)
        self._totals[group] = self._totals.get(group, 0) + change
        if kind is not OwnerKind.EXTERNAL:
            self._held[place, asset] = self._held.get((place, asset), 0) + change
