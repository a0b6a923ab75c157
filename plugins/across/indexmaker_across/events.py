"""What happens to a transfer: facts from the chains, and what callers decide. Journaled in order."""

from __future__ import annotations

import msgspec

from indexmaker_across.quotes import Charges
from indexmaker_across.transfer import Deposit, Leg

__all__ = [
    "Abandoned",
    "ArrivalConfirmed",
    "Cancelled",
    "Collected",
    "CollectionRefused",
    "DepositPlanned",
    "Event",
    "FillExpired",
    "FillSeen",
    "Overdue",
    "RefundAccepted",
    "RefundDeferred",
    "RefundSeen",
    "Retried",
    "Started",
    "TransactionConfirmed",
    "TransactionFailed",
    "TransactionRefused",
    "TransactionSent",
]


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """It was accepted."""


class Collected(msgspec.Struct, frozen=True, kw_only=True, tag="collected"):
    """The venue's withdrawal is in the route contract, deep enough; `charges` are those of what really came."""

    log_index: int
    amount: int
    charges: Charges


class CollectionRefused(msgspec.Struct, frozen=True, kw_only=True, tag="collection_refused"):
    """The transaction that was named brings nothing that can be this transfer's."""

    reason: str


class DepositPlanned(msgspec.Struct, frozen=True, kw_only=True, tag="deposit_planned"):
    """The collateral is there; the next thing sent is this deposit."""

    deposit: Deposit


class TransactionSent(msgspec.Struct, frozen=True, kw_only=True, tag="sent"):
    """Signed and journaled by the transaction manager; from here on it can be mined."""

    leg: Leg
    tx_hash: str


class TransactionConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag="confirmed"):
    """In a block, deep enough."""

    leg: Leg
    tx_hash: str


class TransactionRefused(msgspec.Struct, frozen=True, kw_only=True, tag="refused"):
    """It would have reverted, so it was never signed; another attempt follows at `retry_at`, if there is one."""

    leg: Leg
    reason: str
    retry_at: int | None


class TransactionFailed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """It reverted in a block, or lost its nonce."""

    leg: Leg
    tx_hash: str
    reason: str


class FillSeen(msgspec.Struct, frozen=True, kw_only=True, tag="fill"):
    """The destination's SpokePool has paid the hot wallet."""

    tx_hash: str
    amount: int


class FillExpired(msgspec.Struct, frozen=True, kw_only=True, tag="fill_expired"):
    """The fill deadline has passed on the destination without a fill: Across owes a refund."""


class RefundSeen(msgspec.Struct, frozen=True, kw_only=True, tag="refund"):
    """The deposit is back in the route contract, by itself or claimed."""

    tx_hash: str


class RefundDeferred(msgspec.Struct, frozen=True, kw_only=True, tag="refund_deferred"):
    """Across owes the refund and keeps it until it is claimed."""

    tx_hash: str
    block: int = 0


class Overdue(msgspec.Struct, frozen=True, kw_only=True, tag="overdue"):
    """It stayed in its phase for too long."""

    reason: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True, tag="cancelled"):
    """Its owner took it back before anything moved."""


class ArrivalConfirmed(msgspec.Struct, frozen=True, kw_only=True, tag="arrival"):
    """The venue has credited it."""

    external_id: str


class Retried(msgspec.Struct, frozen=True, kw_only=True, tag="retried"):
    """An operator wants the hop tried again, or waited for longer."""

    operator: str
    note: str


class RefundAccepted(msgspec.Struct, frozen=True, kw_only=True, tag="refund_accepted"):
    """An operator takes the refund as the end."""

    operator: str
    note: str


class Abandoned(msgspec.Struct, frozen=True, kw_only=True, tag="abandoned"):
    """An operator gives it up."""

    operator: str
    note: str


Event = (
    Started
    | Collected
    | CollectionRefused
    | DepositPlanned
    | TransactionSent
    | TransactionConfirmed
    | TransactionRefused
    | TransactionFailed
    | FillSeen
    | FillExpired
    | RefundSeen
    | RefundDeferred
    | Overdue
    | Cancelled
    | ArrivalConfirmed
    | Retried
    | RefundAccepted
    | Abandoned
)
