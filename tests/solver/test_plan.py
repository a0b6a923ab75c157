"""Plans as pure functions: budgets, minimums and grids hold for whatever books and orders, on both sides."""

from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver import SolverConfig
from indexmaker.solver.batching.markets import AssetMarket
from indexmaker.solver.batching.plan import plan_batch
from indexmaker.solver.batching.request import PlanRequest, WaitReason, Want
from indexmaker.solver.vocabulary import Side

ASSETS = ["A", "B", "C"]
VENUES = ["home", "away"]
CENT = ATOMS // 100
DUST = 10**5
"""Atoms of sellers' assets that roundings may leave to the house."""


@st.composite
def levels(draw, best, sign):
    found = [(best, draw(st.integers(1, 10**6)) * 10**13)]
    for move, quantity in draw(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 10**6)), max_size=4)):
        price = found[-1][0] + sign * move * CENT
        if price > 0:
            found.append((price, quantity * 10**13))
    return tuple(found)


@st.composite
def markets(draw, asset, venue, price):
    rules = Instrument(
        venue=venue,
        symbol=f"{asset}USDC",
        base=asset,
        quote="USDC",
        tick_size=CENT,
        lot_step=draw(st.sampled_from([10**13, 10**13, 10**16, 10**17])),
        min_notional=draw(st.sampled_from([0, 5 * ATOMS])),
        min_quantity=draw(st.sampled_from([0, 10**16])),
        max_quantity=draw(st.sampled_from([0, 5 * ATOMS])),
        taker_fee=draw(st.sampled_from([0, 10**15, 75 * 10**13])),
    )
    best = price + draw(st.integers(0, 20)) * CENT
    sides = draw(st.sampled_from(["both"] * 8 + ["asks", "bids"]))
    asks = draw(levels(best, 1)) if sides != "bids" else ()
    bids = draw(levels(best - CENT, -1)) if sides != "asks" else ()
    ends = [side[0][0] for side in (asks, bids) if side]
    return AssetMarket(asset=asset, instrument=rules, mid=sum(ends) // len(ends), asks=asks, bids=bids)


@st.composite
def wants(draw, number):
    basket = draw(st.dictionaries(st.sampled_from(ASSETS), st.integers(10**14, 10**17), min_size=1))
    side = draw(st.sampled_from(list(Side)))
    return Want(
        order_id=f"o{number}",
        side=side,
        index=draw(st.sampled_from(["one", "two"])),
        quantities=tuple(sorted(basket.items())),
        cap=draw(st.integers(0, 5000)) * ATOMS if side is Side.BUY else draw(st.integers(0, 10**20)),
        price_limit=draw(st.sampled_from([0] * 6 + [ATOMS, 100 * ATOMS, 10_000 * ATOMS])),
    )


@st.composite
def requests(draw):
    config = SolverConfig(
        strategy=draw(st.sampled_from(["water-filling", "proportional", "netting"])),
        inventory_budget=draw(st.sampled_from([0, 3 * ATOMS, 20 * ATOMS])),
        inventory_limit=draw(st.sampled_from([0, 100 * ATOMS])),
        order_budget=draw(st.sampled_from([50 * ATOMS, 10_000 * ATOMS])),
    )
    found = {}
    for asset in ASSETS:
        price = draw(st.integers(100, 10**5)) * CENT
        venues = draw(st.sampled_from([["home"]] * 4 + [["home", "away"]] * 4 + [["away"], []]))
        found[asset] = tuple(draw(markets(asset, venue, price)) for venue in venues)
    quantities = st.sampled_from([0, 1, 10**12, 10**16, 10**18])
    return PlanRequest(
        wants=tuple(draw(wants(number)) for number in range(draw(st.integers(0, 5)))),
        markets={asset: markets for asset, markets in found.items() if markets},
        unusable={asset: "no book" for asset, markets in found.items() if not markets},
        home="home",
        money=draw(st.sampled_from([0, 100, 20_000, 20_000])) * ATOMS,
        cash={venue: draw(st.sampled_from([0, 10 * ATOMS, 1000 * ATOMS])) for venue in VENUES},
        inventory={(asset, venue): draw(quantities) for asset in ASSETS for venue in VENUES},
        shorts={(asset, venue): draw(st.sampled_from([0, 0, 10**16])) for asset in ASSETS for venue in VENUES},
        backing={
            (index, asset, venue): draw(st.integers(0, 10**20))
            for index in ("one", "two")
            for asset in ASSETS
            for venue in VENUES
        },
        budget=draw(st.integers(1, 5000)) * ATOMS,
        config=config,
    )


def net(leg):
    return leg.quantity * (ATOMS - leg.instrument.taker_fee) // ATOMS if leg.side is Side.BUY else leg.quantity


@settings(max_examples=400, deadline=None)
@given(request=requests())
def test_no_leg_breaks_a_budget_or_a_rule_of_the_venue(request):
    plan = plan_batch(request)
    assert plan.value <= request.budget
    assert len({(leg.asset, leg.instrument.venue) for leg in plan.legs}) == len(plan.legs)
    for asset in ASSETS:
        assert len({leg.side for leg in plan.legs if leg.asset == asset}) <= 1
    markets = {(m.asset, m.venue): m for found in request.markets.values() for m in found}
    for leg in plan.legs:
        leg.instrument.check(quantity=leg.quantity, price=leg.limit_price)
        assert leg.quantity <= markets[leg.asset, leg.instrument.venue].depth(leg.side, leg.limit_price)
        best = [m.best(leg.side) for m in request.markets[leg.asset] if m.best(leg.side)]
        impact = request.config.price_impact
        if leg.side is Side.BUY:
            assert leg.limit_price <= mul_floor(min(best), ATOMS + impact)
            assert leg.value == mul_ceil(leg.quantity, leg.limit_price)
        else:
            assert leg.limit_price >= mul_ceil(max(best), ATOMS - impact)
            assert leg.value >= mul_floor(leg.quantity, leg.limit_price)


@settings(max_examples=400, deadline=None)
@given(request=requests())
def test_no_order_gets_more_than_its_money_its_units_and_its_limit_allow(request):
    plan = plan_batch(request)
    wants = {want.order_id: want for want in request.wants}
    for order in plan.orders:
        want = wants[order.order_id]
        assert order.units > 0
        if order.side is Side.BUY:
            assert order.value <= min(want.cap, request.config.order_budget)
            assert not want.price_limit or order.price <= want.price_limit
        else:
            assert order.units <= want.cap
            assert not want.price_limit or order.price >= want.price_limit
            assert order.value <= request.config.order_budget


@settings(max_examples=400, deadline=None)
@given(request=requests())
def test_what_buyers_need_is_there_and_what_sellers_give_is_placed(request):
    plan = plan_batch(request)
    wants = {want.order_id: want for want in request.wants}
    for pool in plan.pools:
        legs = [leg for leg in plan.legs if leg.asset == pool.asset]
        bought = sum(max(0, net(leg) - leg.house) for leg in legs if leg.side is Side.BUY)
        sold = sum(leg.quantity - leg.house for leg in legs if leg.side is Side.SELL)
        need = sum(
            mul_ceil(dict(wants[o.order_id].quantities).get(pool.asset, 0), o.units)
            for o in plan.orders
            if o.side is Side.BUY
        )
        offer = sum(
            mul_floor(dict(wants[o.order_id].quantities).get(pool.asset, 0), o.units)
            for o in plan.orders
            if o.side is Side.SELL
        )
        assert (pool.needed, pool.offered) == (need, offer)
        assert need <= offer + pool.inventory + bought
        assert offer <= need + pool.absorb + sold + DUST
        assert pool.inventory <= request.stock(pool.asset)


@settings(max_examples=400, deadline=None)
@given(request=requests())
def test_everything_sold_is_pledged_or_the_houses_own_where_it_is_sold(request):
    plan = plan_batch(request)
    pledged = {}
    for pledge in plan.pledges:
        key = (pledge.index, pledge.asset, pledge.venue)
        pledged[key] = pledged.get(key, 0) + pledge.quantity
    assert all(quantity <= request.backing[key] for key, quantity in pledged.items())
    for leg in plan.legs:
        if leg.side is Side.SELL:
            venue = leg.instrument.venue
            there = sum(q for (_, asset, place), q in pledged.items() if (asset, place) == (leg.asset, venue))
            assert leg.quantity <= there + leg.house
            assert leg.house <= request.inventory[leg.asset, venue]
    for order in plan.orders:
        if order.side is Side.SELL:
            want = next(want for want in request.wants if want.order_id == order.order_id)
            for asset, quantity in want.quantities:
                mine = [p for p in plan.pledges if (p.order_id, p.asset) == (order.order_id, asset)]
                assert sum(p.quantity for p in mine) >= mul_floor(quantity, order.units)


@settings(max_examples=400, deadline=None)
@given(request=requests())
def test_the_house_spends_no_more_than_it_has_on_each_venue_and_within_the_inventory_budget(request):
    plan = plan_batch(request)
    away = sum(leg.value for leg in plan.legs if leg.side is Side.BUY and leg.instrument.venue == "away")
    assert away <= max(0, request.cash["away"])
    home = [leg for leg in plan.legs if leg.side is Side.BUY and leg.instrument.venue == "home"]
    assert sum(leg.value for leg in home) <= max(0, request.money)
    assert sum(leg.house_value for leg in home) <= max(0, request.cash["home"])
    for pool in plan.pools:
        held = mul_ceil(request.stock(pool.asset), pool.mid)
        padding = sum(leg.house_value for leg in plan.legs if leg.asset == pool.asset)
        budget = request.config.inventory_budget_of(pool.asset)
        assert not padding or held + padding <= budget
        owed = sum(q for (asset, _), q in request.shorts.items() if asset == pool.asset)
        assert held + mul_floor(max(0, pool.absorb - owed), pool.mid) <= max(held, budget) + 1


@settings(max_examples=150, deadline=None)
@given(request=requests())
def test_every_order_is_either_served_or_told_what_it_waits_for(request):
    plan = plan_batch(request)
    served = {order.order_id for order in plan.orders}
    waiting = {order_id for order_id, _, _ in plan.waiting}
    assert served | waiting == {want.order_id for want in request.wants}
    assert not served & waiting
    assert all(isinstance(reason, WaitReason) and text for _, reason, text in plan.waiting)
