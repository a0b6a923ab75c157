"""Plans as pure functions: budgets, minimums and grids hold for whatever books and orders."""

from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver import SolverConfig
from indexmaker.solver.batching.markets import AssetMarket, Unusable
from indexmaker.solver.batching.plan import PlanRequest, WaitReason, Want, plan_batch

ASSETS = ["A", "B", "C"]
CENT = ATOMS // 100


@st.composite
def markets(draw, asset):
    if draw(st.integers(0, 9)) == 0:
        return Unusable(asset=asset, reason="no asks")
    best = draw(st.integers(100, 10**6)) * CENT
    steps = draw(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 10**6)), max_size=4))
    asks = [(best, draw(st.integers(1, 10**6)) * 10**13)]
    for rise, quantity in steps:
        asks.append((asks[-1][0] + rise * CENT, quantity * 10**13))
    rules = Instrument(
        venue="v",
        symbol=f"{asset}USDC",
        base=asset,
        quote="USDC",
        tick_size=CENT,
        lot_step=draw(st.sampled_from([10**13, 10**16, 10**18])),
        min_notional=draw(st.sampled_from([0, 5 * ATOMS])),
        min_quantity=draw(st.sampled_from([0, 10**16])),
        max_quantity=draw(st.sampled_from([0, 5 * ATOMS])),
        taker_fee=draw(st.sampled_from([0, 10**15, 75 * 10**13])),
    )
    return AssetMarket(asset=asset, instrument=rules, mid=best - CENT // 2, best=best, asks=tuple(asks))


@st.composite
def requests(draw):
    wants = []
    for number in range(draw(st.integers(1, 4))):
        basket = draw(st.dictionaries(st.sampled_from(ASSETS), st.integers(10**14, 10**18), min_size=1))
        wants.append(
            Want(
                order_id=f"o{number}",
                quantities=tuple(sorted(basket.items())),
                money=draw(st.integers(0, 5000)) * ATOMS,
                price_limit=draw(st.sampled_from([0, 100 * ATOMS, 10_000 * ATOMS])),
            )
        )
    config = SolverConfig(
        strategy=draw(st.sampled_from(["water-filling", "proportional"])),
        inventory_budget=draw(st.sampled_from([0, 3 * ATOMS, 20 * ATOMS])),
        order_budget=draw(st.sampled_from([50 * ATOMS, 10_000 * ATOMS])),
    )
    return PlanRequest(
        wants=tuple(wants),
        markets={asset: draw(markets(asset)) for asset in ASSETS},
        inventory={asset: draw(st.sampled_from([0, 1, 10**12, 10**16, 10**18])) for asset in ASSETS},
        house_cash=draw(st.sampled_from([0, 10 * ATOMS, 1000 * ATOMS])),
        budget=draw(st.integers(1, 5000)) * ATOMS,
        config=config,
    )


@settings(max_examples=300, deadline=None)
@given(request=requests())
def test_no_plan_breaks_a_budget_a_limit_or_a_rule_of_the_venue(request):
    plan = plan_batch(request)
    wants = {want.order_id: want for want in request.wants}
    legs = {leg.asset: leg for leg in plan.legs}
    assert sum(mul_floor(leg.quantity, leg.limit_price) for leg in plan.legs) <= request.budget
    assert plan.value <= request.budget + len(plan.orders)
    assert sum(leg.house_value for leg in plan.legs) <= request.house_cash
    for order in plan.orders:
        want = wants[order.order_id]
        assert 0 < order.value <= min(want.money, request.config.order_budget)
        assert not want.price_limit or order.price <= want.price_limit
        assert all(isinstance(request.markets[asset], AssetMarket) for asset, _ in want.quantities)
    for leg in plan.legs:
        market = request.markets[leg.asset]
        if leg.quantity:
            leg.instrument.check(quantity=leg.quantity, price=leg.limit_price)
            assert leg.quantity <= market.depth(leg.limit_price)
        assert leg.limit_price <= market.limit_price(request.config.price_impact)
        assert leg.inventory <= request.inventory[leg.asset]
        if leg.house_value:
            stock = mul_ceil(request.inventory[leg.asset], market.mid)
            assert stock + leg.house_value <= request.config.inventory_budget_of(leg.asset)
    for asset, leg in legs.items():
        used = sum(mul_ceil(dict(wants[o.order_id].quantities).get(asset, 0), o.units) for o in plan.orders)
        assert used <= leg.inventory + request.markets[asset].net(leg.quantity) + 1


@settings(max_examples=100, deadline=None)
@given(request=requests())
def test_every_order_is_either_served_or_told_what_it_waits_for(request):
    plan = plan_batch(request)
    served = {order.order_id for order in plan.orders}
    waiting = {order_id for order_id, _, _ in plan.waiting}
    assert served | waiting == {want.order_id for want in request.wants}
    assert not served & waiting
    assert all(isinstance(reason, WaitReason) and text for _, reason, text in plan.waiting)
