"""A list of orders that depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexmaker.exchange.vocabulary import ListKind, ListStatus

if TYPE_CHECKING:
    from indexmaker.exchange.accounts import Account
    from indexmaker.exchange.markets import Market
    from indexmaker.exchange.orders import Order

__all__ = ["OrderList"]


class OrderList:
    """An accepted list. Readers outside the exchange must not change it.

    `members` are (order id, client order id), the working one first. `working` and `legs` are the orders themselves
    while the list is open.
    """

    __slots__ = (
        "accepted_at",
        "account",
        "client_list_id",
        "kind",
        "legs",
        "list_id",
        "market",
        "members",
        "status",
        "updated_at",
        "working",
    )

    def __init__(
        self, list_id: int, *, client_list_id: str, kind: ListKind, account: Account, market: Market, at: int
    ) -> None:
        self.list_id = list_id
        self.client_list_id = client_list_id
        self.kind = kind
        self.account = account
        self.market = market
        self.status = ListStatus.EXEC_STARTED
        self.accepted_at = at
        self.updated_at = at
        self.members: tuple[tuple[int, str], ...] = ()
        self.working: Order | None = None
        self.legs: tuple[Order, ...] = ()

    @property
    def orders(self) -> tuple[Order, ...]:
        """All orders of an open list, the working one first."""
        return self.legs if self.working is None else (self.working, *self.legs)

    @property
    def is_open(self) -> bool:
        """Whether an order of the list is open."""
        return self.status is not ListStatus.ALL_DONE

    def sibling(self, order: Order) -> Order | None:
        """The alternative of an order, when it has one."""
        if len(self.legs) == 2 and order is not self.working:
            return self.legs[1] if order is self.legs[0] else self.legs[0]
        return None
