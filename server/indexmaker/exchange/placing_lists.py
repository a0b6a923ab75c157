"""Entering a list of orders: all of them, or none."""

from __future__ import annotations

from indexmaker.exchange import endings
from indexmaker.exchange.accounts import Account
from indexmaker.exchange.activating import new_wait, place_together, would_trigger
from indexmaker.exchange.core import Core
from indexmaker.exchange.filters import Failure, broken_filter, waits
from indexmaker.exchange.markets import Market
from indexmaker.exchange.matching import carry_out, finish, is_killed, plan_order, required_hold
from indexmaker.exchange.order_commands import PlaceList, PlaceOrder
from indexmaker.exchange.order_counts import broken_count, broken_list_count
from indexmaker.exchange.order_form import malformed
from indexmaker.exchange.order_lists import OrderList
from indexmaker.exchange.orders import Order
from indexmaker.exchange.placing import accept, closed_door, duplicate, trigger_failure, unaffordable
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import ExpiryReason, ListKind, OrderStatus, OrderType, PegPrice, Side

__all__ = ["place_list"]


def place_list(core: Core, command: PlaceList) -> None:
    """Check and enter a list; the checks come in the order of those of a single order."""
    account = core.accounts.get(command.account)
    market = core.markets.get(command.market)
    if account is None:
        failure: Failure | None = (RejectCode.UNKNOWN_ACCOUNT, f"there is no account {command.account}")
    elif market is None:
        failure = (RejectCode.UNKNOWN_MARKET, f"there is no market {command.market!r}")
    else:
        failure = (
            _malformed(core, command)
            or _duplicates(command, account)
            or closed_door(account, market, None)
            or _limits_failure(core, command, account, market)
            or _submit(core, command, account, market)
        )
    if failure is not None:
        core.refuse(
            command,
            failure[0],
            failure[1],
            account=command.account,
            market=command.market,
            client_order_id=command.client_list_id,
        )


def _requests(command: PlaceList) -> tuple[PlaceOrder, ...]:
    return command.orders if command.working is None else (command.working, *command.orders)


def _malformed(core: Core, command: PlaceList) -> Failure | None:
    requests = _requests(command)
    if not 1 <= len(command.client_list_id) <= 36:
        return RejectCode.MALFORMED, "client_list_id must have 1 to 36 characters"
    if len(command.orders) not in ((2,) if command.working is None else (1, 2)):
        return RejectCode.MALFORMED, "a list has two orders, or a working order and one or two more"
    for request in requests:
        if (request.account, request.market) != (command.account, command.market):
            return RejectCode.MALFORMED, "all orders of a list are of its account and market"
        failure = malformed(request, at=core.at)
        if failure is not None:
            return failure
    working = command.working
    if working is not None and working.type is not OrderType.LIMIT and working.type is not OrderType.LIMIT_MAKER:
        return RejectCode.UNSUPPORTED_COMBINATION, "the working order of a list must be a LIMIT or LIMIT_MAKER"
    if any(request.quote_amount for request in requests):
        return RejectCode.UNSUPPORTED_COMBINATION, "an order of a list cannot go by quote_amount"
    if any(request.peg is not PegPrice.NONE and not waits(request.type) for request in requests):
        return RejectCode.UNSUPPORTED_COMBINATION, "a pegged order of a list must be of the stop kinds"
    if len(command.orders) == 2:
        return _mismatched(command.orders[0], command.orders[1])
    return None


def _mismatched(first: PlaceOrder, second: PlaceOrder) -> Failure | None:
    """Why two orders are no alternatives: one must gain and one must stop a loss, on the two sides of the market."""
    if first.side is not second.side or first.quantity != second.quantity:
        return RejectCode.UNSUPPORTED_COMBINATION, "alternatives must have the same side and quantity"
    losses = [request for request in (first, second) if _stops_loss(request)]
    gains = [request for request in (first, second) if _takes_gain(request)]
    if len(losses) != 1 or len(gains) != 1:
        return RejectCode.UNSUPPORTED_COMBINATION, (
            "one alternative must be a STOP_LOSS(_LIMIT), the other a LIMIT_MAKER or TAKE_PROFIT(_LIMIT)"
        )
    return None


def _stops_loss(request: PlaceOrder) -> bool:
    return request.type is OrderType.STOP_LOSS or request.type is OrderType.STOP_LOSS_LIMIT


def _takes_gain(request: PlaceOrder) -> bool:
    return request.type is OrderType.LIMIT_MAKER or (waits(request.type) and not _stops_loss(request))


def _duplicates(command: PlaceList, account: Account) -> Failure | None:
    if any(group.client_list_id == command.client_list_id for group in account.lists.values()):
        return RejectCode.DUPLICATE_CLIENT_ORDER_ID, f"list {command.client_list_id!r} is still open"
    requests = _requests(command)
    if len({request.client_order_id for request in requests}) < len(requests):
        return RejectCode.DUPLICATE_CLIENT_ORDER_ID, "the orders of a list need different client ids"
    for request in requests:
        failure = duplicate(request, account)
        if failure is not None:
            return failure
    return None


def _limits_failure(core: Core, command: PlaceList, account: Account, market: Market) -> Failure | None:
    requests = _requests(command)
    for request in requests:
        failure = broken_filter(request, market=market, price=request.price, quantity=request.quantity, at=core.at)
        if failure is not None:
            return failure
    return broken_list_count(account=account, market=market, limits=core.limits) or broken_count(
        requests, account=account, market=market, limits=core.limits
    )


def _unordered(orders: tuple[PlaceOrder, ...], last: int) -> Failure | None:
    """Whether the prices of two alternatives are not above and below the last price (0: not known)."""
    if len(orders) != 2:
        return None
    loss, gain = orders if _stops_loss(orders[0]) else (orders[1], orders[0])
    loss_price = loss.stop_price
    gain_price = gain.stop_price if waits(gain.type) else gain.price
    low, high = (loss_price, gain_price) if loss.side is Side.SELL else (gain_price, loss_price)
    wrong = low and high and low >= high
    if last:
        wrong = wrong or (low and low >= last) or (high and high <= last)
    if wrong:
        return RejectCode.LIST_PRICES, (
            "the prices of the alternatives must lie on the two sides of the last price: "
            "a sell's stop loss below and its gain above, a buy's the other way round"
        )
    return None


def _submit(core: Core, command: PlaceList, account: Account, market: Market) -> Failure | None:
    working = command.working
    failure = _unordered(command.orders, market.last_price if working is None else 0)
    if failure is not None:
        return failure
    if working is None:
        return _submit_pair(core, command, account, market)
    order = _new_order(core, working, account, market, offset=1)
    if working.type is OrderType.LIMIT_MAKER and market.book.crosses(order.price, buy=order.buy):
        return RejectCode.WOULD_TAKE, f"order would trade at once on {market.symbol}; a LIMIT_MAKER must rest"
    plan, bounded = plan_order(order, at=core.at)
    killed = is_killed(order, plan)
    hold = 0 if killed else required_hold(order, plan)
    if hold > account.available[order.gives.index]:
        return unaffordable(order, hold)
    legs = []
    for offset, request in enumerate(command.orders, 2):
        leg = _new_order(core, request, account, market, offset=offset)
        leg.status = OrderStatus.PENDING_NEW
        leg.working_at = 0
        legs.append(leg)
    _open_list(core, command, account, market, order, tuple(legs))
    if killed:
        endings.expire(core, order, ExpiryReason.FILL_OR_KILL)
        return None
    core.dirty_markets.append(market)
    core.ledger.hold(order, hold)
    carry_out(core, order, plan)
    finish(core, order, plan, bounded=bounded, known=True)
    return None


def _submit_pair(core: Core, command: PlaceList, account: Account, market: Market) -> Failure | None:
    orders = []
    for offset, request in enumerate(command.orders, 1):
        order = _new_order(core, request, account, market, offset=offset)
        if waits(request.type):
            order.wait = new_wait(request, market)
            order.working_at = 0
            if would_trigger(order.wait, market):
                return trigger_failure(market)
        elif market.book.crosses(order.price, buy=order.buy):
            return RejectCode.WOULD_TAKE, f"order would trade at once on {market.symbol}; a LIMIT_MAKER must rest"
        orders.append(order)
    hold = max(order.cost for order in orders)
    if hold > account.available[orders[0].gives.index]:
        return unaffordable(orders[0], hold)
    _open_list(core, command, account, market, None, tuple(orders))
    place_together(core, orders)
    return None


def _new_order(core: Core, request: PlaceOrder, account: Account, market: Market, *, offset: int) -> Order:
    return Order(
        core.last_order_id + offset,
        request,
        account=account,
        market=market,
        price=request.price,
        quantity=request.quantity,
        at=core.at,
    )


def _open_list(
    core: Core,
    command: PlaceList,
    account: Account,
    market: Market,
    working: Order | None,
    legs: tuple[Order, ...],
) -> None:
    kind = ListKind.OCO
    if working is not None:
        kind = ListKind.OTO if len(legs) == 1 else ListKind.OTOCO
    core.last_list_id += 1
    group = OrderList(
        core.last_list_id, client_list_id=command.client_list_id, kind=kind, account=account, market=market, at=core.at
    )
    group.working = working
    group.legs = legs
    group.members = tuple((order.order_id, order.client_order_id) for order in group.orders)
    core.remember_list(group)
    endings.list_changed(core, group)
    for order in group.orders:
        order.group = group
        order.list_id = group.list_id
        accept(core, order)
        core.remember_open(order)
