import msgspec
import pytest

from indexmaker.money import ATOMS
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.facts import facts_of, review_invoice
from indexmaker.solver.guardian import Check, verify_invoice
from indexmaker.solver.vocabulary import LotSource
from solver.world import ALICE, BOB, CAROL, amt, make_world, market


def guarded(world):
    """Sign only what the guardian finds nothing wrong with."""

    def sign(world, command):
        if not isinstance(command, out.SignInvoice):
            return None
        found = review_invoice(world.engine.state, command.invoice)
        assert found == ()
        return [world.sign(command.invoice)]

    world.hooks.append(sign)
    return world


def busy_world():
    world = guarded(make_world())
    world.create_index(management_fee=amt("0.01"))
    world.markets["BTCUSDC"].asks = [(amt("100000"), amt("0.0012345")), (amt("100100"), ATOMS)]
    world.markets["ETHUSDC"].asks = [(amt("4000"), amt("0.05")), (amt("4300"), ATOMS)]
    for account, amount in ((ALICE, "100"), (BOB, "333.333333"), (CAROL, "789")):
        world.order(account, amount, max_fee=amt("20"), max_price=amt("190"))
        world.deposit(account, amount)
    world.run(1)
    world.markets["ETHUSDC"] = market("4000")
    world.run(20)
    return world


def test_every_invoice_of_an_honest_run_passes():
    world = busy_world()
    assert len(world.minted) == 3
    lots = [lot for invoice in world.minted.values() for lot in invoice.lots]
    assert any(lot.source is LotSource.INVENTORY for lot in lots)
    assert all(invoice.management_fee > 0 for invoice in world.minted.values())


def test_invoice_of_a_refund_passes():
    world = guarded(make_world())
    world.markets["ETHUSDC"].asks = []
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run(1)
    world.cancel(ALICE)
    world.run(1)
    assert world.minted[1].units == 0


ALTERATIONS = {
    "account": (lambda i: {"account": BOB}, Check.IDENTITY),
    "request": (lambda i: {"request_id": i.request_id + 1}, Check.IDENTITY),
    "gate": (lambda i: {"gate": "0x00"}, Check.IDENTITY),
    "index": (lambda i: {"index": "OTHER"}, Check.IDENTITY),
    "deposit": (lambda i: {"deposit": i.deposit + amt("1"), "refund": i.refund + amt("1")}, Check.IDENTITY),
    "refund": (lambda i: {"refund": i.refund + amt("0.000001")}, Check.BALANCE),
    "assets": (lambda i: {"assets": i.assets + 1, "rounding": i.rounding - 1}, Check.BALANCE),
    "spent": (lambda i: {"spent": i.spent + amt("0.000001")}, Check.BALANCE),
    "kept rounding": (
        lambda i: {
            "rounding": i.rounding + amt("0.000001"),
            "refund": i.refund - amt("0.000001"),
            "spent": i.spent + amt("0.000001"),
        },
        Check.PRECISION,
    ),
    "routing fee": (
        lambda i: {
            "routing_fees": i.routing_fees + amt("0.01"),
            "refund": i.refund - amt("0.01"),
            "fee": i.fee + amt("0.01"),
        },
        Check.ROUTING_FEE,
    ),
    "management fee": (
        lambda i: {
            "management_fee": i.management_fee + amt("0.01"),
            "refund": i.refund - amt("0.01"),
            "fee": i.fee + amt("0.01"),
        },
        Check.MANAGEMENT_FEE,
    ),
    "one unit too many": (lambda i: {"units": i.units + 10**9}, Check.UNITS),
    "basket": (lambda i: {"basket_version": i.basket_version + 1}, Check.UNITS),
    "lots out of order": (lambda i: {"lots": i.lots[::-1]}, Check.LOT),
    "lot made up": (lambda i: {"lots": _with(i.lots, trade_id="666")}, Check.LOT),
    "lot price": (lambda i: {"lots": _with(i.lots, price=i.lots[0].price + 1)}, Check.LOT),
    "lot value": (lambda i: {"lots": _with(i.lots, value=i.lots[0].value + 100)}, Check.LOT),
    "lot fee": (lambda i: {"lots": _with(i.lots, fee=i.lots[0].fee + 100)}, Check.LOT),
    "lot larger than its trade": (lambda i: {"lots": _with(i.lots, quantity=ATOMS)}, Check.OVERASSIGNED),
}


def _with(lots, **changes):
    return (msgspec.structs.replace(lots[0], **changes), *lots[1:])


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_invoice_is_found_out(name):
    world = busy_world()
    change, check = ALTERATIONS[name]
    invoice = world.minted[1]
    altered = msgspec.structs.replace(invoice, **change(invoice))
    assert check in {found.check for found in review_invoice(world.engine.state, altered)}


def test_limits_of_the_order_are_checked_again():
    world = busy_world()
    invoice = world.minted[1]
    facts = facts_of(world.engine.state, invoice)
    for limit in ({"max_price": amt("100")}, {"max_fee": amt("0.01")}, {"amount": amt("50")}):
        order = msgspec.structs.replace(facts.order, **limit)
        found = verify_invoice(invoice, msgspec.structs.replace(facts, order=order))
        assert {one.check for one in found} == {Check.LIMIT}


def test_trade_that_others_hold_already_cannot_be_given_out_again():
    world = busy_world()
    invoice = world.minted[1]
    facts = facts_of(world.engine.state, invoice)
    more = {name: quantity + amt("0.01") for name, quantity in facts.taken.items()}
    found = verify_invoice(invoice, msgspec.structs.replace(facts, taken=more))
    assert {one.check for one in found} == {Check.OVERASSIGNED}


def test_invoice_of_an_unknown_order_is_not_signed():
    world = busy_world()
    altered = msgspec.structs.replace(world.minted[1], order_id="o-ghost")
    assert [found.check for found in review_invoice(world.engine.state, altered)] == [Check.IDENTITY]


def test_facts_name_the_venue_trades_exactly_as_reported():
    world = busy_world()
    reported = {f"{t.venue}:{t.symbol}:{t.trade_id}": t for t in world.venue_trades}
    for invoice in world.minted.values():
        for name, execution in facts_of(world.engine.state, invoice).executions.items():
            assert isinstance(execution, ev.ExecutionReported)
            assert execution == reported[name]
