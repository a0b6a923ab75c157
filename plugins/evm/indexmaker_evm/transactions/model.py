"""A transaction as the journal keeps it."""

from __future__ import annotations

from enum import IntEnum

import msgspec

__all__ = ["Attempt", "Transaction", "TxState"]


class TxState(IntEnum):
    """How far a transaction is; the numbers are the proto's."""

    JOURNALED = 1
    BROADCAST = 2
    MINED = 3
    CONFIRMED = 4
    FINAL = 5
    REVERTED = 6
    DROPPED = 7


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Signed bytes under the transaction's nonce; a later one pays more. Fees are wei per gas, `at` UTC nanoseconds."""

    tx_hash: str
    raw: bytes
    max_fee: int
    priority_fee: int
    at: int


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a command. It exists from the moment that its first attempt is durable."""

    command_id: str
    chain_id: int
    digest: bytes
    """Of the command, to notice an id that is used for two."""
    sender: str
    to: str
    data: bytes
    state: TxState
    gas: int = 0
    nonce: int | None = None
    """None: refused in the dry run, nothing was signed."""
    attempts: tuple[Attempt, ...] = ()
    mined_hash: str = ""
    block_number: int = 0
    cost_wei: int = 0
    error: str = ""
    open: bool = True
    """Whether the chain can still change its state."""

    @property
    def hashes(self) -> tuple[str, ...]:
        """All hashes; the last is the one mined, else the one in force."""
        hashes = [attempt.tx_hash for attempt in self.attempts if attempt.tx_hash != self.mined_hash]
        return (*hashes, self.mined_hash) if self.mined_hash else tuple(hashes)

    @property
    def in_block(self) -> bool:
        """Whether it was last seen in a block."""
        return self.block_number > 0
