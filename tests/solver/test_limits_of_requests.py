"""What the gate would refuse is never submitted: fees yield to the price protection of a request."""

from __future__ import annotations

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import AssetOrderStatus
from solver.world import ALICE, BOB, CHAIN, GATE, amt, instrument, make_world


def settled_with(min_units: str, *, depth: str, amount: str = "100") -> out.Invoice:
    """The invoice of a buy whose request wants at least `min_units`, and of which the market fills only a part."""
    world = make_world()
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt(depth))]
    deposit = world.deposit(ALICE, amount)
    world.submit(
        ev.DepositTerms(
            chain_id=CHAIN, gate=GATE, request_id=deposit.request_id, min_units=amt(min_units), max_fee=amt("5")
        )
    )
    world.order(ALICE, amount)
    world.run(4)
    world.cancel(ALICE)
    world.run(4)
    (invoice,) = world.minted.values()
    return invoice


def test_a_part_filled_order_is_charged_so_little_that_the_gate_takes_it():
    invoice = settled_with("0.545", depth="0.003")
    assert 0 < invoice.units < amt("0.2")
    assert 0 < invoice.routing_fees < amt("0.5")
    assert invoice.units * invoice.deposit >= amt("0.545") * (invoice.spent + invoice.fee)


def test_fees_that_fit_the_request_are_charged_whole():
    invoice = settled_with("0.3", depth="0.003")
    assert invoice.routing_fees == amt("0.5")


def test_an_amended_amount_takes_the_least_units_of_a_request_along():
    world = make_world()
    deposit = world.deposit(ALICE, "100")
    terms = ev.DepositTerms(
        chain_id=CHAIN, gate=GATE, request_id=deposit.request_id, min_units=amt("0.5"), max_fee=amt("5")
    )
    world.submit(terms)
    world.order(ALICE, "100")
    while not world.sent(out.ConfirmArrival):
        world.tick()
        world.play()
    before = world.engine.order(ALICE, "one").price_limit
    world.submit(ev.OrderAmendRequested(account=ALICE, client_order_id="one", amend_id="a", amount=amt("50")))
    assert abs(world.engine.order(ALICE, "one").price_limit - before) < before // 50


def test_a_fill_worth_less_than_a_cent_is_none():
    world = make_world()
    world.instruments["ETHUSDC"] = instrument("ETH", lot_step=amt("0.000001"))
    world.submit(ev.InstrumentsUpdated(venue="binance", instruments=tuple(world.instruments.values())))
    world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    world.run(6)
    (dust,) = (lot.quantity for lot in world.engine.state.inventory if lot.asset == "ETH")
    assert 0 < dust < amt("0.000001")

    def unfilled(_, command):
        if not isinstance(command, out.PlaceAssetOrder) or command.symbol != "ETHUSDC":
            return None
        name, status = command.client_order_id, AssetOrderStatus.EXPIRED
        return [ev.AssetOrderDone(client_order_id=name, status=status, executed_quantity=0)]

    world.hooks.append(unfilled)
    world.deposit(BOB, "100")
    world.order(BOB, "100")
    world.run(3)
    order = world.engine.order(BOB, "one")
    assert order.idle > 0
    assert (order.units, order.lots) == (0, [])
