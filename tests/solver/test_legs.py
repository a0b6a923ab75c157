"""Legs of a batch at the venue: rejects, unknown results, commissions, late executions."""

import pytest

from indexmaker.money import ATOMS, mul_ceil
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    Constituent,
    OrderState,
    RejectClass,
)
from solver.world import ALICE, amt, instrument, make_world, market


def fund(world, account, amount, client_order_id="one", **options):
    world.order(account, amount, client_order_id, **options)
    world.deposit(account, amount, gate=world.engine._state.indices[options.get("index", "TOP2")].gate)


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


def rejecting(symbol, reject_class, times=1):
    left = [times]

    def hook(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == symbol and left[0]:
            left[0] -= 1
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject_class)]
        return None

    return hook


@pytest.mark.parametrize("reject_class", [RejectClass.OTHER, RejectClass.FILTER, RejectClass.BALANCE])
def test_one_reject_out_of_81_legs_leaves_the_others_alone(reject_class):
    world = make_wide_world(81)
    world.hooks.append(rejecting("C40USDC", reject_class))
    fund(world, ALICE, "1000", index="WIDE")
    world.run(1)
    assert len(world.sent(out.PlaceAssetOrder)) == 81
    assert len(world.venue_trades) == 80
    world.run(14)
    assert world.last(ALICE).state is OrderState.MINTED
    assert len(world.sent(out.PlaceAssetOrder)) == 82


def test_rate_limited_leg_backs_off_and_is_sent_under_a_new_id():
    world = make_world()
    world.hooks.append(rejecting("BTCUSDC", RejectClass.RATE))
    fund(world, ALICE, "1000")
    world.run(1)
    assert world.last(ALICE).state is OrderState.ENGAGED
    world.run(1)
    first, second = [c for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC"]
    assert first.client_order_id != second.client_order_id
    assert (first.price, first.quantity) == (second.price, second.quantity)
    assert world.last(ALICE).state is OrderState.MINTED


def test_filter_reject_is_sent_again_in_the_new_rules_quantities():
    world = make_world()

    def stricter(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "BTCUSDC":
            world.hooks.clear()
            rules = instrument("BTC", lot_step=amt("0.001"))
            world.instruments["BTCUSDC"] = rules
            world.submit(ev.InstrumentsUpdated(venue="binance", instruments=(rules,)))
            reject = RejectClass.FILTER
            return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]
        return None

    world.hooks.append(stricter)
    fund(world, ALICE, "1000")
    world.run(1)
    second = [c for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC"][1]
    assert second.quantity % amt("0.001") == 0


def test_unknown_result_is_asked_by_client_order_id_before_anything_is_decided():
    world = make_world()

    def lost(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "BTCUSDC":
            world.hooks.clear()
            world.answered[command.client_order_id] = world.execute(command)
            return [ev.AssetOrderUnknown(client_order_id=command.client_order_id)]
        return None

    world.hooks.append(lost)
    fund(world, ALICE, "1000")
    world.run(2)
    (query,) = world.sent(out.QueryAssetOrder)
    placed = [c for c in world.sent(out.PlaceAssetOrder) if c.symbol == "BTCUSDC"]
    assert query.client_order_id == placed[0].client_order_id
    assert len(placed) == 1
    assert world.last(ALICE).state is OrderState.MINTED


def test_order_that_the_venue_never_saw_ends_its_leg_unfilled_and_is_bought_in_the_next_batch():
    world = make_world()
    lost = []

    def lose(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == "BTCUSDC" and not lost:
            lost.append(command)
            return [ev.AssetOrderUnknown(client_order_id=command.client_order_id)]
        return None

    world.hooks.append(lose)
    fund(world, ALICE, "1000")
    world.run(12)
    assert "LEG_LOST" in world.alerts()
    assert world.last(ALICE).state is OrderState.MINTED
    late = world.trade(lost[0], lost[0].price, lost[0].quantity)
    world.submit(late)
    assert "LATE_FILL" in world.alerts()
    assert [lot.trade_id for lot in world.engine._state.inventory if lot.trade_id == late.trade_id]


def test_commission_in_the_bought_asset_reduces_the_lot():
    world = make_world()
    fund(world, ALICE, "100")
    world.run()
    lot = world.engine.order(ALICE, "one").invoice.lots[0]
    trade = next(t for t in world.venue_trades if t.symbol == lot.symbol)
    assert lot.quantity <= trade.quantity - trade.commission
    assert lot.fee > 0


def test_commission_in_a_third_asset_is_booked_there_and_valued_at_its_price():
    world = make_world(commission_asset="SOL")
    fund(world, ALICE, "100")
    world.run()
    invoice = world.engine.order(ALICE, "one").invoice
    per_trade = mul_ceil(amt("0.0001"), amt("199.99"))
    assert sum(lot.fee for lot in invoice.lots) == pytest.approx(2 * per_trade, rel=0.02)
    balances = {str(account): balance for account, balance in world.engine.ledger}
    assert balances["HOUSE/house/cash@venue:binance:SOL"] == -2 * amt("0.0001")


def test_commission_without_a_known_price_is_the_houses_and_a_person_is_told():
    world = make_world(commission_asset="BNB")
    fund(world, ALICE, "100")
    world.run(2)
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.alerts().count("FEE_UNVALUED") == 2
    assert world.engine.order(ALICE, "one").invoice.venue_fees == 0
    balances = {str(account): balance for account, balance in world.engine.ledger}
    assert balances["HOUSE/house/cash@venue:binance:BNB"] == -2 * amt("0.0001")


def test_executions_may_come_after_the_end_of_the_order_is_told():
    world = make_world()

    def end_first(world, command):
        if isinstance(command, out.PlaceAssetOrder):
            accepted, *rest = world.execute(command)
            return [accepted, *rest[::-1]]
        return None

    world.hooks.append(end_first)
    fund(world, ALICE, "100")
    world.run()
    assert world.last(ALICE).state is OrderState.MINTED


def test_trade_of_an_order_not_sent_from_here_is_not_booked():
    world = make_world()
    before = world.engine.ledger.state()
    trade = ev.ExecutionReported(
        venue="binance",
        symbol="BTCUSDC",
        trade_id="9",
        client_order_id="someone-else",
        price=amt("100000"),
        quantity=amt("1"),
        commission=0,
        commission_asset="BTC",
        at=0,
    )
    world.submit(trade)
    assert world.engine.ledger.state() == before
    assert world.alerts() == ["FOREIGN_FILL"]
