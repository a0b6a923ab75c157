"""EIP-1559 fees: what to offer first, and by how much to raise it. Pure; all in wei per gas."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["BUMP_PERCENT", "Fees", "gas_limit", "raised", "suggested"]

BUMP_PERCENT = 10
"""Nodes refuse a replacement that pays less than this much more, in both fees."""
GAS_RESERVE_PERCENT = 25


class Fees(NamedTuple):
    """The two fees of a transaction."""

    max_fee: int
    priority_fee: int

    @property
    def expected(self) -> int:
        """What is paid if the base fee stays, for fees made by `suggested`."""
        return (self.max_fee - self.priority_fee) // 2 + self.priority_fee


def suggested(*, base_fee: int, tip: int) -> Fees:
    """Enough for the base fee to double."""
    return Fees(2 * base_fee + tip, tip)


def raised(before: Fees, *, market: Fees) -> Fees:
    """The fees of a replacement: at least `BUMP_PERCENT` more, rounded up, and at least the market's."""
    priority = max(_bumped(before.priority_fee), market.priority_fee)
    return Fees(max(_bumped(before.max_fee), market.max_fee, priority), priority)


def gas_limit(estimate: int) -> int:
    """The estimate with a reserve, rounded up: the state may change before the transaction is mined."""
    return -(-estimate * (100 + GAS_RESERVE_PERCENT) // 100)


def _bumped(fee: int) -> int:
    return max(-(-fee * (100 + BUMP_PERCENT) // 100), fee + 1)
