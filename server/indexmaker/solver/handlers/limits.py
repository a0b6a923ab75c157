"""Bounds at the door: who may order, how much in a day, how many orders, how many units of an index, how long."""

from __future__ import annotations

from indexmaker.money import format_atoms, mul_floor
from indexmaker.solver.handlers.terms import Objection
from indexmaker.solver.handlers.usage import count_used, used_today
from indexmaker.solver.state import Index, IndexOrder
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import RejectReason, Side

__all__ = ["beyond_life", "beyond_limits", "count_growth", "count_order", "estimated_units", "notional_of"]

_NONE: Objection = (RejectReason.NONE, "")


def beyond_life(step: Step, expires_at: int, *, since: int) -> Objection:
    """Whether an order taken at `since` may expire so late; 0 is the configured life, which never is too long."""
    longest = step.state.config.order_life_max_ns
    if longest and expires_at > since + longest:
        return RejectReason.EXPIRY_TOO_LATE, f"an order may live {longest // 10**9} seconds"
    return _NONE


def beyond_limits(step: Step, index: Index, *, account: str, side: Side, amount: int, grows: bool = False) -> Objection:
    """The first bound that a new order of an account would break; each text names the bound and what is left.

    An open order that `grows` is judged as one more order over what is added, except that it is not one more.
    """
    account = account.lower()
    if index.limits.allowed and account not in index.limits.allowed:
        return RejectReason.ACCOUNT_NOT_ALLOWED, f"{index.symbol} is open to listed accounts only"
    objection = _NONE if grows else _order_bound(step, account)
    if objection[0] is RejectReason.NONE:
        objection = _daily_bound(step, index, account=account, side=side, amount=amount)
    if objection[0] is RejectReason.NONE and side is Side.BUY:
        objection = _unit_bounds(step, index, amount)
    return objection


def count_order(step: Step, order: IndexOrder) -> None:
    """Count an accepted order against its account's day; ending it does not give the day's room back."""
    count_growth(step, order, order.amount)


def count_growth(step: Step, order: IndexOrder, added: int) -> None:
    """Count what is added to an order against its account's day; taking it away does not give the room back."""
    if step.state.config.account_daily_notional and added > 0:
        index = step.index_of(order)
        amount = notional_of(step, index, side=order.side, amount=added)
        count_used(step, f"ordered:{order.account}", amount)


def notional_of(step: Step, index: Index, *, side: Side, amount: int) -> int:
    """Value of an order in collateral: its amount for a buy, its units at the last known prices for a sale."""
    return amount if side is Side.BUY else mul_floor(amount, _unit_price(step, index))


def estimated_units(step: Step, index: Index, amount: int) -> int:
    """Units that collateral could make at the last known prices, costs left out; 0 when a price is not known."""
    price = _unit_price(step, index)
    return amount * 10**18 // price if price else 0


def _order_bound(step: Step, account: str) -> Objection:
    most = step.state.config.account_open_orders
    if most:
        mine = sum(step.state.orders[order_id].account == account for order_id in step.state.open_orders)
        if mine >= most:
            return RejectReason.TOO_MANY_OPEN_ORDERS, f"an account may have {most} open orders, this one has {mine}"
    return _NONE


def _daily_bound(step: Step, index: Index, *, account: str, side: Side, amount: int) -> Objection:
    bound = step.state.config.account_daily_notional
    if bound:
        left = bound - used_today(step, f"ordered:{account}")
        if notional_of(step, index, side=side, amount=amount) > left:
            text = f"{format_atoms(max(0, left))} of {format_atoms(bound)} are left to this account until 0:00 UTC"
            return RejectReason.DAILY_NOTIONAL, text
    return _NONE


def _unit_bounds(step: Step, index: Index, amount: int) -> Objection:
    limits = index.limits
    if not limits.max_supply and not limits.daily_issuance:
        return _NONE
    units = estimated_units(step, index, amount)
    if not units:
        return RejectReason.MAX_SUPPLY, "the bound on units cannot be judged yet: an asset has no known price"
    coming = units + _open_units(step, index)
    if limits.max_supply and index.supply + coming > limits.max_supply:
        left = limits.max_supply - index.supply - coming + units
        text = f"about {format_atoms(max(0, left))} of {format_atoms(limits.max_supply)} units may still be made"
        return RejectReason.MAX_SUPPLY, text
    today = used_today(step, f"minted:{index.symbol}")
    if limits.daily_issuance and today + coming > limits.daily_issuance:
        left = limits.daily_issuance - today - coming + units
        text = (
            f"about {format_atoms(max(0, left))} of {format_atoms(limits.daily_issuance)} units"
            " may still be made until 0:00 UTC"
        )
        return RejectReason.DAILY_ISSUANCE, text
    return _NONE


def _open_units(step: Step, index: Index) -> int:
    """Units that the open buys of an index may still bring."""
    orders = [step.state.orders[order_id] for order_id in step.state.open_orders]
    buys = [order for order in orders if order.index == index.symbol and order.side is Side.BUY]
    return sum(
        order.invoice.units if order.invoice else max(order.units, estimated_units(step, index, order.amount))
        for order in buys
        if not order.state.final
    )


def _unit_price(step: Step, index: Index) -> int:
    """Value of a unit at the last known prices; 0 when one is missing."""
    prices = [(quantity, step.state.marks.get(asset, 0)) for asset, quantity in index.quantities]
    if not all(price for _, price in prices):
        return 0
    return sum(mul_floor(quantity, price) for quantity, price in prices)
