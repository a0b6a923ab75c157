"""A transfer as the journal keeps it. Amounts are in USDC's smallest units, times in UTC nanoseconds."""

from __future__ import annotations

import enum

import msgspec

from indexmaker_across.quotes import Charges

__all__ = ["Deposit", "Leg", "Phase", "Position", "Terms", "Transfer", "position"]


class Phase(enum.StrEnum):
    """How far the money is."""

    COLLECTING = "collecting"
    """Begun at a venue; its withdrawal has not reached the route contract."""
    CREATED = "created"
    """Nothing sent; the money is, or will be, in the route contract."""
    BRIDGING = "bridging"
    """A deposit is planned, perhaps sent, not in a block yet."""
    FILLING = "filling"
    """The deposit is in a block; a relayer's fill is awaited."""
    PAYING = "paying"
    """Filled; the payment from the hot wallet is not in a block yet."""
    SENT = "sent"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    REFUND_PENDING = "refund_pending"
    CLAIMING = "claiming"
    """Across owes the refund and keeps it until it is claimed."""
    REFUNDED = "refunded"


class Leg(enum.StrEnum):
    """Which of a transfer's transactions."""

    DEPOSIT = "across"
    PAYMENT = "transfer"
    CLAIM = "claim"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; never changes."""

    transfer_id: str
    source: str
    destination: str
    amount: int
    min_out: int
    recipient: str
    source_tx: str = ""
    """The venue's withdrawal that brings the money; empty for what starts on a chain."""


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """A planned Across deposit. Everything that its relay hash depends on is fixed before it is sent."""

    nonce: str
    """A number of 256 bits, hexadecimal."""
    deposit_id: str
    quote_timestamp: int
    """UTC seconds of the origin chain."""
    fill_deadline: int
    """UTC seconds of the destination chain."""
    relay_hash: str
    origin_block: int
    destination_block: int
    """Heights when it was planned: its fill and its refund are not below."""


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer as it stands."""

    terms: Terms
    output: int
    """What the quote that it was started on promises."""
    charges: Charges
    phase: Phase = Phase.CREATED
    since: int
    """When it entered the phase, or an operator gave it new time."""
    changed_at: int
    round_number: int = 0
    """Refunds that were followed by another try."""
    deposit_attempt: int = 0
    payment_attempt: int = 0
    claim_attempt: int = 0
    retry_at: int = 0
    collected: int = 0
    """What the withdrawal really brought; 0 before, and for what starts on a chain."""
    deposit: Deposit | None = None
    deposit_tx: str = ""
    fill_tx: str = ""
    received: int = 0
    payment_tx: str = ""
    refund_tx: str = ""
    refund_block: int = 0
    """Height of a refund that waits to be claimed."""
    external_id: str = ""
    reason: str = ""
    alarm: bool = False
    """An operator is needed; nothing new is sent. What is seen on the chains still counts, and clears it."""
    failed: bool = False
    """The phase's transaction can no longer succeed."""
    closed: bool = False
    """An operator ended it."""

    @property
    def transfer_id(self) -> str:
        """Its idempotency key."""
        return self.terms.transfer_id

    @property
    def returns(self) -> bool:
        """Whether it leads from a venue back to the users' side."""
        return bool(self.terms.source_tx)

    @property
    def amount(self) -> int:
        """What is moved: what was collected, else what was asked for."""
        return self.collected or self.terms.amount

    @property
    def open(self) -> bool:
        """Whether it can still change by itself."""
        ended = (Phase.COMPLETED, Phase.CANCELLED, Phase.REFUNDED)
        return not self.closed and self.phase not in ended

    def command_id(self, leg: Leg) -> str:
        """Names the transaction of a leg's present attempt."""
        return f"{self.transfer_id}/{leg}/{self.attempt(leg)}"

    def attempt(self, leg: Leg) -> int:
        """The number of a leg's present attempt, from 0."""
        attempts = {Leg.DEPOSIT: self.deposit_attempt, Leg.PAYMENT: self.payment_attempt, Leg.CLAIM: self.claim_attempt}
        return attempts[leg]


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transfer's money is."""

    at_source: int = 0
    """At the source, or in the route contract that it leaves by."""
    receivable: int = 0
    """Owed by Across: a fill, or a refund."""
    in_wallet: int = 0
    delivered: int = 0
    fees: int = 0

    @property
    def total(self) -> int:
        """Always the transfer's amount."""
        return self.at_source + self.receivable + self.in_wallet + self.delivered + self.fees


def position(transfer: Transfer) -> Position:
    """Where the money is, by what was seen on the chains."""
    amount = transfer.amount
    match transfer.phase:
        case Phase.FILLING | Phase.REFUND_PENDING | Phase.CLAIMING:
            return Position(receivable=amount)
        case Phase.PAYING:
            return Position(in_wallet=transfer.received, fees=amount - transfer.received)
        case Phase.SENT | Phase.COMPLETED:
            return Position(delivered=transfer.received, fees=amount - transfer.received)
    return Position(at_source=amount)
