"""Random sessions of buyers and sellers on two venues that misbehave: the books hold throughout."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.ledger import OwnerKind
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver import SolverConfig, SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.facts import review_invoice
from indexmaker.solver.redemption_facts import review_redemption
from indexmaker.solver.vocabulary import AssetOrderStatus, RejectClass, Side
from solver.selling import holder
from solver.world import ALICE, BOB, CAROL, amt, deep_market, instrument

USERS = (ALICE, BOB, CAROL)
STEP = amt("0.00001")

deeds = st.one_of(
    st.tuples(st.just("buy"), st.sampled_from(USERS), st.integers(5, 900)),
    st.tuples(st.just("sell"), st.sampled_from(USERS), st.integers(1, 400)),
    st.tuples(st.just("cancel"), st.sampled_from(USERS), st.just(0)),
    st.tuples(st.just("kill"), st.just(""), st.just(0)),
    st.tuples(st.just("thin"), st.just(""), st.integers(1, 50)),
    st.tuples(st.just("tick"), st.just(""), st.integers(1, 20)),
    st.tuples(st.just("solve"), st.just(""), st.just(0)),
    st.tuples(st.just("play"), st.just(""), st.integers(1, 6)),
)
moods = st.lists(st.sampled_from(["good", "good", "part", "none", "other", "balance", "rate", "lost"]), max_size=25)


def opening(strategy):
    """Three holders of the index, and a second venue where the house has some money."""
    config = SolverConfig(
        strategy=strategy, inventory_budget=10 * ATOMS, inventory_limit=30 * ATOMS, settlement_attempts=100
    )
    world = holder(*USERS, config=config)
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    second = replace(instrument("BTC"), venue="kraken", symbol="XBTUSDC")
    world.instruments["XBTUSDC"] = second
    world.markets["XBTUSDC"] = deep_market("99990", spread="5")
    world.submit(ev.InstrumentsUpdated(venue="kraken", instruments=(second,)))
    world.submit(ev.HouseCapital(place="venue:kraken", asset="USDC", amount=amt("500"), reference="second"))
    return world


def moody(mood):
    def hook(world, command):
        if isinstance(command, out.SignInvoice):
            assert review_invoice(world.engine.state, command.invoice) == ()
        if isinstance(command, out.SignRedemption):
            assert review_redemption(world.engine.state, command.invoice) == ()
        if not isinstance(command, out.PlaceAssetOrder) or not mood:
            return None
        name = command.client_order_id
        match mood.pop(0):
            case "part":
                half = command.quantity // 2 // STEP * STEP
                trades = [world.trade(command, command.price, half)] if half else []
                answer = [*trades, done(name, half)]
            case "none":
                answer = [done(name, 0)]
            case "other" | "balance" | "rate" as reject:
                answer = [ev.AssetOrderRejected(client_order_id=name, reject_class=RejectClass(reject.upper()))]
            case "lost":
                world.answered[name] = world.execute(command)
                return [ev.AssetOrderUnknown(client_order_id=name)]
            case _:
                return None
        world.answered[name] = answer
        return answer

    return hook


def done(name, quantity):
    return ev.AssetOrderDone(client_order_id=name, status=AssetOrderStatus.EXPIRED, executed_quantity=quantity)


def act(world, deed, number):
    match deed:
        case ("buy", account, amount):
            world.order(account, str(amount), f"n{number}")
            world.deposit(account, str(amount))
        case ("sell", account, hundredths):
            units = f"{hundredths // 100}.{hundredths % 100:02}"
            world.redeem(account, units)
            world.sell(account, units, f"n{number}")
        case ("cancel", account, _):
            world.cancel(account, f"n{number - 1}")
        case ("kill", _, _):
            world.restart()
        case ("thin", _, thousandths):
            quantity = thousandths * amt("0.0001")
            world.markets["BTCUSDC"].bids = [(amt("99999.98"), quantity), (amt("99500"), ATOMS)]
            world.markets["BTCUSDC"].asks = [(amt("100000"), quantity), (amt("100500"), ATOMS)]
        case ("tick", _, seconds):
            world.tick(seconds)
        case ("solve", _, _):
            world.solve()
        case ("play", _, count):
            for _ in range(count):
                if world.inbox:
                    for event in world.answer(world.inbox.popleft()):
                        world.submit(event)


def check_books(world):
    """What the ledger holds at each venue is what the trades left there; every index is backed in full."""
    state, ledger = world.engine.state, world.engine.ledger
    for venue in ("binance", "kraken"):
        for asset in ("BTC", "ETH"):
            place = f"venue:{venue}"
            kinds = (OwnerKind.USER, OwnerKind.HOUSE)
            assert sum(ledger.total(asset=asset, place=place, kind=kind) for kind in kinds) == traded(
                world, venue, asset
            )
            owed = sum(short.quantity for short in state.shorts if (short.venue, short.asset) == (venue, asset))
            assert balance_of(world, "short", venue, asset) == -owed
            stock = sum(lot.quantity for lot in state.inventory if (lot.venue, lot.asset) == (venue, asset))
            waiting = sum(
                lot.quantity
                for batch_id in state.open_batches
                for pool in state.batches[batch_id].pools
                for lot in pool.held
                if (lot.venue, lot.asset) == (venue, asset)
            )
            assert balance_of(world, "inventory", venue, asset) == stock + waiting
    for order in state.orders.values():
        if order.side is Side.SELL:
            assert order.units <= order.tradable
            assert order.proceeds == sum(lot.value for lot in order.lots)
            assert order.sale_fees == sum(lot.fee for lot in order.lots)
            for asset, quantity in order.quantities:
                sold = sum(lot.quantity for lot in order.lots if lot.asset == asset)
                assert sold <= mul_floor(quantity, order.units)
        else:
            assert order.spent <= order.tradable


def traded(world, venue, asset):
    """What the trades that were told brought in and took away."""
    symbols = {symbol for symbol, rules in world.instruments.items() if (rules.venue, rules.base) == (venue, asset)}
    total = 0
    for trade in world.venue_trades:
        if trade.symbol in symbols and f"{venue}:{trade.symbol}:{trade.trade_id}" in world.engine.state.trades:
            sells = world.engine.state.asset_orders[trade.client_order_id].side is Side.SELL
            total += -trade.quantity if sells else trade.quantity - trade.commission
    return total


def balance_of(world, bucket, venue, asset):
    return sum(
        balance
        for account, balance in world.engine.ledger
        if (account.bucket, account.place, account.asset) == (bucket, f"venue:{venue}", asset)
    )


@settings(max_examples=60, deadline=None)
@given(
    session=st.lists(deeds, min_size=8, max_size=40),
    mood=moods,
    strategy=st.sampled_from(["water-filling", "proportional", "netting"]),
)
def test_whatever_happens_the_books_hold_and_every_order_ends(session, mood, strategy):
    world = opening(strategy)
    world.hooks.append(moody(list(mood)))
    for number, deed in enumerate(session):
        act(world, deed, number)
        check_books(world)
    world.restart()
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    for _ in range(60):
        world.run(1)
    check_books(world)
    state = world.engine.state
    assert not state.open_batches
    assert not state.live_asset_orders
    waiting = {state.orders[order_id].state for order_id in state.open_orders}
    assert not waiting - {"READY", "PENDING_TOKENS"}, waiting
    for account, balance in world.engine.ledger:
        assert account.bucket not in ("trading", "reserved")
        assert account.bucket != "backing" or balance >= 0
    index = state.indices["TOP2"]
    for asset, quantity in index.quantities:
        backing = sum(balance_of(world, "backing", venue, asset) for venue in ("binance", "kraken"))
        assert backing >= mul_floor(quantity, index.supply)
    fresh = SolverEngine()
    for event, sequence, at in world.journal:
        fresh.apply(event, sequence=sequence, at=at)
    assert fresh.dump() == world.engine.dump()
