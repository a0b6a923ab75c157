"""An asset on several venues: split by price after fees, bounded by what is held there, and never stopped by one."""

from dataclasses import replace

import pytest

from indexmaker.ledger import Movement
from indexmaker.money import ATOMS, mul_ceil
from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.facts import review_invoice
from indexmaker.solver.redemption_facts import review_redemption
from indexmaker.solver.vocabulary import BookFlag, LotSource, OrderState, RejectClass, Side
from solver.selling import holder, pay_out, ready_to_sell, sale
from solver.world import ALICE, BOB, amt, deep_market, instrument, make_world

BACKING = accounts.backing("TOP2", "kraken", "BTC")


def with_second_venue(world, *, price="100000", fee="0.001", cash="10000"):
    """BTC trades on a second venue too, where the house has money of its own."""
    second = replace(instrument("BTC", taker_fee=amt(fee)), venue="kraken", symbol="XBTUSDC")
    world.instruments["XBTUSDC"] = second
    world.markets["XBTUSDC"] = deep_market(price)
    world.submit(ev.InstrumentsUpdated(venue="kraken", instruments=(second,)))
    world.submit(ev.HouseCapital(place="venue:kraken", asset="USDC", amount=amt(cash), reference="second"))

    def sign(world, command):
        if isinstance(command, out.SignInvoice):
            assert review_invoice(world.engine.state, command.invoice) == ()
        if isinstance(command, out.SignRedemption):
            assert review_redemption(world.engine.state, command.invoice) == ()
        return

    world.hooks.append(sign)
    return world


def buy(world, amount="1000", account=ALICE):
    world.order(account, amount)
    world.deposit(account, amount)
    world.run(1)


def placed(world, since=0):
    return {(o.venue, o.symbol): o for o in world.commands[since:] if isinstance(o, out.PlaceAssetOrder)}


def held(world, account):
    return world.engine.ledger.balance(account)


def test_the_cheaper_venue_is_bought_from():
    world = with_second_venue(make_world(), price="99500")
    buy(world)
    assert ("kraken", "XBTUSDC") in placed(world)
    assert ("binance", "BTCUSDC") not in placed(world)


@pytest.mark.parametrize(("fee", "venue"), [("0.003", "binance"), ("0.001", "kraken")])
def test_prices_are_compared_after_fees(fee, venue):
    world = with_second_venue(make_world(), price="99900", fee=fee)
    buy(world)
    assert [v for v, symbol in placed(world) if symbol != "ETHUSDC"] == [venue]


def test_a_purchase_is_split_when_the_cheaper_venue_is_thin():
    world = with_second_venue(make_world(), price="99500")
    world.markets["XBTUSDC"].asks = [(amt("99500"), amt("0.002")), (amt("101000"), amt("1"))]
    buy(world)
    orders = placed(world)
    assert orders["kraken", "XBTUSDC"].quantity == amt("0.002")
    assert amt("0.0034") < orders["binance", "BTCUSDC"].quantity < amt("0.0037")


def test_both_venues_lots_back_the_units_where_they_lie_and_the_invoice_passes():
    world = with_second_venue(make_world(), price="99500")
    world.markets["XBTUSDC"].asks = [(amt("99500"), amt("0.002")), (amt("101000"), amt("1"))]
    buy(world)
    world.run(2)
    order = world.engine.order(ALICE, "one")
    assert order.state is OrderState.MINTED
    here = held(world, accounts.backing("TOP2", "binance", "BTC"))
    there = held(world, BACKING)
    assert 0 < there <= amt("0.002")
    assert here + there == mul_ceil(amt("0.001"), order.units)


def test_purchases_elsewhere_are_paid_from_the_houses_money_there_and_users_pay_at_home():
    world = with_second_venue(make_world(), price="99500")
    before = held(world, accounts.house_cash("venue:kraken", "USDC"))
    buy(world)
    world.run(2)
    (trade,) = [t for t in world.venue_trades if t.venue == "kraken"]
    paid = mul_ceil(trade.price, trade.quantity)
    assert held(world, accounts.house_cash("venue:kraken", "USDC")) == before - paid
    home = [a for a, _ in world.engine.ledger if a.kind == "USER" and a.place == "venue:kraken" and a.asset == "USDC"]
    assert home == []


def test_the_houses_money_on_a_venue_bounds_what_is_bought_there():
    world = with_second_venue(make_world(), price="99500", cash="150")
    buy(world)
    orders = placed(world)
    assert mul_ceil(orders["kraken", "XBTUSDC"].price, orders["kraken", "XBTUSDC"].quantity) <= amt("150")
    assert orders["binance", "BTCUSDC"].quantity > amt("0.003")
    assert world.engine.order(ALICE, "one").units > amt("5.4")


@pytest.mark.parametrize("trouble", [{"flags": (BookFlag.STALE,)}, {"asks": [], "bids": []}, {"age_ns": 10**12}])
@pytest.mark.parametrize("symbol", ["BTCUSDC", "XBTUSDC"])
def test_a_dead_venue_only_takes_its_own_depth_away(symbol, trouble):
    world = with_second_venue(make_world())
    for name, value in trouble.items():
        setattr(world.markets[symbol], name, value)
    if "bids" in trouble:
        world.markets[symbol].bid = 0
    buy(world)
    world.run(2)
    assert world.engine.order(ALICE, "one").state is OrderState.MINTED
    assert symbol not in {name for _, name in placed(world)}


def test_a_refusal_for_lack_of_balance_holds_only_that_venue():
    world = with_second_venue(make_world(), price="99500")

    def refuse(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.venue == "kraken":
            name = command.client_order_id
            return [ev.AssetOrderRejected(client_order_id=name, reject_class=RejectClass.BALANCE)]
        return None

    world.hooks.append(refuse)
    buy(world)
    world.run(2)
    assert world.engine.order(ALICE, "one").state is OrderState.MINTED
    assert ("binance", "BTCUSDC") in placed(world)


def selling(price="100500", there="0.002", *, cash="10000", units="4"):
    """Alice sells; a part of the index's BTC lies on the second venue."""
    world = with_second_venue(holder(ALICE), price=price, cash=cash)
    for symbol, at in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(at)
    for place, sign in (("binance", -1), ("kraken", 1)):
        source = accounts.venue_world(place, "BTC")
        target = accounts.backing("TOP2", place, "BTC")
        world.engine.ledger.post(Movement.between(source, target, amount=sign * amt(there)))
    return ready_to_sell(units, world=world)


def test_a_sale_goes_to_the_dearer_venue_as_far_as_the_index_holds_assets_there():
    world = selling()
    before = len(world.commands)
    world.solve()
    world.play()
    orders = placed(world, before)
    assert {o.side for o in orders.values()} == {Side.SELL}
    assert orders["kraken", "XBTUSDC"].quantity == amt("0.002")
    assert orders["binance", "BTCUSDC"].quantity == amt("0.002")
    assert sale(world).units == amt("4")
    assert held(world, BACKING) == 0
    for place in ("binance", "kraken"):
        assert held(world, accounts.trading(place, "BTC")) == 0


def test_the_house_pays_sellers_at_home_for_what_it_sold_elsewhere():
    world = selling()
    away, home = (accounts.house_cash(f"venue:{place}", "USDC") for place in ("kraken", "binance"))
    before = held(world, away), held(world, home)
    world.solve()
    world.play()
    order = sale(world)
    there = [t for t in world.venue_trades if (t.venue, t.client_order_id[:1]) == ("kraken", "a")]
    got = sum(t.price * t.quantity // ATOMS - t.commission for t in there)
    assert held(world, away) == before[0] + got
    assert held(world, home) == before[1] - got
    pay_out(world)
    assert order.redemption is not None


def test_the_houses_money_at_home_bounds_what_is_sold_elsewhere():
    world = selling()
    world.submit(ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("-950"), reference="out"))
    world.submit(ev.Configured(config=SolverConfig()))
    before = len(world.commands)
    world.solve()
    sold = placed(world, before).get(("kraken", "XBTUSDC"))
    assert sold is None or sold.quantity * 100500 <= amt("60")


def test_assets_that_did_not_sell_elsewhere_go_back_where_they_lay():
    world = selling()

    def nothing(world, command):
        if isinstance(command, out.PlaceAssetOrder):
            reject = RejectClass.OTHER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.append(nothing)
    before = {place: held(world, accounts.backing("TOP2", place, "BTC")) for place in ("binance", "kraken")}
    world.solve()
    world.play()
    for place, quantity in before.items():
        assert held(world, accounts.backing("TOP2", place, "BTC")) == quantity
        assert held(world, accounts.trading(place, "BTC")) == 0


def test_buyers_may_take_what_sellers_have_on_another_venue():
    world = selling(there="0.004")
    world.order(BOB, "900")
    world.deposit(BOB, "900")
    world.tick()
    world.play()
    world.solve()
    world.play()
    lots = [lot for lot in world.engine.order(BOB, "one").lots if lot.asset == "BTC"]
    crossed = {lot.venue: lot.quantity for lot in lots if lot.source is LotSource.CROSS}
    assert sum(crossed.values()) == amt("0.004")
    assert crossed["kraken"] > amt("0.002")
    assert sale(world).units == amt("4")
    world.run(3)
    assert world.engine.order(BOB, "one").state is OrderState.MINTED
    assert held(world, BACKING) == amt("0.004")


def test_a_short_is_covered_where_it_is():
    world = selling()

    def only_away(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.venue == "binance":
            reject = RejectClass.OTHER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.append(only_away)
    world.solve()
    world.play()
    assert {short.venue for short in world.engine.state.shorts} == {"kraken"}
    world.hooks.remove(only_away)
    world.cancel(ALICE, "sale")
    world.run(2)
    bought = [o for o in world.sent(out.PlaceAssetOrder) if o.venue == "kraken" and o.side is Side.BUY]
    assert bought
    assert sum(short.quantity for short in world.engine.state.shorts) <= amt("0.00001")
