"""Sharing out to the last atom: what each side and the house get, and that nothing is left in between."""

import pytest

from indexmaker.money import mul_ceil, mul_floor
from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import AssetOrderStatus, LotSource, RejectClass
from solver.selling import holder, ready_to_sell, sale
from solver.test_house_orders import stocked
from solver.world import ALICE, BOB, amt, deep_market

MID = {"BTC": amt("99999.99"), "ETH": amt("3999.99")}


def seller(units="4", *, config=None):
    world = holder(ALICE, config=config)
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    return ready_to_sell(units, world=world)


def buyer(world, amount):
    world.order(BOB, amount)
    world.deposit(BOB, amount)
    world.tick()
    world.play()


def close(world):
    world.solve()
    world.play()
    for asset in ("BTC", "ETH"):
        assert held(world, accounts.trading("binance", asset)) == 0
    return {pool.asset: pool for pool in world.told(out.BatchReport)[-1].pools}


def held(world, account):
    return world.engine.ledger.balance(account)


def lots(order, source, asset="BTC"):
    return [lot for lot in order.lots if (lot.source, lot.asset) == (source, asset)]


def stock(world, asset="BTC"):
    return [lot for lot in world.engine.state.inventory if lot.asset == asset]


def test_sellers_give_to_buyers_then_to_the_house_then_to_the_venue():
    world = seller("4", config=SolverConfig(inventory_budget=amt("50")))
    buyer(world, "360")
    before = {asset: sum(lot.quantity for lot in stock(world, asset)) for asset in MID}
    pools = close(world)
    for asset, pool in pools.items():
        sold = sum(lot.quantity for lot in lots(sale(world), LotSource.TRADE, asset))
        assert pool.crossed == pool.needed - pool.from_inventory
        assert pool.offered == pool.crossed + pool.absorbed + sold
        assert min(pool.crossed, pool.absorbed, sold) > 0
        kept = sum(lot.quantity for lot in stock(world, asset))
        assert kept == before[asset] + pool.absorbed - pool.from_inventory
        assert held(world, accounts.house_inventory("binance", asset)) == kept


def test_the_house_pays_the_mid_price_for_what_it_absorbs():
    world = seller("2", config=SolverConfig(inventory_budget=amt("500")))
    cash = held(world, accounts.house_cash("venue:binance", "USDC"))
    pools = close(world)
    paid = 0
    for asset, pool in pools.items():
        (lot,) = [one for one in stock(world, asset) if one.trade_id == pool.absorbed_id]
        assert (lot.quantity, lot.cost) == (pool.absorbed, mul_floor(pool.absorbed, MID[asset]))
        paid += lot.cost
    order = sale(world)
    assert order.proceeds == paid
    assert order.sale_fees == 0
    assert held(world, accounts.house_cash("venue:binance", "USDC")) == cash - paid


def test_what_crosses_costs_buyers_exactly_what_sellers_get():
    world = seller("2.3456789")
    buyer(world, "900")
    close(world)
    for asset in MID:
        got = sum(lot.value for lot in lots(sale(world), LotSource.CROSS, asset))
        paid = sum(lot.value for lot in lots(world.engine.order(BOB, "one"), LotSource.CROSS, asset))
        quantity = sum(lot.quantity for lot in lots(sale(world), LotSource.CROSS, asset))
        assert got == paid == mul_ceil(quantity, MID[asset])


def test_buyers_pay_the_mid_price_for_inventory_whatever_it_had_cost():
    world = stocked("0.02")
    world.engine.state.inventory[-1].cost = amt("1")
    world.order(ALICE, "900")
    world.deposit(ALICE, "900")
    world.run(1)
    (lot,) = lots(world.engine.order(ALICE, "one"), LotSource.INVENTORY)
    assert (lot.price, lot.value, lot.fee) == (MID["BTC"], mul_ceil(lot.quantity, MID["BTC"]), 0)


def test_inventory_set_aside_and_not_used_goes_back_with_its_share_of_the_cost():
    world = stocked("0.02", config=SolverConfig(inventory_limit=amt("5000")))

    def half_of_eth(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "ETHUSDC":
            part = command.quantity // 2
            status = AssetOrderStatus.EXPIRED
            done = ev.AssetOrderDone(client_order_id=command.client_order_id, status=status, executed_quantity=part)
            return [world.trade(command, command.price, part), done]
        return None

    world.hooks.append(half_of_eth)
    (before,) = stock(world)
    quantity, cost = before.quantity, before.cost
    world.order(ALICE, "900")
    world.deposit(ALICE, "900")
    world.tick()
    world.play()
    pools = close(world)
    (after,) = stock(world)
    used = pools["BTC"].from_inventory
    assert 0 < used < amt("0.003")
    assert after.quantity == quantity - used
    assert after.cost == pytest.approx(cost * after.quantity // quantity, abs=2)
    assert held(world, accounts.house_inventory("binance", "BTC")) == after.quantity


def test_surplus_lots_remember_what_the_house_paid_for_them_fees_included():
    world = holder(ALICE)

    def nothing_of_eth(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "ETHUSDC":
            reject = RejectClass.OTHER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.append(nothing_of_eth)
    known = {lot.trade_id for lot in stock(world)}
    buyer(world, "900")
    close(world)
    (lot,) = [one for one in stock(world) if one.trade_id not in known]
    trade = next(t for t in world.venue_trades if t.trade_id == lot.trade_id)
    assert lot.quantity == trade.quantity - trade.commission
    assert lot.cost == mul_ceil(trade.price, trade.quantity)


def test_the_house_keeps_for_a_short_what_the_sale_brought_after_fees():
    world = seller("4")

    def nothing_of_eth(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "ETHUSDC":
            reject = RejectClass.OTHER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.append(nothing_of_eth)
    in_stock = sum(lot.quantity for lot in stock(world))
    pools = close(world)
    (short,) = world.engine.state.shorts
    (trade,) = [t for t in world.venue_trades if t.commission_asset == "USDC"]
    net = mul_floor(trade.price, trade.quantity) - trade.commission
    assert short.quantity == trade.quantity - in_stock == pools["BTC"].short
    assert short.proceeds == net * short.quantity // trade.quantity
    assert held(world, accounts.house_short("binance", "BTC")) == -short.quantity
