"""A transfer as the journal keeps it. Amounts are in USDC's smallest units, times in UTC nanoseconds."""

from __future__ import annotations

import enum

import msgspec

from indexmaker_across.quotes import Charges

__all__ = ["Deposit", "Leg", "Phase", "Position", "Terms", "Transfer", "position"]


class Phase(enum.StrEnum):
    """How far the money is."""

    CREATED = "created"
    """Nothing sent; the collateral is, or will be, in the route contract."""
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
    REFUNDED = "refunded"


class Leg(enum.StrEnum):
    """Which of a transfer's two transactions."""

    DEPOSIT = "across"
    PAYMENT = "transfer"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for; never changes."""

    transfer_id: str
    source: str
    destination: str
    amount: int
    min_out: int
    recipient: str


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
    retry_at: int = 0
    deposit: Deposit | None = None
    deposit_tx: str = ""
    fill_tx: str = ""
    received: int = 0
    payment_tx: str = ""
    refund_tx: str = ""
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
    def open(self) -> bool:
        """Whether it can still change by itself."""
        ended = (Phase.COMPLETED, Phase.CANCELLED, Phase.REFUNDED)
        return not self.closed and self.phase not in ended

    def command_id(self, leg: Leg) -> str:
        """Names the transaction of a leg's present attempt."""
        attempt = self.deposit_attempt if leg is Leg.DEPOSIT else self.payment_attempt
        return f"{self.transfer_id}/{leg}/{attempt}"


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """Where a transfer's money is."""

    at_source: int = 0
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
    amount = transfer.terms.amount
    match transfer.phase:
        case Phase.FILLING | Phase.REFUND_PENDING:
            return Position(receivable=amount)
        case Phase.PAYING:
            return Position(in_wallet=transfer.received, fees=amount - transfer.received)
        case Phase.SENT | Phase.COMPLETED:
            return Position(delivered=transfer.received, fees=amount - transfer.received)
    return Position(at_source=amount)
