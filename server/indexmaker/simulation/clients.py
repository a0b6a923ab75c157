"""The users' programs: they send what their users want until it is journaled."""

from __future__ import annotations

from indexmaker.money import ATOMS
from indexmaker.simulation.link import Link
from indexmaker.solver import events as ev
from indexmaker.solver.handlers.quotes import quote_id_of
from indexmaker.solver.vocabulary import Side

__all__ = ["Clients"]

_ROUTING_FEE = ATOMS


class Clients:
    """All users' clients; what one user says comes in its order."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def buy(
        self, account: str, name: str, *, index: str, amount: int, max_price: int, max_fee: int, expires_at: int
    ) -> None:
        """Order units for collateral."""
        event = ev.OrderSubmitted(
            client_order_id=name,
            account=account,
            side=Side.BUY,
            index=index,
            amount=amount,
            max_price=max_price,
            max_fee=max_fee,
            expires_at=expires_at,
        )
        self._link.tell(event, subject=account)

    def sell(self, account: str, name: str, *, index: str, units: int) -> None:
        """Order collateral for units."""
        event = ev.OrderSubmitted(client_order_id=name, account=account, side=Side.SELL, index=index, amount=units)
        self._link.tell(event, subject=account)

    def quote(self, account: str, name: str, *, index: str, amount: int, books: tuple[ev.Book, ...]) -> None:
        """Ask for a binding quote for an order, and order by it."""
        event = ev.QuoteRequested(
            account=account,
            client_quote_id=name,
            side=Side.BUY,
            index=index,
            amount=amount,
            routing_fee=_ROUTING_FEE,
            books=books,
        )
        self._link.tell(event, subject=account)
        order = ev.OrderSubmitted(
            client_order_id=name,
            account=account,
            side=Side.BUY,
            index=index,
            amount=amount,
            quote_id=quote_id_of(account, name),
        )
        self._link.tell(order, subject=account)

    def propose(self, index: str, proposal: str, weights: tuple[tuple[str, int], ...]) -> None:
        """The curator calls for other weights."""
        self._link.tell(ev.WeightsProposed(symbol=index, proposal_id=proposal, weights=weights), subject=index)

    def cancel(self, account: str, name: str) -> None:
        """Have an order end."""
        self._link.tell(ev.OrderCancelRequested(account=account, client_order_id=name), subject=account)

    def amend(self, account: str, name: str, *, amend_id: str, amount: int) -> None:
        """Have an order be for another amount."""
        event = ev.OrderAmendRequested(account=account, client_order_id=name, amend_id=amend_id, amount=amount)
        self._link.tell(event, subject=account)

    def handle(self, command: object) -> None:
        """Nobody commands clients."""

    def unanswered(self, command: object) -> None:
        """Nobody commands clients."""

    def resync(self) -> None:
        """What was not acknowledged is sent again by the link."""
