"""Nothing is paid for assets that no sale, no cross and no purchase by the house stands behind."""

import msgspec
import pytest

from indexmaker.solver.guardian import Check
from indexmaker.solver.invoice import canonical_lots
from indexmaker.solver.redemption_facts import redemption_facts_of
from indexmaker.solver.redemption_guardian import verify_redemption
from indexmaker.solver.vocabulary import LotSource
from solver.selling import pay_out, ready_to_sell, sale, sell_off
from solver.world import amt


@pytest.fixture
def case():
    world = ready_to_sell("4", order="3")
    sell_off(world, "3")
    pay_out(world)
    invoice = sale(world).redemption
    return invoice, redemption_facts_of(world.engine.state, invoice)


def with_sale_to_the_house(invoice, facts, *, trade_id):
    """The invoice with 10 more of an asset sold to the house at mid, and all its sums in accord with that."""
    first = invoice.lots[0]
    mid = facts.mids[first.batch_id, first.asset]
    value = mid * 10
    more = msgspec.structs.replace(
        first, source=LotSource.INVENTORY, trade_id=trade_id, quantity=amt("10"), price=mid, value=value, fee=0
    )
    return msgspec.structs.replace(
        invoice,
        lots=canonical_lots((*invoice.lots, more)),
        proceeds=invoice.proceeds + value,
        paid=invoice.paid + value,
    )


def test_a_sale_to_the_house_that_it_did_not_take_is_found_out(case):
    invoice, facts = case
    altered = with_sale_to_the_house(invoice, facts, trade_id="made-up")
    assert Check.LOT in {found.check for found in verify_redemption(altered, facts)}


def test_more_than_the_basket_of_what_is_burned_is_not_paid_for(case):
    invoice, facts = case
    altered = with_sale_to_the_house(invoice, facts, trade_id="taken")
    first = invoice.lots[0]
    facts = msgspec.structs.replace(facts, crossed={f"{first.venue}:{first.symbol}:taken": amt("10")})
    assert {found.check for found in verify_redemption(altered, facts)} == {Check.UNITS}
