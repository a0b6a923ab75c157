"""Batches with buyers and sellers: what they exchange, what goes to the venue, and what each pays and gets."""

import pytest

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.facts import review_invoice
from indexmaker.solver.redemption_facts import review_redemption
from indexmaker.solver.vocabulary import (
    AssetOrderStatus,
    Constituent,
    LotSource,
    OrderState,
    RejectClass,
    Side,
)
from solver.selling import DUST, holder, pay_out, ready_to_sell, sale
from solver.world import ALICE, BOB, CAROL, amt, deep_market, instrument

UNIT_BTC, UNIT_ETH = amt("0.001"), amt("0.02")


def deepen(world):
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000"), ("SOLUSDC", "200")):
        world.markets[symbol] = deep_market(price)
    return world


def guarded(world):
    """Sign only what the guardian finds nothing wrong with."""

    def sign(world, command):
        if isinstance(command, out.SignInvoice):
            assert review_invoice(world.engine.state, command.invoice) == ()
            return [world.sign(command.invoice)]
        if isinstance(command, out.SignRedemption):
            assert review_redemption(world.engine.state, command.invoice) == ()
            return [world.sign(command.invoice)]
        return None

    world.hooks.append(sign)
    return world


def seller(units="4", *, config=None, **limits):
    """A world in which Alice's order to sell is ready and the books are deep on both sides."""
    world = guarded(deepen(holder(ALICE, config=config)))
    return ready_to_sell(units, world=world, **limits)


def buyer(world, amount, account=BOB, **limits):
    world.order(account, amount, **limits)
    world.deposit(account, amount)
    world.tick()
    world.play()


def placed(world, since=0):
    return [c for c in world.commands[since:] if isinstance(c, out.PlaceAssetOrder)]


def held(world, account):
    return world.engine.ledger.balance(account)


def closed(world):
    return [report for report in world.told(out.BatchReport) if report.closed and report.pools][-1]


def test_a_seller_alone_sells_its_basket_to_the_bids_and_is_paid_what_the_trades_brought():
    world = seller("4")
    before = len(world.commands)
    world.solve()
    world.play()
    orders = placed(world, before)
    assert {(o.symbol, o.side, o.quantity) for o in orders} == {
        ("BTCUSDC", Side.SELL, 4 * UNIT_BTC),
        ("ETHUSDC", Side.SELL, 4 * UNIT_ETH),
    }
    order = sale(world)
    assert (order.units, order.state) == (amt("4"), OrderState.PAYABLE)
    gross = mul_floor(4 * UNIT_BTC, amt("99999.98")) + mul_floor(4 * UNIT_ETH, amt("3999.98"))
    assert order.proceeds == gross
    assert order.sale_fees == gross // 1000
    pay_out(world)
    assert world.last(ALICE, "sale").state is OrderState.PAID
    assert sale(world).redemption.proceeds == gross


def test_what_was_sold_leaves_the_backing_and_what_was_not_goes_back():
    world = seller("4")
    backing = accounts.backing("TOP2", "binance", "BTC")
    before = held(world, backing)
    world.solve()
    assert held(world, backing) == before - 4 * UNIT_BTC
    assert held(world, accounts.trading("binance", "BTC")) == 4 * UNIT_BTC
    world.play()
    assert held(world, backing) == before - 4 * UNIT_BTC
    assert held(world, accounts.trading("binance", "BTC")) == 0


def test_a_buyer_and_a_seller_of_the_same_amount_need_no_venue():
    world = seller("4")
    before = len(world.commands)
    buyer(world, "721", max_price=amt("180.5"))
    world.solve()
    world.play()
    assert sum(o.quantity for o in placed(world, before) if o.symbol == "BTCUSDC") < amt("0.0001")
    bought, sold = world.engine.order(BOB, "one"), sale(world)
    crosses = [lot for lot in sold.lots if lot.source is LotSource.CROSS]
    assert {lot.price for lot in crosses} == {amt("99999.99"), amt("3999.99")}
    for lot in crosses:
        (theirs,) = [b for b in bought.lots if b.source is LotSource.CROSS and b.asset == lot.asset]
        assert (theirs.trade_id, theirs.quantity, theirs.value) == (lot.trade_id, lot.quantity, lot.value)
        assert lot.trade_id == f"x-{lot.batch_id}-{lot.asset}"
        assert (lot.fee, theirs.fee) == (0, 0)


def test_only_the_rest_of_a_larger_purchase_is_bought():
    world = seller("2")
    before = len(world.commands)
    buyer(world, "900")
    world.solve()
    world.play()
    bought = {o.symbol: o.quantity for o in placed(world, before)}
    assert {o.side for o in placed(world, before)} == {Side.BUY}
    units = world.engine.order(BOB, "one").units
    assert bought["BTCUSDC"] < mul_floor(UNIT_BTC, units - amt("2")) * 101 // 100 + amt("0.00002")
    assert sale(world).units == amt("2")


def test_only_the_rest_of_a_larger_sale_is_sold():
    world = seller("5")
    before = len(world.commands)
    buyer(world, "360")
    world.solve()
    world.play()
    assert {o.side for o in placed(world, before)} == {Side.SELL}
    sold = {o.symbol: o.quantity for o in placed(world, before)}
    units = world.engine.order(BOB, "one").units
    assert abs(sold["BTCUSDC"] - mul_floor(UNIT_BTC, amt("5") - units)) <= amt("0.00002")
    report = closed(world)
    assert all(pool.crossed == pool.needed for pool in report.pools)


def test_sales_and_purchases_of_different_indices_meet_in_the_assets_they_share():
    world = seller("4")
    world.create_index(
        "SOLO",
        constituents=(Constituent(asset="BTC", quantity=amt("0.001")),),
        gate="0x" + "50" * 20,
    )
    world.order(BOB, "401", index="SOLO")
    world.deposit(BOB, "401", gate="0x" + "50" * 20)
    world.tick()
    world.play()
    before = len(world.commands)
    world.solve()
    world.play()
    assert {(o.symbol, o.side) for o in placed(world, before)} == {("ETHUSDC", Side.SELL)}
    assert world.engine.order(BOB, "one").units == pytest.approx(amt("4"), rel=0.01)


def test_all_sellers_get_the_same_average_and_all_buyers_pay_the_same():
    world = guarded(deepen(holder(ALICE, BOB)))
    world.markets["BTCUSDC"].bids = [(amt("99999.98"), amt("0.0012345")), (amt("99900"), amt("10"))]
    ready_to_sell("3", world=world)
    ready_to_sell("1.7", account=BOB, world=world)
    buyer(world, "150", account=CAROL)
    world.solve()
    world.play()
    averages = []
    for account in (ALICE, BOB):
        lots = [lot for lot in sale(world, account).lots if lot.asset == "BTC"]
        averages.append(sum(lot.value for lot in lots) / sum(lot.quantity for lot in lots))
    assert averages[0] == pytest.approx(averages[1], rel=1e-12)


def test_a_sale_with_a_price_limit_above_the_bids_waits_and_is_returned_in_the_end():
    world = seller("4", max_price=amt("181"))
    before = len(world.commands)
    world.run(2)
    assert sale(world).state is OrderState.READY
    assert placed(world, before) == []
    waiting = dict(world.told(out.BatchReport)[-1].waiting)
    assert waiting == {sale(world).order_id: "limit above the batch's price"}


def test_the_price_limit_of_a_sale_holds_after_venue_fees():
    world = seller("4", max_price=amt("179.9"))
    before = len(world.commands)
    world.run(2)
    assert placed(world, before) == []
    world = seller("4", max_price=amt("179.7"))
    world.run(2)
    order = sale(world)
    assert order.units == amt("4")
    assert (order.proceeds - order.sale_fees) * ATOMS >= amt("179.7") * order.units


def test_sell_limits_reach_as_deep_as_needed_and_never_past_the_impact_limit():
    world = seller("4", config=SolverConfig(price_impact=amt("0.01"), price_slack=0))
    world.markets["BTCUSDC"].bids = [
        (amt("99999.98"), amt("0.001")),
        (amt("99500"), amt("0.001")),
        (amt("98000"), amt("100")),
    ]
    before = len(world.commands)
    world.solve()
    (order,) = [o for o in placed(world, before) if o.symbol == "BTCUSDC"]
    assert order.price == amt("99500")
    assert order.quantity == amt("0.002")


def test_sales_count_against_the_batch_and_order_budgets():
    world = seller("4", config=SolverConfig(batch_budget=amt("10000"), order_budget=amt("2000")))
    world.submit(ev.Configured(config=SolverConfig(batch_budget=amt("300"))))
    before = len(world.commands)
    world.solve()
    value = sum(mul_floor(o.quantity, world.markets[o.symbol].bid) for o in placed(world, before))
    assert amt("290") < value <= amt("300")


def test_the_weakest_leg_of_a_sale_decides_and_what_was_sold_beyond_is_owed_by_the_house():
    world = seller("4")

    def none_of_eth(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "ETHUSDC":
            name, status = command.client_order_id, AssetOrderStatus.EXPIRED
            return [ev.AssetOrderDone(client_order_id=name, status=status, executed_quantity=0)]
        return None

    world.hooks.insert(0, none_of_eth)
    backing = {asset: held(world, accounts.backing("TOP2", "binance", asset)) for asset in ("BTC", "ETH")}
    world.solve()
    world.play()
    order = sale(world)
    assert (order.units, order.proceeds) == (0, 0)
    (short,) = world.engine.state.shorts
    owed = 4 * UNIT_BTC - sum(pool.absorbed for pool in closed(world).pools)
    assert (short.asset, short.venue) == ("BTC", "binance")
    assert owed - amt("0.00002") < short.quantity <= owed
    assert held(world, accounts.house_short("binance", "BTC")) == -short.quantity
    for asset, quantity in backing.items():
        assert held(world, accounts.backing("TOP2", "binance", asset)) == quantity
    world.hooks.pop(0)
    before = len(world.commands)
    world.solve()
    world.play()
    assert amt("4") - DUST < sale(world).units <= amt("4")
    assert sum(short.quantity for short in world.engine.state.shorts) < DUST
    assert [o.symbol for o in placed(world, before)] == ["ETHUSDC"]


def test_an_empty_bid_side_delays_only_sales_of_indices_with_the_asset():
    world = seller("4")
    world.markets["ETHUSDC"].bids = []
    buyer(world, "500")
    world.solve()
    world.play()
    assert sale(world).state is OrderState.READY
    assert world.engine.order(BOB, "one").units > 0
    assert dict(world.told(out.BatchReport)[-1].unusable or closed(world).unusable) in ({"ETH": "no bids"}, {})


def test_the_house_takes_from_sellers_within_its_inventory_budget():
    config = SolverConfig(inventory_budget=amt("50"))
    world = seller("4", config=config)
    before = len(world.commands)
    world.solve()
    world.play()
    sold = {o.symbol: o.quantity for o in placed(world, before)}
    assert sold["BTCUSDC"] < 4 * UNIT_BTC - amt("0.0004")
    lots = [lot for lot in sale(world).lots if lot.source is LotSource.INVENTORY]
    assert {lot.asset for lot in lots} == {"BTC", "ETH"}
    assert all(lot.trade_id.startswith("h-") and lot.fee == 0 for lot in lots)
    for asset in ("BTC", "ETH"):
        value = sum(lot.cost for lot in world.engine.state.inventory if lot.asset == asset)
        assert amt("40") < value <= amt("50")


def test_what_the_house_took_from_sellers_is_the_next_buyers_and_the_guardian_agrees():
    config = SolverConfig(inventory_budget=amt("500"))
    world = seller("2", config=config)
    world.solve()
    world.play()
    assert sale(world).units == amt("2")
    before = len(world.commands)
    buyer(world, "150")
    world.run(3)
    assert placed(world, before) == []
    assert world.last(BOB).state is OrderState.MINTED
    assert {lot.source for lot in world.engine.order(BOB, "one").lots} == {LotSource.INVENTORY}


def test_a_refused_sell_leg_concerns_itself_alone_and_the_assets_come_back():
    world = seller("4")

    def refuse(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "BTCUSDC":
            world.hooks.remove(refuse)
            reject = RejectClass.OTHER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.insert(0, refuse)
    world.run(3)
    pay_out(world)
    assert world.last(ALICE, "sale").state is OrderState.PAID
    assert amt("4") - DUST < sale(world).units <= amt("4")
    assert -DUST < held(world, accounts.house_short("binance", "ETH")) <= 0


def test_an_unknown_commission_on_a_sale_is_the_houses():
    world = seller("4")
    world.commission_asset = "BNB"
    world.solve()
    world.play()
    assert sale(world).sale_fees == 0
    assert "FEE_UNVALUED" in world.alerts()


def test_a_sale_told_after_its_leg_was_closed_is_bought_back():
    world = seller("4", config=SolverConfig(minimum_progress=0))
    kept = []

    def lost(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "BTCUSDC" and not kept:
            kept.append(command)
            reject = RejectClass.OTHER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.insert(0, lost)
    world.solve()
    world.play()
    world.submit(world.trade(kept[0], kept[0].price, kept[0].quantity))
    assert "LATE_FILL" in world.alerts()
    owed = sum(short.quantity for short in world.engine.state.shorts if short.asset == "BTC")
    assert kept[0].quantity - 10 < owed <= kept[0].quantity
    assert world.engine.wanted_books()
    world.run(4)
    assert sum(short.quantity for short in world.engine.state.shorts) < DUST


def test_backing_that_is_missing_bounds_what_is_sold():
    world = seller("4")
    backing = accounts.backing("TOP2", "binance", "BTC")
    gone = held(world, backing) - 2 * UNIT_BTC
    world.engine.ledger.post(Movement.between(backing, accounts.house_inventory("binance", "BTC"), amount=gone))
    before = len(world.commands)
    world.solve()
    assert sum(o.quantity for o in placed(world, before) if o.symbol == "BTCUSDC") <= 2 * UNIT_BTC


def test_repeated_events_of_a_two_sided_batch_have_no_second_effect():
    world = seller("3")
    world.duplicate = True
    buyer(world, "200")
    world.run(3)
    assert world.last(BOB).state is OrderState.MINTED
    assert world.last(ALICE, "sale").state is OrderState.PAID


def test_a_sell_order_sent_again_by_new_rules_is_rounded_up_to_their_prices():
    world = seller("4")
    tick = 7 * ATOMS

    def stricter(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "BTCUSDC":
            world.hooks.remove(stricter)
            rules = instrument("BTC", tick_size=tick)
            world.instruments["BTCUSDC"] = rules
            world.submit(ev.InstrumentsUpdated(venue="binance", instruments=(rules,)))
            reject = RejectClass.FILTER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.insert(0, stricter)
    before = len(world.commands)
    world.solve()
    world.play()
    first, second = [o for o in placed(world, before) if o.symbol == "BTCUSDC"]
    assert first.price % tick
    assert second.price == -(-first.price // tick) * tick
