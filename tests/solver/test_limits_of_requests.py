"""What the gate would refuse is never submitted: fees yield to the price protection of a request."""

from __future__ import annotations

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from solver.world import ALICE, CHAIN, GATE, amt, make_world


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
