"""Random sessions: partial fills, refusals, silence, cancels and kills in any order; the books must hold throughout."""

from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.ledger import OwnerKind
from indexmaker.money import ATOMS, mul_floor
from indexmaker.solver import SolverConfig, SolverEngine
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.facts import review_invoice
from indexmaker.solver.vocabulary import AssetOrderStatus, RejectClass, SettlementState, Side
from solver.world import ALICE, BOB, CAROL, amt, make_world

USERS = (ALICE, BOB, CAROL)

deeds = st.one_of(
    st.tuples(st.just("order"), st.sampled_from(USERS), st.integers(5, 900)),
    st.tuples(st.just("cancel"), st.sampled_from(USERS), st.just(0)),
    st.tuples(st.just("kill"), st.just(""), st.just(0)),
    st.tuples(st.just("tick"), st.just(""), st.integers(1, 20)),
    st.tuples(st.just("solve"), st.just(""), st.just(0)),
    st.tuples(st.just("play"), st.just(""), st.integers(1, 6)),
)
moods = st.lists(
    st.sampled_from(["good", "good", "part", "none", "filter", "balance", "rate", "lost", "silent", "revert"]),
    max_size=25,
)


def moody(mood):
    """A venue and a chain that misbehave by the list, then behave."""

    def hook(world, command):
        if isinstance(command, out.SettleInvoice) and mood and mood[0] == "revert":
            mood.pop(0)
            return [ev.SettlementUpdated(command_id=command.command_id, state=SettlementState.REVERTED)]
        if isinstance(command, out.SignInvoice):
            assert review_invoice(world.engine.state, command.invoice) == ()
        if not isinstance(command, out.PlaceAssetOrder) or not mood:
            return None
        name = command.client_order_id
        match mood.pop(0):
            case "part":
                step = amt("0.00001")
                half = command.quantity // 2 // step * step
                trades = [world.trade(command, command.price, half)] if half else []
                status = AssetOrderStatus.EXPIRED
                done = ev.AssetOrderDone(client_order_id=name, status=status, executed_quantity=half)
                world.answered[name] = [*trades, done]
                return world.answered[name]
            case "none":
                status = AssetOrderStatus.EXPIRED
                world.answered[name] = [ev.AssetOrderDone(client_order_id=name, status=status, executed_quantity=0)]
                return world.answered[name]
            case "filter" | "balance" | "rate" as reject:
                reject_class = RejectClass(reject.upper())
                world.answered[name] = [ev.AssetOrderRejected(client_order_id=name, reject_class=reject_class)]
                return world.answered[name]
            case "lost":
                world.answered[name] = world.execute(command)
                return [ev.AssetOrderUnknown(client_order_id=name)]
            case "silent":
                world.answered[name] = world.execute(command)
                return []
        return None

    return hook


def act(world, deed, number):
    match deed:
        case ("order", account, amount):
            world.order(account, str(amount), f"n{number}")
            world.deposit(account, str(amount + number % 3))
        case ("cancel", account, _):
            world.cancel(account, f"n{number - 1}")
        case ("kill", _, _):
            world.restart()
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
    """What the ledger says we hold at the venue is what the venue's trades and deposits left there."""
    ledger = world.engine.ledger
    held = {
        asset: sum(
            balance
            for account, balance in ledger
            if account.place == "venue:binance" and account.asset == asset and account.kind is not OwnerKind.EXTERNAL
        )
        for asset in ("BTC", "ETH")
    }
    booked = world.engine.state.trades
    for asset in held:
        trades = [t for t in world.venue_trades if t.symbol == f"{asset}USDC"]
        told = [t for t in trades if f"binance:{t.symbol}:{t.trade_id}" in booked]
        sides = world.engine.state.asset_orders
        sold = [t.quantity for t in told if sides[t.client_order_id].side is Side.SELL]
        bought = [t.quantity - t.commission for t in told if sides[t.client_order_id].side is Side.BUY]
        assert held[asset] == sum(bought) - sum(sold)
    for order in world.engine.state.orders.values():
        assert order.spent <= order.tradable
        basket = dict(order.quantities)
        for asset, quantity in basket.items():
            have = sum(lot.quantity for lot in order.lots if lot.asset == asset)
            assert have >= mul_floor(quantity, order.units)


@settings(max_examples=60, deadline=None)
@given(session=st.lists(deeds, max_size=40), mood=moods)
def test_whatever_happens_the_books_hold_and_every_order_ends(session, mood):
    config = SolverConfig(inventory_budget=10 * ATOMS, settlement_attempts=100)
    world = make_world(config)
    world.hooks.append(moody(list(mood)))
    for number, deed in enumerate(session):
        act(world, deed, number)
        check_books(world)
    world.restart()
    for _ in range(60):
        world.run(1)
    check_books(world)
    assert not world.engine.state.open_orders
    assert not world.engine.state.open_batches
    assert not world.engine.state.live_asset_orders
    assert world.engine.pending() == ()
    assert not [account for account, _ in world.engine.ledger if account.bucket in ("trading", "reserved")]
    fresh = SolverEngine()
    for event, sequence, at in world.journal:
        fresh.apply(event, sequence=sequence, at=at)
    assert fresh.dump() == world.engine.dump()
