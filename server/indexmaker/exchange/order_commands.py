"""Commands about orders. Units and rules as in `commands`."""

from __future__ import annotations

from indexmaker.exchange.command_base import Command
from indexmaker.exchange.vocabulary import (
    CancelRestriction,
    OrderType,
    PegPrice,
    ReplaceMode,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

__all__ = [
    "AmendOrder",
    "CancelAll",
    "CancelList",
    "CancelOrder",
    "CancelReplace",
    "PlaceList",
    "PlaceOrder",
    "Tick",
]


class PlaceOrder(Command, frozen=True, tag="place_order"):
    """Enter an order. Answer: `Accepted` or `Rejected`; trades and the like follow in the same outputs.

    A limit needs `price` and `quantity`; a market order exactly one of `quantity` (lots) and `quote_amount` (quote
    atoms: spent at most by a buy, received at most by a sell, before fees). Orders of the stop-loss and take-profit
    kinds wait for `stop_price` (ticks), for `trailing_delta` (hundredths of a percent), or for both: then the stop
    price starts the trailing. `time_in_force` is read for those with a limit only; a GTD order ends at the first
    `Tick` not before `expires_at` (UTC nanoseconds). `iceberg` is how many lots may show at once. A peg names the
    price in place of `price`, when the order reaches the book: that many price levels behind the best one of its own
    side (`PRIMARY`) or of the other (`MARKET`).
    `client_order_id` is 1 to 36 characters and unique among the account's open orders.
    """

    account: int
    market: str
    client_order_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce = TimeInForce.GTC
    price: int = 0
    quantity: int = 0
    quote_amount: int = 0
    self_trade: SelfTradePrevention = SelfTradePrevention.NONE
    stop_price: int = 0
    trailing_delta: int = 0
    iceberg: int = 0
    expires_at: int = 0
    peg: PegPrice = PegPrice.NONE
    peg_offset: int = 0


class PlaceList(Command, frozen=True, tag="place_list"):
    """Enter orders that depend on each other. Answer: `ListChanged`, then one `Accepted` each, or `Rejected`.

    Without `working` the two `orders` are an OCO: both are open, the first trade or trigger of one ends the other.
    With `working` (a limit or limit maker) the `orders` are entered when it has filled whole: one of them is an OTO,
    two are an OTOCO and an OCO between themselves. Money is held for what is open, for the larger of two alternatives.
    All orders name the same account and market.
    """

    account: int
    market: str
    client_list_id: str
    orders: tuple[PlaceOrder, ...]
    working: PlaceOrder | None = None


class AmendOrder(Command, frozen=True, tag="amend_order"):
    """Lower the quantity of an open order, which keeps its place. Answer: `Amended`.

    `quantity` (lots) is the new total, below the old and above what has traded. The order is named as in
    `CancelOrder`; `new_client_order_id` renames it.
    """

    account: int
    market: str
    quantity: int
    order_id: int = 0
    client_order_id: str = ""
    new_client_order_id: str = ""


class CancelOrder(Command, frozen=True, tag="cancel_order"):
    """Take back an open order by its id, its client id, or both (they must agree). Answer: `Cancelled`.

    `cancel_id` is the client's name for this cancel and comes back in the answer. An order of a list takes the whole
    list with it.
    """

    account: int
    market: str
    order_id: int = 0
    client_order_id: str = ""
    cancel_id: str = ""
    restriction: CancelRestriction = CancelRestriction.NONE


class CancelList(Command, frozen=True, tag="cancel_list"):
    """Take back all open orders of a list, named by its id, its client id, or both. Answer: `ListChanged`."""

    account: int
    market: str
    list_id: int = 0
    client_list_id: str = ""
    cancel_id: str = ""


class CancelReplace(Command, frozen=True, tag="cancel_replace"):
    """Cancel one order and place another. Answer: `Replaced`, then what came of both, a `Rejected` for what failed.

    The new order's form and filters are checked first, before the cancel, and fail the whole command (`Rejected`).
    """

    cancel: CancelOrder
    place: PlaceOrder
    mode: ReplaceMode = ReplaceMode.STOP_ON_FAILURE


class CancelAll(Command, frozen=True, tag="cancel_all"):
    """Take back all open orders of an account, of one market or of all (empty `market`), by ascending order id.

    Answer: `CancelledAll`, then one `Cancelled` each. Orders in halted markets stay.
    """

    account: int
    market: str = ""
    cancel_id: str = ""


class Tick(Command, frozen=True, tag="tick"):
    """Let time pass: end orders whose date has come, and auctions. Answer: `Ticked`, then one event for each."""
