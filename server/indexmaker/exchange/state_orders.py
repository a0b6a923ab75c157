"""Orders and lists of orders as they are written in the state."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.exchange.accounts import Account
from indexmaker.exchange.markets import Market
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order, Wait
from indexmaker.exchange.state_funding import Record
from indexmaker.exchange.vocabulary import ListKind, ListStatus, OrderStatus

__all__ = ["ListRecord", "OrderRecord", "list_record", "order_record", "read_list", "read_order"]


class WaitRecord(Record, frozen=True):
    """What an order waits for."""

    above: bool
    stop: int
    delta: int
    cover: int
    extreme: int
    since: int
    indexed: bool


class OrderRecord(Record, frozen=True):
    """An order; `request` names its account and market."""

    order_id: int
    request: PlaceOrder
    client_order_id: str
    price: int
    quantity: int
    remaining: int
    shown: int
    prevented: int
    quote: int
    held: int
    maker_ppm: int
    taker_ppm: int
    maker_received: int
    maker_charged: int
    taker_received: int
    taker_charged: int
    status: OrderStatus
    accepted_at: int
    updated_at: int
    working_at: int
    amends: int
    list_id: int
    wait: WaitRecord | None


class ListRecord(Record, frozen=True):
    """A list of orders; `working` says that the first of its members is the working order."""

    list_id: int
    account: int
    market: str
    client_list_id: str
    kind: ListKind
    status: ListStatus
    accepted_at: int
    updated_at: int
    members: list[tuple[int, str]]


def order_record(order: Order) -> OrderRecord:
    """Write an order."""
    wait = order.wait
    waits = None
    if wait is not None:
        waits = WaitRecord(wait.above, wait.stop, wait.delta, wait.cover, wait.extreme, wait.since, wait.indexed)
    return OrderRecord(
        order.order_id,
        order.request,
        order.client_order_id,
        order.price,
        order.quantity,
        order.remaining,
        order.shown,
        order.prevented,
        order.quote,
        order.held,
        order.maker_ppm,
        order.taker_ppm,
        order.maker_received,
        order.maker_charged,
        order.taker_received,
        order.taker_charged,
        order.status,
        order.accepted_at,
        order.updated_at,
        order.working_at,
        order.amends,
        order.list_id,
        waits,
    )


def read_order(record: OrderRecord, *, account: Account, market: Market) -> Order:
    """Build an order, without its place in the book, in its list and among the stops."""
    order = Order(
        record.order_id,
        record.request,
        account=account,
        market=market,
        price=record.price,
        quantity=record.quantity,
        at=record.accepted_at,
    )
    order.client_order_id = record.client_order_id
    order.remaining = record.remaining
    order.shown = record.shown
    order.prevented = record.prevented
    order.quote = record.quote
    order.held = record.held
    order.maker_ppm, order.taker_ppm = record.maker_ppm, record.taker_ppm
    order.maker_received, order.maker_charged = record.maker_received, record.maker_charged
    order.taker_received, order.taker_charged = record.taker_received, record.taker_charged
    order.status = record.status
    order.updated_at = record.updated_at
    order.working_at = record.working_at
    order.amends = record.amends
    order.list_id = record.list_id
    if record.wait is not None:
        entry = record.wait
        wait = Wait(above=entry.above, stop=entry.stop, delta=entry.delta, cover=entry.cover)
        wait.extreme, wait.since, wait.indexed = entry.extreme, entry.since, entry.indexed
        order.wait = wait
    return order


def list_record(group: OrderList) -> ListRecord:
    """Write a list."""
    return ListRecord(
        group.list_id,
        group.account.account,
        group.market.symbol,
        group.client_list_id,
        group.kind,
        group.status,
        group.accepted_at,
        group.updated_at,
        list(group.members),
    )


def read_list(record: ListRecord, *, account: Account, market: Market, orders: Mapping[int, Order]) -> OrderList:
    """Build a list; while it is open, those of its orders that are remembered belong to it again."""
    group = OrderList(
        record.list_id,
        client_list_id=record.client_list_id,
        kind=record.kind,
        account=account,
        market=market,
        at=record.accepted_at,
    )
    group.status = record.status
    group.updated_at = record.updated_at
    group.members = tuple(record.members)
    if group.is_open:
        ids = [order_id for order_id, _ in group.members]
        if group.kind is not ListKind.OCO:
            group.working = orders.get(ids.pop(0))
        group.legs = tuple(orders[order_id] for order_id in ids if order_id in orders)
        for order in group.orders:
            order.group = group
    return group
