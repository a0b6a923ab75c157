"""What is read from a chain: blocks, logs of interest, and notices about them.

Amounts are decimal texts in whole tokens, as they leave the plugin. Addresses and hashes are lower-case hexadecimal.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

__all__ = [
    "Block",
    "Body",
    "ChainLog",
    "DepositRequested",
    "Finality",
    "Header",
    "IndexDeployed",
    "Kind",
    "Levels",
    "Notice",
    "RedemptionCancelled",
    "RedemptionCommitted",
    "RedemptionDefaulted",
    "RedemptionRequested",
    "RedemptionSettled",
    "RedemptionTerms",
    "RequestCancelled",
    "RequestCommitted",
    "RequestDefaulted",
    "RequestSettled",
    "RequestTerms",
    "TokenTransfer",
    "WeightsSet",
]


class Finality(IntEnum):
    """How sure it is that an event stays; the numbers are the proto's."""

    SEEN = 1
    CONFIRMED = 2
    SAFE = 3
    FINAL = 4


class Kind(IntEnum):
    """What happened to an event; the numbers are the proto's."""

    APPLY = 1
    RETRACT = 2
    PROMOTE = 3


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """A block's place in the chain."""

    number: int
    hash: str
    parent: str
    at: int
    """UTC nanoseconds."""


class Levels(msgspec.Struct, frozen=True, kw_only=True):
    """How far a chain has come: numbers of its newest, "safe" and "finalized" blocks."""

    latest: int
    safe: int
    final: int

    def finality(self, number: int, *, confirmations: int) -> Finality:
        """The highest level that the block has reached; its own block counts as the first confirmation."""
        if number <= self.final:
            return Finality.FINAL
        if number <= self.safe:
            return Finality.SAFE
        if self.latest - number + 1 >= confirmations:
            return Finality.CONFIRMED
        return Finality.SEEN


class DepositRequested(msgspec.Struct, frozen=True, kw_only=True, tag="deposit"):
    """A user asked for index tokens and paid collateral into the gate."""

    request_id: str
    controller: str
    owner: str
    amount: str


class RequestTerms(msgspec.Struct, frozen=True, kw_only=True, tag="terms"):
    """The price protection of a request, logged right after it; limits beyond any money are cut to the largest text."""

    request_id: str
    min_units: str
    max_fee: str


class RequestCancelled(msgspec.Struct, frozen=True, kw_only=True, tag="cancel"):
    """A request was withdrawn by its user."""

    request_id: str


class RequestCommitted(msgspec.Struct, frozen=True, kw_only=True, tag="commit"):
    """Collateral left the gate for a route."""

    request_id: str
    route_id: str
    amount: str


class RequestSettled(msgspec.Struct, frozen=True, kw_only=True, tag="settle"):
    """A request was settled."""

    request_id: str
    controller: str
    spent: str
    fee: str
    back: str
    out: str
    lots_root: str
    invoice_hash: str


class RequestDefaulted(msgspec.Struct, frozen=True, kw_only=True, tag="default"):
    """A deposit was not settled in time, and is owed from the gate's bond."""

    request_id: str
    controller: str
    amount: str


class RedemptionRequested(msgspec.Struct, frozen=True, kw_only=True, tag="redeem"):
    """A user gave index tokens into the gate and asked for collateral."""

    request_id: str
    controller: str
    owner: str
    units: str


class RedemptionTerms(msgspec.Struct, frozen=True, kw_only=True, tag="redeem_terms"):
    """The price protection of a redemption, logged right after it; cut as in `RequestTerms`."""

    request_id: str
    min_amount: str
    max_fee: str


class RedemptionCancelled(msgspec.Struct, frozen=True, kw_only=True, tag="redeem_cancel"):
    """A redemption was withdrawn by its user."""

    request_id: str


class RedemptionCommitted(msgspec.Struct, frozen=True, kw_only=True, tag="redeem_commit"):
    """A redemption's tokens are locked until `settle_by`, UTC seconds."""

    request_id: str
    units: str
    settle_by: int


class RedemptionSettled(msgspec.Struct, frozen=True, kw_only=True, tag="redeem_settle"):
    """A redemption was settled."""

    request_id: str
    controller: str
    burned: str
    returned: str
    paid: str
    fee: str
    lots_root: str
    redemption_hash: str


class RedemptionDefaulted(msgspec.Struct, frozen=True, kw_only=True, tag="redeem_default"):
    """A redemption was not settled in time; the tokens went back."""

    request_id: str
    units: str


class WeightsSet(msgspec.Struct, frozen=True, kw_only=True, tag="weights"):
    """The curator published weights: symbols with decimals, 1 in sum, that hold from `effective_at`, UTC seconds."""

    version: str
    effective_at: int
    weights: tuple[tuple[str, str], ...]


class IndexDeployed(msgspec.Struct, frozen=True, kw_only=True, tag="index"):
    """A factory deployed an index."""

    symbol: str
    gate: str
    token: str


class TokenTransfer(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """Tokens moved."""

    token: str
    sender: str
    recipient: str
    amount: str


Body = (
    DepositRequested
    | RequestTerms
    | RequestCancelled
    | RequestCommitted
    | RequestSettled
    | RequestDefaulted
    | RedemptionRequested
    | RedemptionTerms
    | RedemptionCancelled
    | RedemptionCommitted
    | RedemptionSettled
    | RedemptionDefaulted
    | WeightsSet
    | IndexDeployed
    | TokenTransfer
)


class ChainLog(msgspec.Struct, frozen=True, kw_only=True):
    """A log in a block."""

    chain_id: int
    tx_hash: str
    log_index: int
    block_number: int
    block_hash: str
    block_at: int
    contract: str
    body: Body

    @property
    def place(self) -> tuple[int, int]:
        """Where it stands on its chain."""
        return (self.block_number, self.log_index)


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A block with its logs of interest, in order."""

    header: Header
    logs: tuple[ChainLog, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What a client is told about a log."""

    kind: Kind
    finality: Finality
    log: ChainLog
