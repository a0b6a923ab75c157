"""Indices: taken in, paused, retired, bounded anew."""

from __future__ import annotations

import msgspec

from indexmaker.money import ATOMS
from indexmaker.solver.commands import IndexReport
from indexmaker.solver.events import IndexCreated, IndexLimitsChanged, IndexStateChanged
from indexmaker.solver.handlers.endings import request_end
from indexmaker.solver.handlers.rebalancing import started_orders
from indexmaker.solver.state import Index
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import IndexState, OrderState, RejectReason, Side

__all__ = ["objection_to_definition", "on_index_created", "on_index_state", "on_limits_changed", "take_index"]

_FIXED = ("chain_id", "gate", "collateral", "collateral_decimals", "token_decimals", "venue")
_BEFORE_TRADING = (OrderState.PENDING_COLLATERAL, OrderState.ROUTING, OrderState.READY)


def on_index_created(step: Step, event: IndexCreated) -> None:
    """Take an index, or a newer version of one; tell its quantities, or why it is refused."""
    known = step.state.indices.get(event.symbol)
    reason = objection_to_definition(event)
    if not reason and event.symbol in step.state.deployments and known is None:
        reason = "an index of this symbol is being deployed"
    if not reason and known is not None:
        if event == known.definition:
            _tell(step, known)
            return
        reason = _objection_to_change(step, known, event)
    if reason:
        step.report(IndexReport(symbol=event.symbol, version=event.version, accepted=False, reason=reason))
        return
    take_index(step, event)


def take_index(step: Step, event: IndexCreated) -> None:
    """Make a definition that nothing speaks against the index of its symbol."""
    known = step.state.indices.get(event.symbol)
    quantities, _ = _quantities(event)
    index = Index(
        symbol=event.symbol,
        name=event.name or event.symbol,
        definition=event,
        version=event.version,
        chain_id=event.chain_id,
        gate=event.gate.lower(),
        token=event.token.lower(),
        token_decimals=event.token_decimals,
        quantities=quantities,
        weights=tuple(sorted((one.asset, one.weight) for one in event.constituents if one.weight)),
        management_fee=event.management_fee,
        redemption_fee=event.redemption_fee,
        annual_fee=event.annual_fee,
        accrued_until=step.at,
        min_order=event.min_order,
        max_order=event.max_order,
        limits=event.limits,
        mint_threshold=event.mint_threshold,
        collateral=event.collateral,
        collateral_decimals=event.collateral_decimals,
        venue=event.venue,
        route=event.route,
        custody=event.custody,
        destination=event.destination,
    )
    if known is not None:
        index.state = known.state
    step.state.indices[event.symbol] = index
    for constituent in event.constituents:
        if constituent.reference_price > 0:
            step.state.marks.setdefault(constituent.asset, constituent.reference_price)
    _tell(step, index)


def on_index_state(step: Step, event: IndexStateChanged) -> None:
    """Pause, resume or retire. Retiring is for ever: waiting buys end, redemptions go on until no unit is left."""
    index = step.state.indices.get(event.symbol)
    if index is None or index.state is event.state:
        return
    if index.state is IndexState.RETIRED:
        step.alert("INDEX", index.symbol, "a retired index cannot be taken up again: create another one")
        return
    index.state = event.state
    if event.state is IndexState.RETIRED:
        for order in step.orders_in(*_BEFORE_TRADING):
            if order.index == index.symbol and order.side is Side.BUY and order.ending is None:
                request_end(step, order, OrderState.CANCELLED, reason=RejectReason.INDEX_NOT_ACTIVE)


def on_limits_changed(step: Step, event: IndexLimitsChanged) -> None:
    """Bound an index anew; orders that were taken stay taken."""
    index = step.state.indices.get(event.symbol)
    if index is None:
        return
    index.min_order = index.min_order if event.min_order is None else max(0, event.min_order)
    index.max_order = index.max_order if event.max_order is None else max(0, event.max_order)
    if event.limits is not None:
        allowed = tuple(account.lower() for account in event.limits.allowed)
        index.limits = msgspec.structs.replace(event.limits, allowed=allowed)


def objection_to_definition(event: IndexCreated) -> str:
    """What is wrong with a definition; empty for nothing."""
    _, reason = _quantities(event)
    assets = [constituent.asset for constituent in event.constituents]
    if not assets:
        return "an index needs at least one constituent"
    if len(set(assets)) < len(assets):
        return "a constituent is listed twice"
    if event.collateral in assets:
        return "the collateral itself cannot be a constituent"
    if not 0 <= event.collateral_decimals <= 18 or not 0 <= event.token_decimals <= 18:
        return "tokens have 0 to 18 decimals"
    if not 0 <= event.management_fee < ATOMS or not 0 <= event.annual_fee < ATOMS:
        return "a management fee is a rate from 0 to below 1"
    if not 0 <= event.redemption_fee < ATOMS:
        return "the redemption fee is a rate from 0 to below 1"
    return reason


def _objection_to_change(step: Step, known: Index, event: IndexCreated) -> str:
    if any(getattr(known, name) != getattr(event, name) for name in _FIXED if name != "gate"):
        return "an index cannot change its chain, gate, tokens or venue"
    if known.gate != event.gate.lower():
        return "an index cannot change its chain, gate, tokens or venue"
    if event.version <= known.version:
        return f"version {known.version} is defined in another way; a change needs a higher version"
    if known.minted:
        return "units exist: publish weights, and the basket changes by a rebalance"
    if started_orders(step, known):
        return "an order has begun to trade by the basket of now: wait for it, then publish weights"
    return ""


def _tell(step: Step, index: Index) -> None:
    step.report(
        IndexReport(symbol=index.symbol, version=index.version, accepted=True, quantities=index.quantities),
    )


def _quantities(event: IndexCreated) -> tuple[tuple[tuple[str, int], ...], str]:
    """Quantities per unit as given, or made from weights and reference prices, rounded down."""
    whole = sum(constituent.weight for constituent in event.constituents)
    found: list[tuple[str, int]] = []
    for constituent in event.constituents:
        quantity = constituent.quantity
        if not quantity and constituent.reference_price > 0 and whole > 0:
            share = event.target_price * constituent.weight
            quantity = share * ATOMS // (whole * constituent.reference_price)
        if quantity <= 0:
            return (), f"{constituent.asset}: no quantity, and none follows from weight and reference price"
        found.append((constituent.asset, quantity))
    return tuple(sorted(found)), ""
