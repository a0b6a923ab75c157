"""Lots of a buy order against the trades, crosses and books they stand on: never charged more than these say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexmaker.money import mul_floor
from indexmaker.solver.commands import InvoiceLot
from indexmaker.solver.events import ExecutionReported
from indexmaker.solver.guardian.facts import InvoiceFacts, trade_key
from indexmaker.solver.guardian.findings import Check, Discrepancy, differs
from indexmaker.solver.invoice import canonical_lots
from indexmaker.solver.vocabulary import LotSource

__all__ = ["ROUNDING", "check_assignments", "check_lots", "fair_value"]

ROUNDING = 3
"""Atoms by which a share of one trade, or of one lot of inventory, may be above an exact proportion rounded down: the
price of the whole, the commission in it (or the part of it that is taken) and the split are each rounded by less than
one, and so is what it is compared with.
"""


def check_lots(lots: Sequence[InvoiceLot], facts: InvoiceFacts) -> Iterator[Discrepancy]:
    """Order, origin, price, value and commission of every lot."""
    if canonical_lots(lots) != tuple(lots):
        yield Discrepancy(check=Check.LOT, text="lots are not in canonical order")
    for lot in lots:
        price, fee = _terms(lot, facts)
        if price is None:
            what = "no such cross is known" if lot.source is LotSource.CROSS else "the venue knows no such trade"
            yield Discrepancy(check=Check.LOT, text=f"{_name(lot)}: {what}")
            continue
        yield from _amounts(lot, price=price, fee=fee)


def fair_value(lot: InvoiceLot, facts: InvoiceFacts) -> tuple[int, int]:
    """Value and commission as the facts have them; nothing for a lot that nothing stands behind."""
    price, fee = _terms(lot, facts)
    return mul_floor(lot.quantity, price or 0), fee


def check_assignments(lots: Sequence[InvoiceLot], facts: InvoiceFacts) -> Iterator[Discrepancy]:
    """No trade is given out for more than it brought, no cross for more than its other side gave."""
    used: dict[str, tuple[int, InvoiceLot]] = {}
    for lot in lots:
        used[_name(lot)] = (used.get(_name(lot), (0, lot))[0] + lot.quantity, lot)
    for name, (quantity, lot) in used.items():
        if lot.source is LotSource.CROSS:
            most = facts.crossed.get(name)
        else:
            trade = facts.executions.get(name)
            most = _net(trade, lot.asset) if trade is not None else facts.crossed.get(name)
        stated = quantity + facts.taken.get(name, 0)
        if most is not None and stated > most:
            yield differs(Check.OVERASSIGNED, name, stated=stated, computed=most)


def _name(lot: InvoiceLot) -> str:
    return trade_key(lot.venue, lot.symbol, lot.trade_id)


def _terms(lot: InvoiceLot, facts: InvoiceFacts) -> tuple[int | None, int]:
    """Price and commission; no price for a lot that nothing stands behind."""
    mid = facts.mids.get((lot.batch_id, lot.asset), 0)
    if lot.source is LotSource.CROSS:
        return (mid if _name(lot) in facts.crossed else None), 0
    trade = facts.executions.get(_name(lot))
    if trade is None and lot.source is LotSource.INVENTORY and _name(lot) in facts.crossed:
        return mid, 0
    if trade is None:
        return None, 0
    return (mid, 0) if lot.source is LotSource.INVENTORY else (trade.price, _fee_share(lot, trade, facts))


def _amounts(lot: InvoiceLot, *, price: int, fee: int) -> Iterator[Discrepancy]:
    if lot.price != price:
        yield differs(Check.LOT, f"price of {_name(lot)}", stated=lot.price, computed=price)
    value = mul_floor(lot.quantity, price)
    if lot.value > value + ROUNDING:
        yield differs(Check.LOT, f"value of {_name(lot)}", stated=lot.value, computed=value)
    if lot.fee > fee + ROUNDING:
        yield differs(Check.LOT, f"commission of {_name(lot)}", stated=lot.fee, computed=fee)
    if lot.quantity <= 0 or min(lot.value, lot.fee) < 0:
        yield Discrepancy(check=Check.LOT, text=f"{_name(lot)}: a part of the lot is not above zero")


def _net(trade: ExecutionReported, asset: str) -> int:
    """What a trade brought of the asset, less the commission in it."""
    return trade.quantity - (trade.commission if trade.commission_asset == asset else 0)


def _fee_share(lot: InvoiceLot, trade: ExecutionReported, facts: InvoiceFacts) -> int:
    """The lot's part of the trade's commission, valued in collateral."""
    if trade.commission_asset == lot.asset:
        fee = mul_floor(trade.price, trade.commission)
    elif trade.commission_asset == facts.index.collateral:
        fee = trade.commission
    else:
        fee = facts.fee_values.get(_name(lot), 0)
    net = _net(trade, lot.asset)
    return fee * lot.quantity // net if net > 0 else 0
