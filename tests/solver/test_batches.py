"""What batches must and must not do; named after the failures that they rule out."""

import pytest

from indexmaker.money import ATOMS, mul_ceil
from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    AssetOrderStatus,
    BookFlag,
    Constituent,
    ExecType,
    LotSource,
    OrderState,
    RejectReason,
)
from solver.world import ALICE, BOB, CAROL, SECOND, amt, instrument, make_world, market


def fund(world, account, amount, client_order_id="one", **options):
    world.order(account, amount, client_order_id, **options)
    world.deposit(account, amount, gate=world.engine._state.indices[options.get("index", "TOP2")].gate)


def notional(commands):
    return sum(mul_ceil(c.price, c.quantity) for c in commands)


def make_wide_world(assets, config=None):
    world = make_world(config)
    names = [f"C{number:02}" for number in range(assets)]
    for name in names:
        world.instruments[f"{name}USDC"] = instrument(name, lot_step=amt("0.01"))
        world.markets[f"{name}USDC"] = market("1", spread="0.01")
    world.submit(ev.InstrumentsUpdated(venue="binance", instruments=tuple(world.instruments.values())))
    constituents = tuple(Constituent(asset=name, quantity=ATOMS) for name in names)
    world.create_index("WIDE", constituents=constituents, gate="0x" + "81" * 20)
    return world


def test_batch_demand_2500_with_a_cap_of_2000_sends_at_most_2000():
    world = make_world(SolverConfig(batch_budget=amt("2000")))
    for account, amount in ((ALICE, "1000"), (BOB, "1000"), (CAROL, "500")):
        fund(world, account, amount)
    world.run(1)
    orders = world.sent(out.PlaceAssetOrder)
    assert amt("1900") < notional(orders) <= amt("2000")


def test_orders_in_flight_count_against_the_budget_and_ready_orders_stay_queued():
    world = make_world(SolverConfig(in_flight_budget=amt("500")))
    world.hooks.append(lambda w, c: [] if isinstance(c, out.PlaceAssetOrder) else None)
    fund(world, ALICE, "1000")
    world.run(1)
    fund(world, BOB, "1000")
    world.run(2)
    assert world.last(BOB).state is OrderState.READY
    assert notional(world.sent(out.PlaceAssetOrder)) <= amt("500")
    assert world.told(out.BatchReport)[-1].orders == ()
    world.hooks.clear()
    world.restart()
    world.run(25)
    assert world.last(BOB).state is OrderState.MINTED


def test_depth_that_our_orders_in_flight_target_is_not_counted_again():
    world = make_world()
    world.markets["BTCUSDC"].asks = [(amt("100000"), amt("0.01"))]
    world.hooks.append(lambda w, c: [] if isinstance(c, out.PlaceAssetOrder) else None)
    fund(world, ALICE, "5000")
    world.run(1)
    fund(world, BOB, "5000")
    world.run(1)
    sent = [c for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC"]
    assert sum(c.quantity for c in sent) <= amt("0.01")


def test_20_usdc_on_81_assets_waits_and_is_refunded_rather_than_buying_405_usdc():
    world = make_wide_world(81)
    fund(world, ALICE, "20", index="WIDE")
    world.run(3)
    assert world.last(ALICE).state is OrderState.READY
    assert world.sent(out.PlaceAssetOrder) == []
    world.run(12)
    report = world.last(ALICE)
    assert (report.exec_type, report.reason) == (ExecType.CANCELLED, RejectReason.BELOW_VENUE_MINIMUM)
    assert (report.refund, report.fees) == (amt("20"), 0)


def test_small_orders_waiting_for_the_minimum_go_together_with_a_later_big_one():
    world = make_wide_world(81)
    fund(world, ALICE, "20", index="WIDE")
    world.run(2)
    fund(world, BOB, "1000", index="WIDE")
    world.run(12)
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.last(BOB).state is OrderState.MINTED


def test_legs_below_the_minimum_are_bought_whole_within_the_inventory_budget():
    config = SolverConfig(inventory_budget=amt("6"))
    world = make_wide_world(10, config)
    fund(world, ALICE, "20", index="WIDE")
    world.run(2)
    assert world.last(ALICE).state is OrderState.MINTED
    bought = notional(world.sent(out.PlaceAssetOrder))
    assert bought <= amt("20") + 10 * amt("6")
    held = {lot.asset: lot.cost for lot in world.engine._state.inventory}
    assert len(held) == 10
    assert all(cost <= amt("6") for cost in held.values())


def test_inventory_is_used_before_anything_is_bought():
    world = make_wide_world(10, SolverConfig(inventory_budget=amt("6")))
    fund(world, ALICE, "20", index="WIDE")
    world.run(2)
    before = len(world.sent(out.PlaceAssetOrder))
    fund(world, BOB, "20", index="WIDE")
    world.run(2)
    assert world.last(BOB).state is OrderState.MINTED
    assert len(world.sent(out.PlaceAssetOrder)) == before
    lots = world.engine.order(BOB, "one").invoice.lots
    assert all(lot.source is LotSource.INVENTORY for lot in lots)
    assert {lot.trade_id for lot in lots} <= {trade.trade_id for trade in world.venue_trades}


def test_house_money_bounds_what_minimums_may_buy():
    config = SolverConfig(inventory_budget=amt("1000"), minimum_progress=amt("0.1"))
    world = make_wide_world(81, config)
    world.submit(ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("-990"), reference="withdrawal"))
    fund(world, ALICE, "20", index="WIDE")
    world.run(3)
    assert world.sent(out.PlaceAssetOrder) == []


BAD_BOOKS = {
    "no asks": {"asks": []},
    "stale by age": {"age_ns": 60 * SECOND},
    "flagged": {"flags": (BookFlag.GAP,)},
    "crossed": {"bid": amt("5000")},
}


@pytest.mark.parametrize("change", BAD_BOOKS.values(), ids=BAD_BOOKS.keys())
def test_an_unusable_book_delays_only_the_indices_that_contain_the_asset(change):
    world = make_world()
    world.create_index(
        "SOLO",
        constituents=(Constituent(asset="BTC", quantity=amt("0.001")), Constituent(asset="SOL", quantity=ATOMS)),
        gate="0x" + "50" * 20,
    )
    good = dict(vars(world.markets["ETHUSDC"]))
    for name, value in change.items():
        setattr(world.markets["ETHUSDC"], name, value)
    fund(world, ALICE, "100")
    fund(world, BOB, "100", index="SOLO")
    world.run(2)
    assert world.last(ALICE).state is OrderState.READY
    assert world.last(BOB).state is OrderState.MINTED
    assert dict(world.told(out.BatchReport)[-1].unusable).keys() == {"ETH"}
    for name in change:
        setattr(world.markets["ETHUSDC"], name, good[name])
    world.run(2)
    assert world.last(ALICE).state is OrderState.MINTED


def test_the_unused_share_of_a_contended_asset_goes_to_whoever_can_use_it():
    world = make_world()
    world.create_index(
        "SOLO",
        constituents=(Constituent(asset="BTC", quantity=amt("0.001")),),
        gate="0x" + "50" * 20,
    )
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.1"))]
    world.markets["BTCUSDC"].asks = [(amt("100000"), amt("0.05"))]
    fund(world, ALICE, "10000")
    fund(world, BOB, "10000", index="SOLO")
    world.run(1)
    bought = sum(c.quantity for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC")
    assert bought > amt("0.0499")


def test_limit_prices_reach_as_deep_as_needed_and_never_past_the_impact_limit():
    world = make_world(SolverConfig(price_impact=amt("0.01"), price_slack=0))
    world.markets["BTCUSDC"].asks = [
        (amt("100000"), amt("0.001")),
        (amt("100500"), amt("0.001")),
        (amt("102000"), amt("100")),
    ]
    fund(world, ALICE, "150")
    world.run(1)
    fund(world, BOB, "5000")
    world.run(1)
    prices = [c.price for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC"]
    assert prices[0] == amt("100000")
    assert prices[1] == amt("100500")


def test_order_with_a_price_limit_below_the_market_waits_and_others_go_on():
    world = make_world()
    fund(world, ALICE, "100", max_price=amt("100"))
    fund(world, BOB, "100", max_price=amt("200"))
    world.run(3)
    assert world.last(ALICE).state is OrderState.READY
    assert world.last(BOB).state is OrderState.MINTED


def test_a_tight_price_limit_is_served_alone_as_deep_as_it_allows():
    world = make_world(SolverConfig(price_slack=amt("0.005")))
    fund(world, ALICE, "100", max_price=amt("180.3"))
    world.run(2)
    invoice = world.engine.order(ALICE, "one").invoice
    assert invoice is not None
    assert (invoice.assets + invoice.venue_fees) * ATOMS <= amt("180.3") * invoice.units


def test_all_orders_of_a_batch_pay_the_same_average_price():
    world = make_world()
    world.markets["BTCUSDC"].asks = [(amt("100000"), amt("0.0012345")), (amt("100100"), ATOMS)]
    for account, amount in ((ALICE, "100"), (BOB, "333.333333"), (CAROL, "789")):
        fund(world, account, amount)
    world.run(2)
    averages = []
    for account in (ALICE, BOB, CAROL):
        lots = [lot for lot in world.engine.order(account, "one").invoice.lots if lot.asset == "BTC"]
        averages.append(sum(lot.value for lot in lots) / sum(lot.quantity for lot in lots))
    assert averages[0] == pytest.approx(averages[1], rel=1e-12)
    assert averages[0] == pytest.approx(averages[2], rel=1e-12)


def test_the_weakest_leg_decides_and_the_surplus_becomes_inventory_for_the_next_batch():
    world = make_world()

    def half_of_eth(world, command):
        if not isinstance(command, out.PlaceAssetOrder) or command.symbol != "ETHUSDC":
            return None
        world.hooks.clear()
        half = command.quantity // 2 // amt("0.00001") * amt("0.00001")
        done = ev.AssetOrderDone(
            client_order_id=command.client_order_id, status=AssetOrderStatus.EXPIRED, executed_quantity=half
        )
        return [world.trade(command, amt("4000"), half), done]

    world.hooks.append(half_of_eth)
    fund(world, ALICE, "1000")
    world.run(1)
    first = world.last(ALICE)
    assert first.exec_type is ExecType.PARTIAL_FILL
    held = {lot.asset: lot.quantity for lot in world.engine._state.inventory}
    assert held["BTC"] > amt("0.002")
    assert held["ETH"] < 1000
    world.run(1)
    assert world.last(ALICE).state is OrderState.MINTED
    btc = [c for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC"]
    assert len(btc) == 1 or btc[1].quantity < btc[0].quantity // 10


def test_residue_under_the_minimum_is_refunded_and_not_chased_with_dust_batches():
    world = make_world()
    fund(world, ALICE, "1000")
    world.run(5)
    assert world.last(ALICE).state is OrderState.MINTED
    assert len(world.sent(out.PlaceAssetOrder)) == 2
    assert 0 < world.last(ALICE).refund < amt("10")


def test_thinnest_leg_is_sent_first():
    world = make_world()
    world.markets["BTCUSDC"].asks = [(amt("100000"), amt("0.02"))]
    fund(world, ALICE, "1000")
    world.run(1)
    assert [c.symbol for c in world.sent(out.PlaceAssetOrder)] == ["BTCUSDC", "ETHUSDC"]


def test_without_ready_orders_a_batch_says_nothing():
    world = make_world()
    assert world.submit(ev.BatchSolve(books=world.books())) == []
    assert world.engine.wanted_books() == ()


def test_ready_orders_name_the_books_they_need():
    world = make_world()
    fund(world, ALICE, "100")
    world.tick()
    world.play()
    assert world.engine.wanted_books() == (("binance", "BTCUSDC"), ("binance", "ETHUSDC"))


def test_client_order_ids_suit_the_venue():
    world = make_world()
    fund(world, ALICE, "100")
    world.run()
    for command in world.sent(out.PlaceAssetOrder):
        assert len(command.client_order_id) <= 36
        assert command.client_order_id.replace("-", "").isalnum()
