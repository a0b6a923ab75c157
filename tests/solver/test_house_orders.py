"""What the house trades on its own account and for indices: inventory sold off, shorts covered, demands served."""

import pytest

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS, mul_ceil, mul_floor
from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.handlers.demands import demands_of, file_demand, withdraw_demand
from indexmaker.solver.state import InventoryLot, Short
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import AssetOrderStatus, OrderState, Side
from solver.selling import holder, ready_to_sell, sale
from solver.world import ALICE, BOB, amt, deep_market, make_world


def step_of(world):
    world.sequence += 1
    return Step(world.engine.state, world.engine.ledger, sequence=world.sequence, at=world.now)


def stocked(quantity, asset="BTC", *, config=None, world=None):
    """A world in which the house holds a lot of an asset."""
    world = world or make_world(config)
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    world.solve()
    world.engine.state.inventory.append(
        InventoryLot(
            sequence=1,
            venue="binance",
            asset=asset,
            symbol=f"{asset}USDC",
            trade_id="t-stock",
            quantity=amt(quantity),
            cost=mul_ceil(amt(quantity), world.engine.state.marks[asset]),
        )
    )
    source = accounts.venue_world("binance", asset)
    target = accounts.house_inventory("binance", asset)
    world.engine.ledger.post(Movement.between(source, target, amount=amt(quantity)))
    return world


def owing(quantity, asset="BTC", *, config=None):
    """A world in which the house has sold an asset that it has to buy back."""
    world = make_world(config)
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    world.solve()
    world.engine.state.shorts.append(
        Short(
            sequence=1,
            venue="binance",
            asset=asset,
            symbol=f"{asset}USDC",
            trade_id="t-short",
            quantity=amt(quantity),
            proceeds=0,
        )
    )
    source = accounts.house_short("binance", asset)
    world.engine.ledger.post(Movement.between(source, accounts.venue_world("binance", asset), amount=amt(quantity)))
    return world


def placed(world):
    return [(o.symbol, o.side, o.quantity) for o in world.sent(out.PlaceAssetOrder)]


def held(world, account):
    return world.engine.ledger.balance(account)


def in_stock(world, asset="BTC"):
    return sum(lot.quantity for lot in world.engine.state.inventory if lot.asset == asset)


def test_inventory_above_its_limit_is_sold_off_down_to_it_though_nobody_orders():
    world = stocked("0.02", config=SolverConfig(inventory_limit=amt("500")))
    assert world.engine.wanted_books() == (("binance", "BTCUSDC"),)
    cash = held(world, accounts.house_cash("venue:binance", "USDC"))
    world.solve()
    world.play()
    ((symbol, side, quantity),) = placed(world)
    assert (symbol, side) == ("BTCUSDC", Side.SELL)
    assert amt("0.01499") <= quantity <= amt("0.015")
    assert in_stock(world) == amt("0.02") - quantity == held(world, accounts.house_inventory("binance", "BTC"))
    value = mul_floor(quantity, amt("99999.98"))
    assert held(world, accounts.house_cash("venue:binance", "USDC")) == cash + value - value // 1000
    assert world.engine.wanted_books() == ()


def test_each_asset_has_a_limit_of_its_own():
    world = stocked("0.02", config=SolverConfig(inventory_limit=0, inventory_limits=(("BTC", amt("5000")),)))
    assert world.engine.wanted_books() == ()
    world.solve()
    assert placed(world) == []


def test_inventory_within_its_budget_is_never_sold_off():
    world = stocked("0.02", config=SolverConfig(inventory_limit=0, inventory_budget=amt("3000")))
    world.solve()
    assert placed(world) == []


def test_excess_below_the_venues_minimum_is_kept_rather_than_sent_as_dust():
    world = stocked("0.00504", config=SolverConfig(inventory_limit=amt("500")))
    assert world.engine.wanted_books() == ()
    world.solve()
    assert placed(world) == []


def test_buyers_are_served_from_the_excess_before_it_is_sold():
    world = stocked("0.02", config=SolverConfig(inventory_limit=0))
    world.order(ALICE, "900")
    world.deposit(ALICE, "900")
    world.run(1)
    bought = world.engine.order(ALICE, "one").units
    sold = [quantity for symbol, side, quantity in placed(world) if (symbol, side) == ("BTCUSDC", Side.SELL)]
    assert bought > amt("4.9")
    assert sold
    assert sum(sold) <= amt("0.02") - mul_ceil(amt("0.001"), bought)


def test_lots_that_were_to_be_sold_and_were_not_are_inventory_again():
    world = stocked("0.02", config=SolverConfig(inventory_limit=0))

    def half(world, command):
        if isinstance(command, out.PlaceAssetOrder):
            name, part = command.client_order_id, command.quantity // 2
            done = ev.AssetOrderDone(client_order_id=name, status=AssetOrderStatus.EXPIRED, executed_quantity=part)
            return [world.trade(command, command.price, part), done]
        return None

    world.hooks.append(half)
    world.solve()
    world.play()
    assert in_stock(world) == amt("0.01") == held(world, accounts.house_inventory("binance", "BTC"))
    assert held(world, accounts.trading("binance", "BTC")) == 0


def test_what_the_house_owes_is_bought_back_though_nobody_orders():
    world = owing("0.002")
    assert world.engine.wanted_books() == (("binance", "BTCUSDC"),)
    world.solve()
    world.play()
    ((symbol, side, quantity),) = placed(world)
    assert (symbol, side) == ("BTCUSDC", Side.BUY)
    assert amt("0.002") <= quantity <= amt("0.00202")
    (report,) = [r for r in world.told(out.BatchReport) if r.closed and r.pools]
    assert report.pools[0].covered == min(amt("0.002"), quantity - quantity // 1000)
    world.run(2)
    assert sum(short.quantity for short in world.engine.state.shorts) <= amt("0.00001")


def test_what_the_house_owes_below_the_venues_minimum_waits():
    world = owing("0.00004")
    assert world.engine.wanted_books() == ()
    world.solve()
    assert placed(world) == []


def test_what_the_house_owes_is_bought_with_the_next_purchase_and_comes_first():
    world = owing("0.00004")
    world.order(ALICE, "900")
    world.deposit(ALICE, "900")
    world.run(1)
    assert world.engine.state.shorts == []
    assert held(world, accounts.house_short("binance", "BTC")) == 0
    assert world.engine.order(ALICE, "one").units > amt("4.9")


def test_the_house_buys_back_no_more_than_it_has_money_for():
    world = owing("0.02")
    world.submit(ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("-500"), reference="out"))
    world.solve()
    ((_, _, quantity),) = placed(world)
    assert mul_ceil(quantity, amt("100000")) <= amt("500")


def test_an_index_sells_from_its_backing_into_its_own_cash():
    world = holder(ALICE)
    world.markets["BTCUSDC"] = deep_market("100000")
    backing = accounts.backing("TOP2", "binance", "BTC")
    before = held(world, backing)
    demand = file_demand(step_of(world), index="TOP2", asset="BTC", quantity=-amt("0.002"))
    assert ("binance", "BTCUSDC") in world.engine.wanted_books()
    world.solve()
    assert held(world, backing) == before - amt("0.002")
    world.play()
    assert (demand.filled, demand.ended, demand.batch_id) == (-amt("0.002"), True, "")
    assert demand.value == mul_floor(amt("0.002"), amt("99999.98"))
    cash = held(world, accounts.index_cash("TOP2", "binance", "USDC"))
    assert cash == demand.value - demand.fees > 0
    report = [r for r in world.told(out.BatchReport) if r.closed and r.demands][-1]
    assert [(d.index, d.asset, d.quantity) for d in report.demands] == [("TOP2", "BTC", -amt("0.002"))]


def rebalanced(buy="0.04", sell="0.002"):
    world = holder(ALICE)
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    step = step_of(world)
    selling = file_demand(step, index="TOP2", asset="BTC", quantity=-amt(sell))
    buying = file_demand(step, index="TOP2", asset="ETH", quantity=amt(buy))
    return world, selling, buying


def test_an_index_buys_with_the_cash_of_its_sales_and_never_with_more():
    world, selling, buying = rebalanced()
    backing = accounts.backing("TOP2", "binance", "ETH")
    before = held(world, backing)
    cash = accounts.index_cash("TOP2", "binance", "USDC")
    world.solve()
    world.play()
    assert selling.ended
    assert not buying.filled
    brought = held(world, cash)
    world.run(2)
    assert amt("0.039") < buying.filled <= amt("0.04")
    assert held(world, backing) == before + buying.filled
    assert held(world, cash) == brought - buying.value - buying.fees >= 0


def test_a_purchase_of_more_than_the_cash_stays_open_for_what_is_missing():
    world, _, buying = rebalanced(buy="1")
    world.run(4)
    assert 0 < buying.filled < amt("0.06")
    assert not buying.ended
    assert held(world, accounts.index_cash("TOP2", "binance", "USDC")) >= 0


def test_each_demand_goes_on_by_itself_when_another_asset_has_no_market():
    world, selling, buying = rebalanced()
    world.markets["BTCUSDC"].bids = []
    cash = accounts.index_cash("TOP2", "binance", "USDC")
    source = accounts.house_cash("venue:binance", "USDC")
    world.engine.ledger.post(Movement.between(source, cash, amount=amt("200")))
    world.run(1)
    assert selling.filled == 0
    assert buying.filled > amt("0.039")


def test_a_demand_of_an_index_crosses_with_the_orders_of_users():
    world = ready_to_sell("4", world=holder(ALICE))
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    cash = accounts.index_cash("TOP2", "binance", "USDC")
    world.engine.ledger.post(Movement.between(accounts.house_cash("venue:binance", "USDC"), cash, amount=amt("500")))
    demand = file_demand(step_of(world), index="TOP2", asset="BTC", quantity=amt("0.004"))
    before = len(world.sent(out.PlaceAssetOrder))
    world.solve()
    world.play()
    assert demand.filled == amt("0.004")
    assert demand.fees == 0
    assert {o.symbol for o in world.sent(out.PlaceAssetOrder)[before:]} == {"ETHUSDC"}
    assert sale(world).units == amt("4")


def test_the_limit_of_a_demand_holds_after_venue_fees():
    world = holder(ALICE)
    world.markets["BTCUSDC"] = deep_market("100000")
    file_demand(step_of(world), index="TOP2", asset="BTC", quantity=-amt("0.002"), limit=amt("99950"))
    before = len(world.sent(out.PlaceAssetOrder))
    world.solve()
    assert world.sent(out.PlaceAssetOrder)[before:] == []


def test_a_withdrawn_demand_trades_no_more_and_one_in_a_batch_ends_with_it():
    world, selling, buying = rebalanced()
    step = step_of(world)
    assert withdraw_demand(step, buying.demand_id)
    world.solve()
    assert not withdraw_demand(step, selling.demand_id)
    world.play()
    assert selling.filled
    assert selling.ended
    assert not buying.filled
    assert demands_of(step, "TOP2") == [selling, buying]
    assert world.engine.wanted_books() == ()


def test_two_filings_of_one_event_are_one_demand():
    world = holder(ALICE)
    step = step_of(world)
    first = file_demand(step, index="TOP2", asset="BTC", quantity=ATOMS)
    assert file_demand(step, index="TOP2", asset="BTC", quantity=ATOMS) is first


@pytest.mark.parametrize("quantity", ["0.00001", "-0.00001"])
def test_a_demand_below_the_venues_minimum_waits(quantity):
    world = holder(ALICE)
    world.markets["BTCUSDC"] = deep_market("100000")
    file_demand(step_of(world), index="TOP2", asset="BTC", quantity=amt(quantity))
    before = len(world.sent(out.PlaceAssetOrder))
    world.run(2)
    assert world.sent(out.PlaceAssetOrder)[before:] == []


def test_surplus_of_a_purchase_covers_what_the_house_owes_first():
    world = owing("0.00004")
    world.order(BOB, "900")
    world.deposit(BOB, "900")
    world.run(3)
    assert world.engine.order(BOB, "one").state is OrderState.MINTED
    assert world.engine.state.shorts == []
