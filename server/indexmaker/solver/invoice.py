"""The final account of an index order. Pure arithmetic; every rounding has a direction.

Fees are rounded down to the collateral token's unit (for the user), the refund is rounded down to it, and
what is finer than a unit is shown as `rounding` and goes to the house's rounding account. Units are what the
lots support, rounded down to the index token's precision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from indexmaker.identifiers import derived_id
from indexmaker.money import ATOMS, floor_to_step, mul_floor
from indexmaker.solver.commands import Invoice, InvoiceLot
from indexmaker.solver.state import DepositLot, GateTerms, Index, IndexOrder

__all__ = ["build_invoice", "canonical_lots", "management_fee", "supported_units"]


def canonical_lots(lots: Iterable[InvoiceLot]) -> tuple[InvoiceLot, ...]:
    """Lots in the order that the Merkle root is made in; parts of one trade from one batch are merged."""
    merged: dict[tuple[str, str, str, str, str, str], InvoiceLot] = {}
    for lot in lots:
        key = (lot.asset, lot.venue, lot.symbol, lot.trade_id, lot.batch_id, lot.source)
        known = merged.get(key)
        if known is not None:
            lot = InvoiceLot(
                asset=lot.asset,
                venue=lot.venue,
                symbol=lot.symbol,
                trade_id=lot.trade_id,
                batch_id=lot.batch_id,
                quantity=known.quantity + lot.quantity,
                price=lot.price,
                value=known.value + lot.value,
                fee=known.fee + lot.fee,
                source=lot.source,
            )
        merged[key] = lot
    return tuple(merged[key] for key in sorted(merged))


def supported_units(lots: Iterable[InvoiceLot], quantities: Sequence[tuple[str, int]], *, decimals: int) -> int:
    """The most index units that the lots hold the full basket of, rounded down to the token's precision."""
    held: dict[str, int] = {}
    for lot in lots:
        held[lot.asset] = held.get(lot.asset, 0) + lot.quantity
    if not quantities:
        return 0
    units = min(held.get(asset, 0) * ATOMS // quantity for asset, quantity in quantities)
    return floor_to_step(units, 10 ** (18 - decimals))


def management_fee(assets: int, *, rate: int, unit: int) -> int:
    """The management fee on the assets' value, rounded down to a token unit."""
    return floor_to_step(mul_floor(assets, rate), unit)


def build_invoice(
    order: IndexOrder, index: Index, lot: DepositLot, *, deadline: int, terms: GateTerms | None = None
) -> Invoice:
    """Account for the whole deposit of an order that trades no more.

    Who gets nothing pays nothing: without units there is no fee at all, and the gate would refuse one. Where the fees
    would make the units dearer than the request allows, less is charged, the routing fee first: the house bears it.
    """
    lots = canonical_lots(order.lots)
    assets = sum(part.value for part in lots)
    venue_fees = sum(part.fee for part in lots)
    management = management_fee(assets, rate=order.management_fee, unit=index.unit)
    most = _most_fee(order, index, lot, terms, cost=assets + venue_fees)
    management = min(management, most)
    routing = min(order.routing_fee, most - management)
    rest = lot.amount - assets - venue_fees - routing - management
    refund = floor_to_step(rest, index.unit)
    fee = routing + management
    return Invoice(
        invoice_id=derived_id("i", order.order_id, order.invoice_attempts),
        order_id=order.order_id,
        client_order_id=order.client_order_id,
        account=order.account,
        index=order.index,
        basket_version=order.version,
        chain_id=index.chain_id,
        gate=index.gate,
        request_id=lot.request_id,
        deposit_tx=lot.tx_hash,
        transfer_id=order.transfer_id,
        deposit=lot.amount,
        assets=assets,
        venue_fees=venue_fees,
        routing_fees=routing,
        management_fee=management,
        rounding=rest - refund,
        refund=refund,
        units=order.units,
        spent=lot.amount - fee - refund,
        fee=fee,
        deadline=deadline,
        lots=lots,
    )


def _most_fee(order: IndexOrder, index: Index, lot: DepositLot, terms: GateTerms | None, *, cost: int) -> int:
    """The highest fee with which the units are what the request wants for `spent` plus fee, in whole token units.

    `spent` is the cost and less than one unit of rounding.
    """
    if terms is None or not terms.min_units:
        return lot.amount
    used = order.units * lot.amount // terms.min_units
    return max(0, floor_to_step(used - cost - index.unit, index.unit))
