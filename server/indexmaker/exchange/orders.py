"""An accepted order: what it is, how far it has come, and its place in the queue of its price level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexmaker.exchange.frequent_words import BUY, NEW, PARTIALLY_FILLED, PENDING_NEW
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.vocabulary import OrderType, SelfTradePrevention, Side, TimeInForce

if TYPE_CHECKING:
    from indexmaker.exchange.accounts import Account
    from indexmaker.exchange.markets import Market
    from indexmaker.exchange.order_lists import OrderList

__all__ = ["Level", "Order", "Wait"]

PPM = 1_000_000


class Level:
    """All resting orders of one price, oldest first. `key` is the price, negated for asks (see `book`).

    `quantity` is what shows; `icebergs` is how many of the orders hide something.
    """

    __slots__ = ("first", "icebergs", "key", "last", "quantity")

    def __init__(self, key: int) -> None:
        self.key = key
        self.quantity = 0
        self.icebergs = 0
        self.first: Order | None = None
        self.last: Order | None = None


class Wait:
    """What an order of the stop kinds waits for.

    `above` says from which side the price must come; `stop` is 0 once a trailing order follows the market, of which
    `extreme` is then the lowest (above) or highest price since `since`. `cover` is the price that sizes a buy's hold
    while it waits. `indexed` says whether the market watches prices for it.
    """

    __slots__ = ("above", "cover", "delta", "extreme", "indexed", "since", "stop")

    def __init__(self, *, above: bool, stop: int, delta: int, cover: int) -> None:
        self.above = above
        self.stop = stop
        self.delta = delta
        self.cover = cover
        self.extreme = 0
        self.since = 0
        self.indexed = False


class Order:
    """An accepted order. Readers outside the exchange must not change it.

    `price` is in ticks (0 without a limit), `quantity` and `remaining` in lots, `quote` (what it has traded for) in
    quote atoms, `held` in atoms of the asset it gives. `prevented` lots were taken off by self-trade prevention. An
    iceberg shows `shown` lots, at most `display`. `working_at` is 0 while the order waits for its turn (`status`) or
    for a price (`wait`). Fee rates are those at acceptance. `request` is what the client asked for.
    """

    __slots__ = (
        "accepted_at",
        "account",
        "amends",
        "buy",
        "client_order_id",
        "display",
        "gives",
        "group",
        "held",
        "level",
        "list_id",
        "maker_charged",
        "maker_ppm",
        "maker_received",
        "market",
        "next",
        "order_id",
        "prevented",
        "previous",
        "price",
        "quantity",
        "quote",
        "remaining",
        "request",
        "shown",
        "status",
        "taker_charged",
        "taker_ppm",
        "taker_received",
        "updated_at",
        "wait",
        "working_at",
    )

    def __init__(
        self,
        order_id: int,
        request: PlaceOrder,
        *,
        account: Account,
        market: Market,
        price: int,
        quantity: int,
        at: int,
    ) -> None:
        self.order_id = order_id
        self.request = request
        self.account = account
        self.market = market
        self.client_order_id = request.client_order_id
        buy = request.side is BUY
        self.buy = buy
        self.gives = market.quote if buy else market.base
        self.price = price
        self.quantity = quantity
        self.remaining = quantity
        self.display = request.iceberg
        self.shown = 0
        self.prevented = 0
        self.quote = 0
        self.held = 0
        tier = account.tier
        self.maker_ppm = tier.maker_ppm
        self.taker_ppm = tier.taker_ppm
        self.maker_received = 0
        self.maker_charged = 0
        self.taker_received = 0
        self.taker_charged = 0
        self.status = NEW
        self.accepted_at = at
        self.updated_at = at
        self.working_at = at
        self.amends = 0
        self.list_id = 0
        self.group: OrderList | None = None
        self.wait: Wait | None = None
        self.level: Level | None = None
        self.previous: Order | None = None
        self.next: Order | None = None

    @property
    def side(self) -> Side:
        """Buy or sell."""
        return self.request.side

    @property
    def type(self) -> OrderType:
        """The kind of order, as it was placed."""
        return self.request.type

    @property
    def time_in_force(self) -> TimeInForce:
        """How long a limit lasts."""
        return self.request.time_in_force

    @property
    def self_trade(self) -> SelfTradePrevention:
        """The mode that rules when this order takes."""
        return self.request.self_trade

    @property
    def quote_amount(self) -> int:
        """Quote atoms of a market order by amount, otherwise 0."""
        return self.request.quote_amount

    @property
    def executed(self) -> int:
        """Lots traded so far."""
        return self.quantity - self.remaining - self.prevented

    @property
    def is_open(self) -> bool:
        """Whether the order can still trade or be cancelled."""
        status = self.status
        return status is NEW or status is PARTIALLY_FILLED or status is PENDING_NEW

    @property
    def cost(self) -> int:
        """Atoms of what it gives that its remainder needs at worst; for a market buy at work, which needs none, 0."""
        if not self.buy:
            return self.remaining * self.market.base_per_lot
        price = self.price or (self.wait.cover if self.wait is not None else 0)
        return price * self.remaining * self.market.quote_per_unit

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
