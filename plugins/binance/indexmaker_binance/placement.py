"""Places, cancels and finds orders so that one instruction never becomes two orders."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import structlog

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker_binance.account_orders import AccountOrders
from indexmaker_binance.api import VenueApi
from indexmaker_binance.assets import AssetNames
from indexmaker_binance.catalogue import Catalogue
from indexmaker_binance.errors import (
    BinanceError,
    FilterRefusedError,
    NotReachedError,
    ResultUnknownError,
    VenueBusyError,
    VenueRefusedError,
)
from indexmaker_binance.governor import Priority
from indexmaker_binance.order_journal import OrderJournal, Placed
from indexmaker_binance.order_messages import OrderState, order_report, read_order, read_reply_fills
from indexmaker_binance.order_terms import Terms, read_terms, reject, reject_of_venue

__all__ = ["Answer", "Never", "Placement", "PlacementSettings", "Unknown"]

_log = structlog.get_logger(__name__)

Answer = pb.OrderReport | pb.OrderReject

_MARGIN_MS = 1_000
_DUPLICATE = "Duplicate order sent."
_CANCEL_REFUSED = -2011


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementSettings:
    """Times in milliseconds; see `OrdersConfig`."""

    recv_window_ms: int
    request_timeout_ms: int
    retry_ms: int
    query_unseen: bool


@dataclass(frozen=True, slots=True)
class Never:
    """The order certainly did not arrive, and cannot arrive any more."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody could be asked; or (`final`) the venue denies what it said before, and asking again does not help."""

    detail: str
    final: bool = False


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Placement:
    """One account's instructions. Those with the same client order id are carried out one after the other."""

    def __init__(
        self,
        api: VenueApi,
        orders: AccountOrders,
        journal: OrderJournal,
        catalogue: Catalogue,
        settings: PlacementSettings,
        *,
        names: AssetNames,
        noted: Callable[[OrderState], None],
    ) -> None:
        """`noted` is told of every order that the venue accepted."""
        self._api = api
        self._orders = orders
        self._journal = journal
        self._catalogue = catalogue
        self._settings = settings
        self._names = names
        self._noted = noted
        self._turns: dict[str, _Turn] = {}

    async def place(self, order: pb.PlaceOrder) -> Answer:
        """Place an order, or say what became of it when its id was used before."""
        try:
            terms = read_terms(order)
        except FilterRefusedError as error:
            return reject(order, pb.REJECT_CLASS_OTHER, str(error))
        async with self._turn(order.client_order_id):
            earlier = await self._journal.find(order.client_order_id)
            if earlier is None and self._settings.query_unseen:
                earlier = Placed(
                    client_order_id=order.client_order_id, symbol=order.symbol, terms=terms.text, doubt_until=0
                )
            if earlier is not None:
                answer = await self._repeated(order, terms, earlier)
                if answer is not None:
                    return answer
            return self._check(order, terms) or await self._send(order, terms)

    async def cancel(self, order: pb.CancelOrder) -> Answer:
        """Cancel, and say how the order stands; one that ended before is reported as it ended."""
        async with self._turn(order.client_order_id):
            try:
                await self._api.call(
                    "cancel_order",
                    weight=1,
                    priority=Priority.ORDER,
                    patience_ms=0,
                    symbol=order.symbol,
                    origClientOrderId=order.client_order_id,
                )
            except VenueBusyError as error:
                return reject_of_venue(order, error)
            except NotReachedError as error:
                return reject(order, pb.REJECT_CLASS_OTHER, str(error))
            except VenueRefusedError as error:
                if error.code != _CANCEL_REFUSED:
                    return reject_of_venue(order, error)
            except ResultUnknownError as error:
                _log.warning("cancel without answer", client_order_id=order.client_order_id, error=str(error))
            return await self._standing(order)

    async def query(self, order: pb.QueryOrder) -> Answer:
        """Say how an order stands; `NOT_FOUND` only when it cannot arrive any more."""
        async with self._turn(order.client_order_id):
            return await self._standing(order)

    async def resolve(self, symbol: str, client_order_id: str) -> OrderState | Never | Unknown:
        """Find an order, waiting until the venue's "not found" is final."""
        placed = await self._journal.find(client_order_id)
        until = 0
        if placed is not None and placed.venue_order_id is None:
            # Whatever was sent has been signed by now, unless it was sent by a process that is gone.
            until = min(placed.doubt_until, self._api.venue_now() + self._doubt(timeouts=0))
        give_up = max(until, self._api.venue_now()) + self._settings.request_timeout_ms * 10**6
        while True:
            asked_at = self._api.venue_now()
            try:
                found = await self._orders.by_client_id(symbol, client_order_id)
            except BinanceError as error:
                if asked_at > give_up:
                    return Unknown(f"the venue cannot be asked: {error}")
            else:
                if found is not None:
                    await self._confirm(found, placed)
                    return found
                if placed is not None and placed.venue_order_id is not None:
                    return Unknown("the venue accepted this order before and does not know it now", final=True)
                if asked_at >= until:
                    await self._journal.forget(client_order_id)
                    return Never()
            await asyncio.sleep(self._settings.retry_ms / 1_000)

    async def _repeated(self, order: pb.PlaceOrder, terms: Terms, earlier: Placed) -> Answer | None:
        """The answer for an id that was sent before; None when it may be sent (again)."""
        if (earlier.symbol, earlier.terms) != (order.symbol, terms.text):
            return reject(order, pb.REJECT_CLASS_OTHER, "this client order id was used for another order")
        found = await self.resolve(order.symbol, order.client_order_id)
        if isinstance(found, Never):
            return None
        return await self._tell_matching(order, terms, found)

    def _check(self, order: pb.PlaceOrder, terms: Terms) -> pb.OrderReject | None:
        rules = self._catalogue.rules.get(order.symbol)
        if rules is None:
            return reject(order, pb.REJECT_CLASS_OTHER, f"the venue does not list {order.symbol}")
        if not rules.instrument.trading:
            return reject(order, pb.REJECT_CLASS_HALTED, f"{order.symbol} does not trade now")
        try:
            rules.check(buy=terms.buy, quantity=terms.quantity, price=terms.price)
        except FilterRefusedError as error:
            return reject(order, pb.REJECT_CLASS_FILTER, str(error))
        return None

    async def _send(self, order: pb.PlaceOrder, terms: Terms) -> Answer:
        placed = Placed(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            terms=terms.text,
            doubt_until=self._api.venue_now() + self._doubt(timeouts=3),
        )
        await self._journal.record(placed)
        try:
            data = await self._api.call(
                "create_order",
                weight=1,
                orders=1,
                priority=Priority.ORDER,
                patience_ms=0,
                **terms.parameters(order),
            )
            accepted = read_order(data, client_order_id=order.client_order_id)
        except (VenueBusyError, NotReachedError) as error:
            await self._journal.forget(order.client_order_id)
            if isinstance(error, VenueBusyError):
                return reject_of_venue(order, error)
            return reject(order, pb.REJECT_CLASS_OTHER, str(error))
        except VenueRefusedError as error:
            if error.message == _DUPLICATE:
                found = await self.resolve(order.symbol, order.client_order_id)
                return await self._tell_matching(order, terms, found)
            await self._journal.forget(order.client_order_id)
            return reject_of_venue(order, error)
        except (ResultUnknownError, KeyError, ValueError) as error:
            _log.warning("order without answer", client_order_id=order.client_order_id, error=str(error))
            return await self._standing(order)
        await self._confirm(accepted, placed)
        return order_report(accepted, read_reply_fills(data, names=self._names))

    async def _tell_matching(self, order: pb.PlaceOrder, terms: Terms, found: OrderState | Never | Unknown) -> Answer:
        if isinstance(found, OrderState) and not terms.match(found):
            return reject(order, pb.REJECT_CLASS_OTHER, "the venue has another order under this client order id")
        return await self._tell(order, found)

    async def _standing(self, order: pb.PlaceOrder | pb.CancelOrder | pb.QueryOrder) -> Answer:
        return await self._tell(order, await self.resolve(order.symbol, order.client_order_id))

    async def _tell(
        self, order: pb.PlaceOrder | pb.CancelOrder | pb.QueryOrder, found: OrderState | Never | Unknown
    ) -> Answer:
        if isinstance(found, Unknown):
            return reject(order, pb.REJECT_CLASS_AMBIGUOUS, found.detail)
        if isinstance(found, Never):
            return pb.OrderReport(
                client_order_id=order.client_order_id, symbol=order.symbol, status=pb.ORDER_STATUS_NOT_FOUND
            )
        try:
            return order_report(found, await self._orders.fills_of(found))
        except BinanceError as error:
            _log.warning("trades not told", client_order_id=order.client_order_id, error=str(error))
            return order_report(found)

    async def _confirm(self, found: OrderState, placed: Placed | None) -> None:
        if placed is not None and placed.venue_order_id is None:
            await self._journal.confirm(found.client_order_id, found.order_id)
            self._noted(found)

    def _doubt(self, *, timeouts: int) -> int:
        """Nanoseconds after which a signed request cannot take effect any more."""
        settings = self._settings
        return (settings.recv_window_ms + timeouts * settings.request_timeout_ms + _MARGIN_MS) * 10**6

    @asynccontextmanager
    async def _turn(self, client_order_id: str) -> AsyncIterator[None]:
        turn = self._turns.setdefault(client_order_id, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                del self._turns[client_order_id]
