"""Ending a batch: fill its orders in basket proportion, share everything out, and put them in line again."""

from __future__ import annotations

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.assignment import Obtained, Planned, fill_units
from indexmaker.solver.commands import DemandReport
from indexmaker.solver.handlers.batch_reports import closing_report
from indexmaker.solver.handlers.progress import conclude
from indexmaker.solver.handlers.sharing import Sharing
from indexmaker.solver.state import Batch, HouseDemand, IndexOrder, Pool
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, OrderState, Side

__all__ = ["close_if_done"]

_LEAST_FILL = 10_000
"""Units of the collateral token (a cent of USDC): rounding to whole units is then at most a hundredth of a percent."""


def close_if_done(step: Step, batch: Batch) -> None:
    """Close a batch whose legs are all over."""
    if batch.closed or not all(leg.closed for leg in batch.legs):
        return
    batch.closed = True
    step.state.open_batches.discard(batch.batch_id)
    orders = [step.state.orders[order_id] for order_id, _, _ in batch.orders]
    demands = [step.state.demands[demand_id] for demand_id, _, _ in batch.demands]
    planned = _planned(step, batch)
    units = fill_units(planned, {pool.asset: _obtained(batch, pool) for pool in batch.pools})
    _drop_dust(step, batch, orders, units)
    before = {demand.demand_id: (demand.value, demand.fees) for demand in demands}
    pools = tuple(Sharing(step, batch, pool, planned, units).run() for pool in batch.pools)
    reports = tuple(_account(demand, units[demand.demand_id], before[demand.demand_id]) for demand in demands)
    step.report(closing_report(step, batch, units=units, pools=pools, demands=reports))
    for order in orders:
        _release(step, batch, order, units[order.order_id])
    for order in orders:
        conclude(step, order)


def _planned(step: Step, batch: Batch) -> list[Planned]:
    found = []
    for order_id, units, price in batch.orders:
        order = step.state.orders[order_id]
        found.append(
            Planned(
                order_id=order_id,
                side=order.side,
                units=units,
                price=price,
                quantities=order.quantities,
                grid=10 ** (18 - step.index_of(order).token_decimals),
            )
        )
    for demand_id, units, price in batch.demands:
        demand = step.state.demands[demand_id]
        side = Side.BUY if demand.quantity > 0 else Side.SELL
        quantities = ((demand.asset, ATOMS),)
        found.append(Planned(order_id=demand_id, side=side, units=units, price=price, quantities=quantities))
    return found


def _drop_dust(step: Step, batch: Batch, orders: list[IndexOrder], units: dict[str, int]) -> None:
    """A purchase worth less than can be accounted for in whole token units is none: its assets are the house's.

    A sale however small stays, since buyers may have been filled with its assets.
    """
    mids = {pool.asset: pool.mid for pool in batch.pools}
    for order in (one for one in orders if one.side is Side.BUY):
        price = sum(mul_floor(quantity, mids[asset]) for asset, quantity in order.quantities)
        if mul_floor(units[order.order_id], price) < _LEAST_FILL * step.index_of(order).unit:
            units[order.order_id] = 0


def _obtained(batch: Batch, pool: Pool) -> Obtained:
    """What the house owes is bought back first; of what was sold the sellers come first."""
    mine = [leg for leg in batch.legs if leg.asset == pool.asset]
    return Obtained(
        bought=sum(max(0, leg.executed - leg.house) for leg in mine if leg.side is Side.BUY),
        sold=sum(leg.executed for leg in mine if leg.side is Side.SELL),
        inventory=sum(lot.quantity for lot in pool.held),
        absorb=pool.absorb,
    )


def _account(demand: HouseDemand, units: int, before: tuple[int, int]) -> DemandReport:
    quantity = units if demand.quantity > 0 else -units
    demand.filled += quantity
    demand.batch_id = ""
    demand.ended = demand.ended or not demand.left
    return DemandReport(
        demand_id=demand.demand_id,
        index=demand.index,
        asset=demand.asset,
        quantity=quantity,
        value=demand.value - before[0],
        fee=demand.fees - before[1],
    )


def _release(step: Step, batch: Batch, order: IndexOrder, units: int) -> None:
    """Give back what was reserved and not spent, and put the order in line again."""
    if order.side is Side.BUY:
        reserved = accounts.at_venue(order.account, "reserved", batch.venue, batch.collateral)
        free = accounts.at_venue(order.account, "routed", batch.venue, batch.collateral)
        step.post(Movement.between(reserved, free, amount=order.reserved))
        order.reserved = 0
    else:
        step.index_of(order).sold += units
    order.units += units
    order.idle = 0 if units else order.idle + 1
    step.enter(order, OrderState.READY)
    exec_type = ExecType.PARTIAL_FILL if units else ExecType.STATUS
    sign = 1 if order.side is Side.BUY else -1
    value = sum(lot.value + sign * lot.fee for lot in order.lots if lot.batch_id == batch.batch_id)
    step.tell(order, exec_type, last_units=units, last_value=value, text=f"batch {batch.batch_id} closed")
