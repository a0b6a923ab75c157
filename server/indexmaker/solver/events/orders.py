"""What clients ask for."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.vocabulary import Side

__all__ = ["OrderAmendRequested", "OrderCancelRequested", "OrderSubmitted"]


class OrderSubmitted(Event, frozen=True, kw_only=True):
    """A client's index order, its signature already verified at the door. A limit of 0 is absent.

    `max_price` is collateral per index unit for assets and venue fees; `min_units` the least to mint for the
    whole amount; `max_fee` bounds routing plus management fee; `expires_at` 0 takes the configured life time.
    """

    client_order_id: str
    account: str
    side: Side
    index: str
    amount: int
    max_price: int = 0
    min_units: int = 0
    max_fee: int = 0
    expires_at: int = 0
    signature_digest: str = ""
    quote_id: str = ""
    """A binding quote of the account: its price and fees become limits of the order."""


class OrderCancelRequested(Event, frozen=True, kw_only=True):
    """The client wants the order ended; what happens to the money depends on its state."""

    account: str
    client_order_id: str


class OrderAmendRequested(Event, frozen=True, kw_only=True):
    """The client wants other terms; None leaves a term as it is, a limit of 0 takes it away.

    `amend_id` is the client's name of this change: the same one again gets the first answer again.
    """

    account: str
    client_order_id: str
    amend_id: str
    amount: int | None = None
    max_price: int | None = None
    max_fee: int | None = None
    expires_at: int | None = None
    signature_digest: str = ""
