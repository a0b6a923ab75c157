"""Events about orders, lists and trades. Units and rules as in `events`."""

from __future__ import annotations

from indexmaker.exchange.event_base import Event
from indexmaker.exchange.vocabulary import (
    Activation,
    CancelReason,
    ExpiryReason,
    ListKind,
    ListStatus,
    OrderStatus,
    OrderType,
    ReplaceResult,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

__all__ = [
    "Accepted",
    "Activated",
    "Amended",
    "AuctionIndication",
    "Cancelled",
    "CancelledAll",
    "Expired",
    "ListChanged",
    "Prevented",
    "Replaced",
    "Ticked",
    "Trade",
]


class Accepted(Event, frozen=True, tag="accepted"):
    """The order has its id; it has not traded yet.

    For an order by `quote_amount`, `quantity` is the number of lots chosen for it. With the status `PENDING_NEW`, or
    NEW and not `working`, it waits for its turn or for its price. `list_id` is 0 for an order of its own.
    """

    order_id: int
    account: int
    market: str
    client_order_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    price: int
    quantity: int
    quote_amount: int
    self_trade: SelfTradePrevention
    at: int
    status: OrderStatus = OrderStatus.NEW
    working: bool = True
    stop_price: int = 0
    trailing_delta: int = 0
    iceberg: int = 0
    expires_at: int = 0
    list_id: int = 0


class Activated(Event, frozen=True, tag="activated"):
    """An order that waited is at work; `price` is its limit (0: none) and `quantity` what it goes for.

    A stop order of a list that is entered when the working order has filled is `working` later only.
    """

    order_id: int
    account: int
    market: str
    client_order_id: str
    cause: Activation
    working: bool
    price: int
    quantity: int
    at: int


class Trade(Event, frozen=True, tag="trade"):
    """Two orders met at the maker's price. An order whose remaining quantity is 0 is filled.

    `trade_id` is contiguous per market. Fees are atoms of what each side received (buyer: base, seller: quote).
    `*_remaining` are lots, `*_quote` the quote atoms and `*_executed` the lots the order has traded for in all, this
    trade included. In an `auction` all trades have one price, the younger order counts as the taker, and both sides
    pay a maker's fee.
    """

    market: str
    trade_id: int
    price: int
    quantity: int
    taker_side: Side
    maker_order_id: int
    taker_order_id: int
    maker_account: int
    taker_account: int
    maker_fee: int
    taker_fee: int
    maker_remaining: int
    taker_remaining: int
    maker_quote: int
    taker_quote: int
    at: int
    maker_executed: int = 0
    taker_executed: int = 0
    auction: bool = False


class Prevented(Event, frozen=True, tag="prevented"):
    """Two orders of one owner met and did not trade.

    `prevented_id` is contiguous per market; `price` is the maker's. The prevented lots are gone from their orders;
    an order that ends by it is told in an `Expired` of its own. `transferred` lots changed hands without a trade.
    """

    market: str
    prevented_id: int
    mode: SelfTradePrevention
    price: int
    maker_order_id: int
    taker_order_id: int
    maker_account: int
    taker_account: int
    maker_prevented: int
    taker_prevented: int
    transferred: int
    at: int


class Cancelled(Event, frozen=True, tag="cancelled"):
    """The owner took the order back. `remaining` lots did not trade; `quote` is what the `executed` ones went for."""

    order_id: int
    account: int
    market: str
    client_order_id: str
    cancel_id: str
    reason: CancelReason
    remaining: int
    quote: int
    at: int
    executed: int = 0


class CancelledAll(Event, frozen=True, tag="cancelled_all"):
    """The answer to `CancelAll`: how many orders go."""

    account: int
    market: str
    count: int
    at: int


class Expired(Event, frozen=True, tag="expired"):
    """The exchange ended the order; `status` is EXPIRED or EXPIRED_IN_MATCH. The rest is as in `Cancelled`."""

    order_id: int
    account: int
    market: str
    client_order_id: str
    status: OrderStatus
    reason: ExpiryReason
    remaining: int
    quote: int
    at: int
    executed: int = 0


class Amended(Event, frozen=True, tag="amended"):
    """The order is smaller and keeps its place. `quantity` is the new total, `amends` how often it was lowered."""

    order_id: int
    account: int
    market: str
    client_order_id: str
    old_client_order_id: str
    quantity: int
    old_quantity: int
    remaining: int
    executed: int
    amends: int
    at: int


class ListChanged(Event, frozen=True, tag="list_changed"):
    """Where a list of orders stands; `orders` are (order id, client order id), the working one first."""

    list_id: int
    account: int
    market: str
    client_list_id: str
    kind: ListKind
    status: ListStatus
    orders: tuple[tuple[int, str], ...]
    at: int
    cancel_id: str = ""


class Replaced(Event, frozen=True, tag="replaced"):
    """The answer to `CancelReplace`. What succeeded and what was refused follows, the cancel first."""

    account: int
    market: str
    cancel: ReplaceResult
    place: ReplaceResult
    at: int


class Ticked(Event, frozen=True, tag="ticked"):
    """The answer to `Tick`: how many orders end, and how many auctions."""

    expired: int
    auctions: int
    at: int


class AuctionIndication(Event, frozen=True, tag="auction_indication"):
    """Where an auction would end now: its price (0: nothing crosses), the lots that would trade, and the rest there.

    `surplus` is positive when buyers would be left over and negative when sellers would.
    """

    market: str
    price: int
    quantity: int
    surplus: int
    at: int
