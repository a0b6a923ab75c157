"""An accepted order: what it is, how far it has come, and its place in the queue of its price level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexmaker.exchange.commands import PlaceOrder
from indexmaker.exchange.vocabulary import OrderStatus, OrderType, Side, TimeInForce

if TYPE_CHECKING:
    from indexmaker.exchange.accounts import Account
    from indexmaker.exchange.markets import Market

__all__ = ["Level", "Order"]

PPM = 1_000_000


class Level:
    """All resting orders of one price, oldest first. `key` is the price, negated for asks (see `book`)."""

    __slots__ = ("first", "key", "last", "quantity")

    def __init__(self, key: int) -> None:
        self.key = key
        self.quantity = 0
        self.first: Order | None = None
        self.last: Order | None = None


class Order:
    """An accepted order. Readers outside the exchange must not change it.

    `price` is in ticks (0 for market orders), `quantity` and `remaining` in lots, `quote_amount` and `quote` (what it
    has traded for) in quote atoms, `held` in atoms of the asset it gives. Fee rates are those at acceptance.
    """

    __slots__ = (
        "accepted_at",
        "account",
        "buy",
        "client_order_id",
        "gives",
        "held",
        "level",
        "maker_charged",
        "maker_ppm",
        "maker_received",
        "market",
        "next",
        "order_id",
        "previous",
        "price",
        "quantity",
        "quote",
        "quote_amount",
        "remaining",
        "self_trade",
        "side",
        "status",
        "taker_charged",
        "taker_ppm",
        "taker_received",
        "time_in_force",
        "type",
        "updated_at",
    )

    def __init__(
        self, order_id: int, request: PlaceOrder, *, account: Account, market: Market, quantity: int, at: int
    ) -> None:
        self.order_id = order_id
        self.account = account
        self.market = market
        self.client_order_id = request.client_order_id
        self.side = request.side
        self.buy = request.side is Side.BUY
        self.gives = market.quote if self.buy else market.base
        self.type = request.type
        self.time_in_force = request.time_in_force
        self.self_trade = request.self_trade
        self.price = request.price
        self.quantity = quantity
        self.remaining = quantity
        self.quote_amount = request.quote_amount
        self.quote = 0
        self.held = 0
        self.maker_ppm = account.tier.maker_ppm
        self.taker_ppm = account.tier.taker_ppm
        self.maker_received = 0
        self.maker_charged = 0
        self.taker_received = 0
        self.taker_charged = 0
        self.status = OrderStatus.NEW
        self.accepted_at = at
        self.updated_at = at
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None

    @property
    def executed(self) -> int:
        """Lots traded so far."""
        return self.quantity - self.remaining

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade or be cancelled."""
        return self.status is OrderStatus.NEW or self.status is OrderStatus.PARTIALLY_FILLED

    @property
    def rests(self) -> bool:
        """Whether a remainder of this order may enter the book."""
        if self.type is OrderType.LIMIT:
            return self.time_in_force is TimeInForce.GTC
        return self.type is OrderType.LIMIT_MAKER

    @property
    def rounding(self) -> int:
        """Millionths of an atom charged above the exact fees; less than 1 000 000 for each of the two roles."""
        exact = self.maker_received * self.maker_ppm + self.taker_received * self.taker_ppm
        return (self.maker_charged + self.taker_charged) * PPM - exact

    def charge_maker(self, received: int) -> int:
        """Count `received` atoms for the maker's role and return the fee due on them.

        The fee is the rounded-up fee on everything received so far less what was charged before, so that however
        many trades there are the role pays less than one atom too much in all.
        """
        self.maker_received += received
        fee = -(-self.maker_received * self.maker_ppm // PPM) - self.maker_charged
        self.maker_charged += fee
        return fee

    def charge_taker(self, received: int) -> int:
        """The same for the taker's role."""
        self.taker_received += received
        fee = -(-self.taker_received * self.taker_ppm // PPM) - self.taker_charged
        self.taker_charged += fee
        return fee
