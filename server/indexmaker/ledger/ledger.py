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


class Ledger:
    """Balances of all accounts. An account exists as soon as it is posted to; an empty one is not kept."""

    def __init__(self, state: LedgerState = _EMPTY) -> None:
        self._balances = dict(state.balances)
        self._movements = state.movements

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
            if balance:
                self._balances[account] = balance
            else:
                self._balances.pop(account, None)
        self._movements += 1
        return self._movements

    def total(
        self, *, asset: str, place: str | None = None, kind: OwnerKind | None = None, bucket: str | None = None
    ) -> int:
        """Sum of the accounts that match."""
        return sum(
            balance
            for account, balance in self._balances.items()
            if account.asset == asset
            and (place is None or account.place == place)
            and (kind is None or account.kind is kind)
            and (bucket is None or account.bucket == bucket)
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
