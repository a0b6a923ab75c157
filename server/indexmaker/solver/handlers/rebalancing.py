"""Changes of weights: wait for started orders, trade the difference through the batches, count the new basket.

One rebalance of an index at a time; the newest weights that are due follow it. Everything it needs is in the state,
so it goes on after a restart where it was.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.identifiers import derived_id
from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS
from indexmaker.solver import accounts
from indexmaker.solver.batching.markets import AssetMarket, Unusable, read_market
from indexmaker.solver.events import BatchSolve
from indexmaker.solver.handlers.demands import file_demand, withdraw_demand
from indexmaker.solver.handlers.rebalance_reports import report_rebalance, traded
from indexmaker.solver.handlers.weights import next_weights
from indexmaker.solver.rebalance import basket_from, is_dust, purchases, revalued_basket, sales, targets
from indexmaker.solver.state import HouseDemand, Index, IndexOrder, Rebalance, TargetAsset
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import IndexState, OrderState, RebalanceState, Side

__all__ = ["holdings_of", "keep_rebalancing", "may_engage", "on_books", "started_orders", "wanted_assets"]

_MINTING = (OrderState.MINTABLE, OrderState.MINT_SUBMITTED)


def may_engage(step: Step, order: IndexOrder) -> bool:
    """Whether a ready order may take part in a batch: while its index changes its basket only those that have
    begun may, and while a fee waits to be taken no sale begins.
    """
    index = step.index_of(order)
    if order.units:
        return True
    return not index.rebalance_id and not (index.fee_due and order.side is Side.SELL)


def keep_rebalancing(step: Step) -> None:
    """Begin what is due, and end what has used up its time."""
    for _, index in sorted(step.state.indices.items()):
        if not index.rebalance_id and index.state is not IndexState.RETIRED:
            _begin(step, index)
        rebalance = step.state.rebalances.get(index.rebalance_id)
        if rebalance is None:
            continue
        if rebalance.state is RebalanceState.DRAINING:
            _hurry(step, index, rebalance)
        elif step.at - rebalance.traded_since >= step.state.config.rebalance_trade_ns:
            _give_up(step, index, rebalance)


def on_books(step: Step, event: BatchSolve) -> None:
    """Go on with every rebalance that can: the prices and the depth are those of these books."""
    for _, index in sorted(step.state.indices.items()):
        rebalance = step.state.rebalances.get(index.rebalance_id)
        if rebalance is None:
            continue
        rules = _rules(step, index)
        mids = _mids(step, index, rebalance, event)
        if rebalance.state is RebalanceState.DRAINING and not started_orders(step, index):
            _start_trading(step, index, rebalance, mids)
        if rebalance.state is RebalanceState.TRADING:
            _trade(step, index, rebalance, mids, rules)


def wanted_assets(rebalances: Mapping[str, Rebalance], index: Index) -> set[str]:
    """Assets whose books a rebalance of the index needs."""
    rebalance = rebalances.get(index.rebalance_id)
    if rebalance is None:
        return set()
    return {asset for asset, _ in (*index.quantities, *rebalance.weights)} | {one.asset for one in rebalance.assets}


def started_orders(step: Step, index: Index, *, side: Side | None = None) -> list[IndexOrder]:
    """Orders that have traded by the basket of now and are not done with it."""
    found = []
    for order in step.orders_in(OrderState.READY, OrderState.ENGAGED, *_MINTING):
        trading = order.state is OrderState.ENGAGED or (order.state is OrderState.READY and order.units > 0)
        minting = order.state in _MINTING and order.units > 0
        if order.index == index.symbol and (trading or minting) and side in (None, order.side):
            found.append(order)
    return found


def holdings_of(step: Step, index: Index) -> dict[str, int]:
    """What backs the units of an index on all venues, by asset."""
    owner = accounts.backing(index.symbol, index.venue, "").owner
    held: dict[str, int] = {}
    for account, balance in step.ledger:
        if account.owner == owner and account.bucket == "backing":
            held[account.asset] = held.get(account.asset, 0) + balance
    return held


def _begin(step: Step, index: Index) -> None:
    plan = next_weights(step, index)
    if plan is None:
        return
    rebalance = Rebalance(
        rebalance_id=derived_id("r", plan.plan_id),
        sequence=step.sequence,
        index=index.symbol,
        weights_version=plan.version,
        weights=plan.weights,
        state=RebalanceState.DRAINING,
        started_at=step.at,
    )
    step.state.rebalances[rebalance.rebalance_id] = rebalance
    index.rebalance_id = rebalance.rebalance_id
    report_rebalance(step, index, rebalance, text="started orders are finished first")


def _hurry(step: Step, index: Index, rebalance: Rebalance) -> None:
    """Orders that may still trade end with what they have; a mint under way has to be waited for."""
    if index.hurried or step.at - rebalance.started_at < step.state.config.rebalance_drain_ns:
        return
    index.hurried = True
    waited = [order.order_id for order in started_orders(step, index)]
    if waited:
        step.alert("REBALANCE", index.symbol, "started orders hold up the change of weights", *waited)


def _rules(step: Step, index: Index) -> dict[str, Instrument]:
    """Rules of every asset against the index's collateral, those of its own venue where it trades there."""
    known = [i for _, i in sorted(step.state.instruments.items()) if i.quote == index.collateral]
    return {i.base: i for i in sorted(known, key=lambda i: i.venue == index.venue)}


def _mids(step: Step, index: Index, rebalance: Rebalance, event: BatchSolve) -> dict[str, int]:
    """Mid prices of the assets that can be traded now; the others are marked with what is in their way."""
    books = {(book.venue, book.symbol): book for book in event.books}
    delays = {one.asset: one for one in rebalance.assets}
    known = [i for _, i in sorted(step.state.instruments.items()) if i.quote == index.collateral]
    mids: dict[str, int] = {}
    for asset in sorted(wanted_assets(step.state.rebalances, index)):
        reason = "no instrument"
        traded_at = [i for i in known if i.base == asset]
        for rules in sorted(traded_at, key=lambda i: (i.venue != index.venue, i.venue, i.symbol)):
            market = read_market(
                asset,
                instrument=rules,
                book=books.get((rules.venue, rules.symbol)),
                in_flight={},
                max_age_ns=step.state.config.book_max_age_ns,
            )
            if isinstance(market, AssetMarket) and market.asks and market.bids:
                mids[asset], reason = market.mid, ""
                break
            reason = market.reason if isinstance(market, Unusable) else "one side of the book is empty"
        if asset in delays:
            delays[asset].delayed = reason
    return mids


def _start_trading(step: Step, index: Index, rebalance: Rebalance, mids: Mapping[str, int]) -> None:
    """Take stock and set the targets; an index without units only counts its basket anew."""
    known = {asset: mids.get(asset) or step.state.marks.get(asset, 0) for asset in _all_assets(index, rebalance)}
    if not index.supply:
        _recount(step, index, rebalance, known)
        return
    held = holdings_of(step, index)
    known |= {asset: mids.get(asset) or step.state.marks.get(asset, 0) for asset in held}
    weights = dict(rebalance.weights)
    cash = _cash(step, index)
    wanted = targets(held, weights=weights, mids=known, cash=cash)
    rebalance.state = RebalanceState.TRADING
    rebalance.traded_since = step.at
    rebalance.supply = index.supply
    rebalance.assets = [
        TargetAsset(
            asset=asset,
            before=held.get(asset, 0),
            weight=weights.get(asset, 0),
            mid=known[asset],
            target=wanted.get(asset, 0),
            delayed="" if asset in mids else "no usable book",
        )
        for asset in sorted(held.keys() | weights.keys())
    ]
    report_rebalance(step, index, rebalance, text="the difference is traded")


def _recount(step: Step, index: Index, rebalance: Rebalance, mids: Mapping[str, int]) -> None:
    missing = sorted(asset for asset, mid in mids.items() if not mid)
    if missing:
        if step.at - rebalance.started_at >= step.state.config.rebalance_trade_ns:
            _end(step, index, rebalance, f"{missing[0]} has no price: the basket stays as it was")
        return
    basket = revalued_basket(index.quantities, weights=dict(rebalance.weights), mids=mids)
    _adopt(step, index, rebalance, basket)
    _end(step, index, rebalance, "no units exist: the basket was counted anew")


def _all_assets(index: Index, rebalance: Rebalance) -> set[str]:
    return {asset for asset, _ in (*index.quantities, *rebalance.weights)}


def _trade(
    step: Step, index: Index, rebalance: Rebalance, mids: Mapping[str, int], rules: Mapping[str, Instrument]
) -> None:
    """Sell what the purchases that are possible now need, then buy with what it brought, until nothing is left to do.

    An asset without a market is waited for, and nothing is sold for its sake until it has one.
    """
    _end_dust(step, index, rebalance, mids, rules)
    waiting = _open(step, rebalance)
    if any(demand.asset in mids for demand in waiting) or _in_batches(step, rebalance):
        return
    _price_late(rebalance, mids)
    busy = {demand.asset for demand in waiting}
    if _file_next(step, index, rebalance, {a: m for a, m in mids.items() if a not in busy}, rules):
        return
    if not waiting and not _waits_for_a_market(step, index, rebalance, mids, rules):
        _finish(step, index, rebalance)


def _end_dust(
    step: Step, index: Index, rebalance: Rebalance, mids: Mapping[str, int], rules: Mapping[str, Instrument]
) -> None:
    """Let demands end of which the venue would not take the rest."""
    cash = _cash(step, index)
    for demand in _open(step, rebalance):
        mid = mids.get(demand.asset, 0)
        if demand.batch_id or not mid:
            continue
        most = cash * ATOMS // mid if demand.quantity > 0 else demand.left
        if is_dust(min(demand.left, most), mid, rules[demand.asset]):
            withdraw_demand(step, demand.demand_id)


def _file_next(
    step: Step, index: Index, rebalance: Rebalance, mids: Mapping[str, int], rules: Mapping[str, Instrument]
) -> bool:
    """File the next purchases, or else the sales that they need first; False when there is nothing to do."""
    if rebalance.rounds >= step.state.config.rebalance_rounds:
        return False
    gaps = _gaps(step, index, rebalance)
    wanted = {asset: gap for asset, gap in gaps.items() if gap > 0 and asset in mids}
    excess = {asset: -gap for asset, gap in gaps.items() if gap < 0 and asset in mids}
    slack, cash = step.state.config.price_slack, _cash(step, index)
    found = sales(excess, wanted, cash=cash, mids=mids, rules=rules, slack=slack)
    if not found:
        found = purchases(wanted, cash=cash, mids=mids, rules=rules, slack=slack)
    for asset, quantity in sorted(found.items()):
        demand = file_demand(step, index=rebalance.index, asset=asset, quantity=quantity)
        rebalance.demands.append(demand.demand_id)
    rebalance.rounds += 1 if found else 0
    return bool(found)


def _gaps(step: Step, index: Index, rebalance: Rebalance) -> dict[str, int]:
    """What is wanted above (or, below zero, held beyond) the target, by asset with a price."""
    held = holdings_of(step, index)
    return {one.asset: one.target - held.get(one.asset, 0) for one in rebalance.assets if one.mid}


def _waits_for_a_market(
    step: Step, index: Index, rebalance: Rebalance, mids: Mapping[str, int], rules: Mapping[str, Instrument]
) -> bool:
    """Whether more than dust of an asset is still to be traded that cannot be traded now."""
    if any(not one.mid for one in rebalance.assets):
        return True
    prices = {one.asset: one.mid for one in rebalance.assets}
    return any(
        asset not in rules or not is_dust(abs(gap), prices[asset], rules[asset])
        for asset, gap in _gaps(step, index, rebalance).items()
        if gap and asset not in mids
    )


def _price_late(rebalance: Rebalance, mids: Mapping[str, int]) -> None:
    """An asset without a price at the start is wanted for the share that its weight has of the others' value."""
    priced = [one for one in rebalance.assets if one.mid and one.weight]
    weight = sum(one.weight for one in priced)
    for one in rebalance.assets:
        if not one.mid and one.weight and not one.before and mids.get(one.asset) and weight:
            value = sum(other.target * other.mid for other in priced)
            one.mid = mids[one.asset]
            one.target = value * one.weight // weight // one.mid


def _give_up(step: Step, index: Index, rebalance: Rebalance) -> None:
    """The time is over: what was reached holds. What is in a batch is waited for."""
    for demand in _open(step, rebalance):
        withdraw_demand(step, demand.demand_id)
    if not _in_batches(step, rebalance):
        _finish(step, index, rebalance)


def _finish(step: Step, index: Index, rebalance: Rebalance) -> None:
    """Count the new basket. What is left of an asset that shall go, and that no venue takes, stays in the backing
    but is in no basket; the next rebalance counts it in.
    """
    backing = holdings_of(step, index)
    rules = _rules(step, index)
    for one in rebalance.assets:
        left = backing.get(one.asset, 0)
        if not one.weight and one.mid and one.asset in rules and is_dust(left, one.mid, rules[one.asset]):
            backing.pop(one.asset, None)
    rebalance.trades = traded(step.state, rebalance)
    basket = basket_from(backing, supply=index.supply) if index.supply else index.quantities
    _adopt(step, index, rebalance, basket or index.quantities)
    behind = [one.asset for one in rebalance.assets if one.delayed]
    _end(step, index, rebalance, f"not as planned: {', '.join(behind)}" if behind else "")


def _adopt(step: Step, index: Index, rebalance: Rebalance, basket: tuple[tuple[str, int], ...]) -> None:
    index.quantities = basket
    index.version += 1
    index.weights = rebalance.weights
    rebalance.basket_version = index.version


def _end(step: Step, index: Index, rebalance: Rebalance, text: str) -> None:
    index.weights_version = max(index.weights_version, rebalance.weights_version)
    index.rebalance_id = ""
    index.hurried = False
    rebalance.state = RebalanceState.COMPLETED
    report_rebalance(step, index, rebalance, text=text)


def _open(step: Step, rebalance: Rebalance) -> list[HouseDemand]:
    return [demand for demand in _demands(step, rebalance) if not demand.ended]


def _in_batches(step: Step, rebalance: Rebalance) -> bool:
    return any(demand.batch_id for demand in _demands(step, rebalance))


def _demands(step: Step, rebalance: Rebalance) -> list[HouseDemand]:
    return [step.state.demands[demand_id] for demand_id in rebalance.demands]


def _cash(step: Step, index: Index) -> int:
    return step.ledger.balance(accounts.index_cash(index.symbol, index.venue, index.collateral))
