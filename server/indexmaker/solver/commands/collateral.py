"""Commands that move collateral from a gate to the venue."""

from __future__ import annotations

from indexmaker.solver.commands.base import Command
from indexmaker.solver.vocabulary import Value

__all__ = ["CommitCollateral", "ConfirmArrival", "Contribution", "QuoteRoute", "StartTransfer"]


class QuoteRoute(Command, frozen=True, kw_only=True):
    """Ask what a transfer would cost. Answered by `RouteQuoted` or `RouteRefused`."""

    transfer_id: str
    source: str
    destination: str
    route: str
    asset: str
    amount: int


class CommitCollateral(Command, frozen=True, kw_only=True):
    """Move these requests of a gate to its route. Answered by `CollateralCommitted` or `CommitFailed`."""

    transfer_id: str
    chain_id: int
    gate: str
    request_ids: tuple[int, ...]
    route: str
    amount: int


class Contribution(Value, frozen=True, kw_only=True):
    """What one index order has in a shared transfer."""

    order_id: str
    request_id: int
    amount: int


class StartTransfer(Command, frozen=True, kw_only=True):
    """Carry committed collateral (idempotent by `transfer_id`; a repeat means: go on watching).

    Answered by `TransferUpdated` until COMPLETED, FAILED or REFUNDED.
    """

    transfer_id: str
    source: str
    destination: str
    route: str
    asset: str
    amount: int
    min_out: int
    commit_tx: str
    contributions: tuple[Contribution, ...]


class ConfirmArrival(Command, frozen=True, kw_only=True):
    """The venue has credited the transfer. Answered by `TransferUpdated` COMPLETED."""

    transfer_id: str
    external_id: str
    amount: int
