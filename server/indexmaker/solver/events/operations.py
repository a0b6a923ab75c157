"""What operators decide, and what a comparison with the outside has found."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import PositionCheck

__all__ = [
    "AssetOrderResolved",
    "ClaimCollected",
    "InvoiceReviewed",
    "PayoutRestarted",
    "PositionsCompared",
    "PriceStated",
    "SettlementRetried",
    "TradingHalted",
    "TradingResumed",
    "TransferWrittenOff",
]


class Decision(Event, frozen=True, kw_only=True):
    """Parent of what an operator decides: who, and why, stay in the journal."""

    operator: str
    reason: str


class TradingHalted(Decision, frozen=True, kw_only=True):
    """No new batch is made until trading is resumed; what runs goes on, and orders are still taken."""


class TradingResumed(Decision, frozen=True, kw_only=True):
    """Batches are made again, whoever or whatever halted them."""


class InvoiceReviewed(Decision, frozen=True, kw_only=True):
    """A vetoed invoice was looked at and its cause mended: it is made anew and offered for signature again."""

    invoice_id: str


class SettlementRetried(Decision, frozen=True, kw_only=True):
    """A settlement that was reverted too often is tried again, with a new signature."""

    order_id: str


class PayoutRestarted(Decision, frozen=True, kw_only=True):
    """What made a withdrawal or a transfer of sale proceeds fail is mended: they are brought on their way again."""

    payout_id: str


class TransferWrittenOff(Decision, frozen=True, kw_only=True):
    """A transfer of deposits that failed or came back is given up: its orders end, and their users are refunded in
    full; what comes back from the route is the house's.
    """

    transfer_id: str


class ClaimCollected(Decision, frozen=True, kw_only=True):
    """Money of a written-off transfer came back to the house at a place; `reference` makes it idempotent."""

    place: str
    asset: str
    amount: int
    reference: str


class AssetOrderResolved(Decision, frozen=True, kw_only=True):
    """The venue was asked by other means: the order is over, with this much executed."""

    client_order_id: str
    executed_quantity: int


class PriceStated(Decision, frozen=True, kw_only=True):
    """A price of an asset in the collateral, for a commission in an asset that no book values."""

    asset: str
    price: int


class PositionsCompared(Event, frozen=True, kw_only=True):
    """The ledger was compared with the outside at journal sequence `sequence`; trading stops on what is unexplained."""

    sequence: int
    checks: tuple[PositionCheck, ...]
