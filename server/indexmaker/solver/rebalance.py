"""The arithmetic of a change of weights. Pure, exact; every rounding leaves the holders' assets with them.

Target of an asset: `value x weight / mid`, where the value is that of all holdings and cash at mid prices; the
difference to the holding is traded. The new basket is `floor(backing / supply)` per unit, so that all units are
always fully backed whatever the trades brought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, ceil_to_step, mul_ceil, mul_floor
from indexmaker.solver.vocabulary import Side, Value

__all__ = ["Cost", "Traded", "basket_from", "cost_of", "is_dust", "purchases", "revalued_basket", "sales", "targets"]


class Traded(Value, frozen=True, kw_only=True):
    """What was traded of an asset: `value` paid or received before `fee`, and the mid price it was planned with."""

    asset: str
    side: Side
    quantity: int
    value: int
    fee: int
    mid: int


class Cost(Value, frozen=True, kw_only=True):
    """What a rebalance cost the holders: venue fees, and what the trades lost against mid (below zero: gained)."""

    fees: int
    slippage: int
    per_unit: int


def targets(
    holdings: Mapping[str, int], *, weights: Mapping[str, int], mids: Mapping[str, int], cash: int
) -> dict[str, int]:
    """Quantity wanted of every asset, rounded down. An asset without a price (0) keeps what is held: it can be
    neither valued nor traded, and takes no part in the value that is shared out.
    """
    priced = {asset: held for asset, held in holdings.items() if mids.get(asset)}
    value = cash + sum(mul_floor(held, mids[asset]) for asset, held in priced.items())
    shares = {asset: weight for asset, weight in weights.items() if mids.get(asset) or asset not in holdings}
    whole = sum(shares.values())
    wanted = dict.fromkeys(priced, 0)
    for asset, weight in shares.items():
        if mids.get(asset):
            wanted[asset] = value * weight // whole * ATOMS // mids[asset]
    return wanted | {asset: held for asset, held in holdings.items() if asset not in priced}


def purchases(
    wanted: Mapping[str, int], *, cash: int, mids: Mapping[str, int], rules: Mapping[str, Instrument], slack: int
) -> dict[str, int]:
    """What to buy of each asset so that all together stay within `cash`, each short in the same proportion.

    `slack` is a rate above mid that the purchase may need besides the commission. What is under the venue's minimum
    is left out, and its money goes to the others.
    """
    left = {asset: quantity for asset, quantity in wanted.items() if quantity > 0 and mids.get(asset)}
    while left:
        costs = {asset: _cost(quantity, mids[asset], rules[asset], slack) for asset, quantity in left.items()}
        total = sum(costs.values())
        share = min(cash, total)
        found = {asset: rules[asset].quantity_down(quantity * share // total) for asset, quantity in left.items()}
        small = [asset for asset, quantity in found.items() if is_dust(quantity, mids[asset], rules[asset])]
        if not small:
            return found
        del left[min(small, key=lambda asset: (costs[asset], asset))]
    return {}


def sales(
    excess: Mapping[str, int],
    wanted: Mapping[str, int],
    *,
    cash: int,
    mids: Mapping[str, int],
    rules: Mapping[str, Instrument],
    slack: int,
) -> dict[str, int]:
    """What to sell (below zero) of each asset so that what is wanted can be paid, each in the same proportion.

    Nothing when the cash is enough already. What is under the venue's minimum is left out; rounded up to the lot step.
    """
    needed = sum(_cost(quantity, mids[asset], rules[asset], slack) for asset, quantity in wanted.items()) - cash
    left = {asset: quantity for asset, quantity in excess.items() if not is_dust(quantity, mids[asset], rules[asset])}
    brings = sum(mul_floor(quantity, mids[asset]) for asset, quantity in left.items())
    if needed <= 0 or not brings:
        return {}
    found: dict[str, int] = {}
    for asset, quantity in left.items():
        part = ceil_to_step(-(-quantity * min(needed, brings) // brings), rules[asset].lot_step)
        part = rules[asset].quantity_down(min(part, quantity))
        if not is_dust(part, mids[asset], rules[asset]):
            found[asset] = -part
    return found


def is_dust(quantity: int, mid: int, rules: Instrument) -> bool:
    """Whether the venue takes no order of this quantity; judged at mid."""
    rounded = rules.quantity_down(quantity)
    return rounded <= 0 or rounded < rules.min_quantity or mul_floor(rounded, mid) < rules.min_notional


def basket_from(backing: Mapping[str, int], *, supply: int) -> tuple[tuple[str, int], ...]:
    """Quantities per unit that the backing supports, rounded down; an asset of which nothing is left goes."""
    quantities = ((asset, held * ATOMS // supply) for asset, held in sorted(backing.items()))
    return tuple((asset, quantity) for asset, quantity in quantities if quantity > 0)


def revalued_basket(
    quantities: Sequence[tuple[str, int]], *, weights: Mapping[str, int], mids: Mapping[str, int]
) -> tuple[tuple[str, int], ...]:
    """The basket of an index without units: the same value by other weights, rounded down."""
    value = sum(mul_floor(quantity, mids[asset]) for asset, quantity in quantities)
    found = ((asset, value * weight // mids[asset]) for asset, weight in sorted(weights.items()))
    return tuple((asset, quantity) for asset, quantity in found if quantity > 0)


def cost_of(trades: Sequence[Traded], *, supply: int) -> Cost:
    """What the trades cost; by unit rounded up."""
    fees = sum(trade.fee for trade in trades)
    slippage = 0
    for trade in trades:
        if trade.side is Side.BUY:
            slippage += trade.value - mul_floor(trade.quantity, trade.mid)
        else:
            slippage += mul_ceil(trade.quantity, trade.mid) - trade.value
    per_unit = -(-(fees + slippage) * ATOMS // supply) if supply else 0
    return Cost(fees=fees, slippage=slippage, per_unit=per_unit)


def _cost(quantity: int, mid: int, rules: Instrument, slack: int) -> int:
    """What a quantity kept may cost, commission and slack included; at least one atom."""
    bought = -(-quantity * ATOMS // (ATOMS - rules.taker_fee))
    return max(1, mul_ceil(mul_ceil(bought, mid), ATOMS + slack))
