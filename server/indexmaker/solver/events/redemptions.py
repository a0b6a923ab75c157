"""Requests to redeem index tokens, and the way of the proceeds out of the venue."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import Finality, WithdrawalState

__all__ = [
    "RedemptionRetracted",
    "RedemptionSeen",
    "RedemptionTerms",
    "RedemptionWithdrawn",
    "WithdrawalUpdated",
]


class RedemptionSeen(Event, frozen=True, kw_only=True):
    """Index tokens put in escrow on a gate. Told again as its finality grows; `units` are atoms of the index."""

    chain_id: int
    tx_hash: str
    log_index: int
    request_id: int
    gate: str
    account: str
    units: int
    finality: Finality
    block_hash: str = ""


class RedemptionRetracted(Event, frozen=True, kw_only=True):
    """A reorg took the escrow back; only if it is still known in this very block."""

    chain_id: int
    tx_hash: str
    log_index: int
    block_hash: str = ""


class RedemptionWithdrawn(Event, frozen=True, kw_only=True):
    """The user took the tokens back on the gate before they were committed."""

    chain_id: int
    gate: str
    request_id: int


class RedemptionTerms(Event, frozen=True, kw_only=True):
    """The price protection of a redemption on its gate: a settlement outside of it would revert.

    `min_out` is the least collateral for all the units (0: no limit); a `max_fee` of 0 allows no fee at all.
    """

    chain_id: int
    gate: str
    request_id: int
    min_out: int
    max_fee: int


class WithdrawalUpdated(Event, frozen=True, kw_only=True):
    """A withdrawal as the venue sees it now (not a delta); `amount` is what leaves it after `fee`."""

    command_id: str
    state: WithdrawalState
    tx_hash: str = ""
    amount: int = 0
    fee: int = 0
    reason: str = ""
