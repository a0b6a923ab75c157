"""Gathering what a batch is planned on: who wants what, which markets can be used, and what is held where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from indexmaker.ledger import OwnerKind
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.batching.markets import AssetMarket, Unusable, read_market
from indexmaker.solver.batching.request import PlanRequest, Want
from indexmaker.solver.events import Book
from indexmaker.solver.handlers.quote_claims import held_inventory
from indexmaker.solver.handlers.reference import instrument_key
from indexmaker.solver.inventory import free_quantities, owed_quantities
from indexmaker.solver.state import Batch, HouseDemand, IndexOrder, Leg
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import Side

__all__ = ["MARGIN", "request_of"]

MARGIN = 10**12
"""Kept back from every buy's money (a millionth), so that rounding up can never overdraw it."""

_OTHERS_MONEY = ("proceeds", "charges", "refunded")
"""Buckets of money on a venue that is on its way out and never pays for a batch."""


def request_of(
    step: Step,
    venue: str,
    collateral: str,
    *,
    orders: Sequence[IndexOrder],
    demands: Sequence[HouseDemand],
    books: Mapping[tuple[str, str], Book],
    budget: int,
) -> PlanRequest:
    """The request for one batch. An order without a price limit gets one from the first books it could trade on."""
    inventory = _free_inventory(step, orders)
    shorts = owed_quantities(step.state.shorts)
    assets = {asset for order in orders for asset, _ in order.quantities}
    assets |= {demand.asset for demand in demands}
    assets |= {asset for asset, _ in (*inventory, *shorts)}
    markets, unusable = _markets(step, venue, collateral, assets, books)
    for order in orders:
        _default_limit(step, order, markets)
    venues = {market.venue for found in markets.values() for market in found} | {venue}
    wants = [_want(order) for order in orders]
    wants += [_demand(step, demand, venue, collateral) for demand in demands]
    return PlanRequest(
        wants=tuple(wants),
        markets=markets,
        unusable=unusable,
        home=venue,
        money=_money(step, venue, collateral),
        cash={place: _house_cash(step, place, collateral) for place in sorted(venues)},
        inventory=inventory,
        shorts=shorts,
        backing=_backing(step, {want.index for want in wants if want.side is Side.SELL}),
        budget=budget,
        config=step.state.config,
    )


def _free_inventory(step: Step, orders: Sequence[IndexOrder]) -> dict[tuple[str, str], int]:
    """House inventory that binding quotes do not hold for others."""
    free = free_quantities(step.state.inventory)
    for asset, held in held_inventory(step, [order.order_id for order in orders]).items():
        for key in sorted(key for key in free if key[0] == asset):
            taken = min(held, free[key])
            free[key] -= taken
            held -= taken
    return free


def _markets(
    step: Step, home: str, collateral: str, assets: Iterable[str], books: Mapping[tuple[str, str], Book]
) -> tuple[dict[str, tuple[AssetMarket, ...]], dict[str, str]]:
    """The usable markets of each asset, that of the home venue first; and why an asset has none."""
    in_flight: dict[tuple[str, str], dict[Side, int]] = {}
    for sent in step.asset_orders_live():
        sides = in_flight.setdefault((sent.venue, sent.symbol), {})
        sides[sent.side] = sides.get(sent.side, 0) + sent.quantity - sent.executed
    markets: dict[str, tuple[AssetMarket, ...]] = {}
    unusable: dict[str, str] = {}
    known = [i for _, i in sorted(step.state.instruments.items()) if i.quote == collateral]
    for asset in sorted(assets):
        reasons: list[str] = []
        found: list[AssetMarket] = []
        traded = [instrument for instrument in known if instrument.base == asset]
        for rules in sorted(traded, key=lambda i: (i.venue != home, i.venue, i.symbol)):
            key = (rules.venue, rules.symbol)
            if step.state.holds.get(instrument_key(*key), 0) > step.at:
                reasons.append("held after a refusal for lack of balance")
                continue
            read = read_market(
                asset,
                instrument=rules,
                book=books.get(key),
                in_flight=in_flight.get(key, {}),
                max_age_ns=step.state.config.book_max_age_ns,
            )
            if isinstance(read, Unusable):
                reasons.append(read.reason)
            elif rules.venue not in {market.venue for market in found}:
                found.append(read)
        if found:
            markets[asset] = tuple(found)
        else:
            unusable[asset] = reasons[0] if reasons else "no instrument"
    return markets, unusable


def _default_limit(step: Step, order: IndexOrder, markets: Mapping[str, tuple[AssetMarket, ...]]) -> None:
    if order.price_limit or any(asset not in markets for asset, _ in order.quantities):
        return
    price = sum(mul_ceil(quantity, markets[asset][0].mid) for asset, quantity in order.quantities)
    tolerance = step.state.config.default_tolerance
    if order.side is Side.BUY:
        order.price_limit = mul_ceil(price, ATOMS + tolerance)
    else:
        order.price_limit = mul_floor(price, ATOMS - tolerance)


def _want(order: IndexOrder) -> Want:
    return Want(
        order_id=order.order_id,
        side=order.side,
        index=order.index,
        quantities=order.quantities,
        cap=max(0, order.left - MARGIN if order.side is Side.BUY else order.left),
        price_limit=order.price_limit,
    )


def _demand(step: Step, demand: HouseDemand, venue: str, collateral: str) -> Want:
    """One asset is its own unit. A purchase has the index's cash that other purchases are not promised."""
    buys = demand.quantity > 0
    cash = step.ledger.balance(accounts.index_cash(demand.index, venue, collateral)) if buys else 0
    for batch in step.batches_open() if buys else ():
        for demand_id, units, price in batch.demands:
            other = step.state.demands[demand_id]
            if other.index == demand.index and other.quantity > 0:
                cash -= mul_ceil(units, price) + MARGIN
    return Want(
        order_id=demand.demand_id,
        side=Side.BUY if buys else Side.SELL,
        index=demand.index,
        quantities=((demand.asset, ATOMS),),
        cap=max(0, cash - MARGIN) if buys else demand.left,
        most_units=demand.left if buys else 0,
        price_limit=demand.limit,
        house=True,
    )


def _backing(step: Step, indices: set[str]) -> dict[tuple[str, str, str], int]:
    owners = {accounts.backing(index, "", "").owner: index for index in indices}
    held: dict[tuple[str, str, str], int] = {}
    if owners:
        for account, balance in step.ledger:
            if account.bucket == "backing" and account.owner in owners and balance > 0:
                venue = account.place.removeprefix(accounts.venue_place(""))
                held[owners[account.owner], account.asset, venue] = balance
    return held


def _money(step: Step, venue: str, collateral: str) -> int:
    """What the account on the venue really holds for purchases: less than the users' claims when a transfer arrived
    short.
    """
    place = accounts.venue_place(venue)
    kinds = (OwnerKind.USER, OwnerKind.HOUSE)
    held = sum(step.ledger.total(asset=collateral, place=place, kind=kind) for kind in kinds)
    held -= sum(
        step.ledger.total(asset=collateral, place=place, kind=OwnerKind.USER, bucket=bucket) for bucket in _OTHERS_MONEY
    )
    for _, leg in _open_legs(step, venue):
        if leg.side is Side.BUY:
            held -= max(0, leg.value - _turnover(leg))
        else:
            held -= _turnover(leg)
    return max(0, held)


def _house_cash(step: Step, venue: str, collateral: str) -> int:
    """The house's own money on a venue that is not promised to open batches.

    What has been paid for users is not the house's (their `spent` is still theirs), so it is added back; what their
    sales have brought is theirs too. Away from the users' money the house pays, and is paid, itself.
    """
    place = accounts.venue_place(venue)
    cash = step.ledger.balance(accounts.house_cash(place, collateral))
    cash += step.ledger.total(asset=collateral, place=place, kind=OwnerKind.USER, bucket="spent")
    for batch, leg in _open_legs(step, venue):
        away = batch.venue != venue
        if leg.side is Side.BUY:
            cash += _turnover(leg) - leg.value if away else _turnover(leg) - _of_house(leg)
        elif not away:
            cash -= _turnover(leg)
    for batch in step.batches_open():
        if batch.venue == venue:
            cash -= sum(mul_ceil(pool.absorb, pool.mid) for pool in batch.pools)
            cash -= sum(leg.value for leg in batch.legs if leg.venue != venue and leg.side is Side.SELL)
    return max(0, cash)


def _of_house(leg: Leg) -> int:
    """What the house may pay of a purchase, its commission included."""
    return leg.house_value + (-(-leg.value * leg.house // leg.quantity) * 2 if leg.house and leg.quantity else 0)


def _open_legs(step: Step, venue: str) -> list[tuple[Batch, Leg]]:
    return [(batch, leg) for batch in step.batches_open() for leg in batch.legs if leg.venue == venue]


def _turnover(leg: Leg) -> int:
    return sum(mul_floor(fill.price, fill.quantity) for fill in leg.fills)
