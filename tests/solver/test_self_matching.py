"""A user's own opposite orders on one index meet each other before they meet a market."""

from indexmaker.solver import commands as out
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason
from solver.selling import holder, sale
from solver.world import ALICE, BOB, amt, make_world

UNIT = amt("180")
"""One unit of the index at about the mids: 0.001 BTC at 100,000 and 0.02 ETH at 4,000."""


def known(**options):
    """A world whose mids are known, with a holder of units."""
    return holder(ALICE, **options)


def test_a_new_sale_makes_an_older_purchase_smaller_and_ends_itself():
    world = known()
    world.order(ALICE, "900", client_order_id="purchase")
    world.sell(ALICE, "2")
    bought, sold = world.engine.order(ALICE, "purchase"), sale(world)
    assert (sold.state, sold.ending_reason) == (OrderState.CANCELLED, RejectReason.SELF_MATCHED)
    assert bought.state is OrderState.PENDING_COLLATERAL
    assert amt("900") - 2 * UNIT - amt("1") < bought.amount < amt("900") - 2 * UNIT + amt("1")
    told = world.last(ALICE, "purchase")
    assert (told.exec_type, told.reason) == (ExecType.REPLACED, RejectReason.SELF_MATCHED)


def test_a_new_purchase_makes_an_older_sale_smaller_and_ends_itself():
    world = known()
    world.sell(ALICE, "4")
    world.order(ALICE, "360", client_order_id="purchase")
    assert world.engine.order(ALICE, "purchase").state is OrderState.CANCELLED
    assert amt("1.99") < sale(world).amount < amt("2.01")


def test_what_is_larger_goes_on_with_the_rest():
    world = known()
    world.sell(ALICE, "1")
    world.order(ALICE, "900", client_order_id="purchase")
    flipped = world.engine.order(ALICE, "purchase")
    assert sale(world).state is OrderState.CANCELLED
    assert flipped.state is OrderState.PENDING_COLLATERAL
    assert amt("900") - UNIT - amt("1") < flipped.amount < amt("900") - UNIT + amt("1")


def test_the_newest_opposite_order_is_matched_first():
    world = known()
    world.order(ALICE, "400", client_order_id="older")
    world.order(ALICE, "400", client_order_id="newer")
    world.sell(ALICE, "1")
    assert world.engine.order(ALICE, "older").amount == amt("400")
    assert world.engine.order(ALICE, "newer").amount < amt("400") - UNIT + amt("1")


def test_a_sale_larger_than_one_purchase_goes_on_to_the_next():
    world = known()
    world.order(ALICE, "180", client_order_id="older")
    world.order(ALICE, "180", client_order_id="newer")
    world.sell(ALICE, "1.5")
    assert world.engine.order(ALICE, "newer").state is OrderState.CANCELLED
    assert amt("80") < world.engine.order(ALICE, "older").amount < amt("100")
    assert sale(world).state is OrderState.CANCELLED


def test_what_would_be_left_below_the_least_order_ends_as_well():
    world = known()
    world.create_index("LEAST", gate="0x" + "ee" * 20, min_order=amt("50"))
    world.order(ALICE, "200", client_order_id="purchase", index="LEAST")
    world.sell(ALICE, "1", index="LEAST")
    assert world.engine.order(ALICE, "purchase").state is OrderState.CANCELLED


def test_the_collateral_of_a_matched_purchase_is_free_at_once():
    world = known()
    world.order(ALICE, "180", client_order_id="purchase")
    world.deposit(ALICE, "180")
    assert world.last(ALICE, "purchase").state is OrderState.ROUTING
    world.sell(ALICE, "1")
    assert world.engine.order(ALICE, "purchase").state is OrderState.CANCELLED
    world.order(ALICE, "150", client_order_id="another")
    assert world.last(ALICE, "another").state is OrderState.ROUTING


def test_what_is_in_a_batch_is_not_matched():
    world = known()
    world.order(ALICE, "400", client_order_id="purchase")
    world.deposit(ALICE, "400")
    world.tick()
    world.play()
    world.solve()
    assert world.engine.order(ALICE, "purchase").state is OrderState.ENGAGED
    world.sell(ALICE, "1")
    assert world.engine.order(ALICE, "purchase").amount == amt("400")
    assert sale(world).amount == amt("1")


def test_a_purchase_that_has_arrived_gives_the_matched_part_back_with_its_mint():
    world = known()
    world.order(ALICE, "900", client_order_id="purchase")
    world.deposit(ALICE, "900")
    world.tick()
    world.play()
    world.sell(ALICE, "2")
    world.run()
    world.tick(31)
    world.play()
    invoice = world.engine.order(ALICE, "purchase").invoice
    assert invoice.deposit == amt("900")
    assert invoice.refund > 2 * UNIT - amt("1")
    assert invoice.spent + invoice.fee + invoice.refund == amt("900")


def test_orders_of_others_are_left_alone():
    world = known()
    world.order(BOB, "900", client_order_id="purchase")
    world.sell(ALICE, "1")
    assert world.engine.order(BOB, "purchase").amount == amt("900")
    assert sale(world).state is OrderState.PENDING_TOKENS


def test_orders_on_another_index_are_left_alone():
    world = known()
    world.create_index("TWO", gate="0x" + "ee" * 20)
    world.order(ALICE, "900", client_order_id="purchase", index="TWO")
    world.sell(ALICE, "1")
    assert world.engine.order(ALICE, "purchase").amount == amt("900")


def test_the_same_side_stands_beside_what_is_there():
    world = known()
    world.order(ALICE, "400", client_order_id="older")
    world.order(ALICE, "300", client_order_id="newer")
    assert world.engine.order(ALICE, "older").amount == amt("400")
    assert world.engine.order(ALICE, "newer").amount == amt("300")


def test_while_the_value_of_the_index_is_not_known_nothing_is_matched():
    world = make_world()
    world.order(ALICE, "400", client_order_id="purchase")
    world.sell(ALICE, "1")
    assert world.engine.order(ALICE, "purchase").amount == amt("400")
    assert sale(world).amount == amt("1")


def test_a_repeated_order_is_not_matched_again():
    world = known()
    world.order(ALICE, "900", client_order_id="purchase")
    world.sell(ALICE, "1")
    once = world.engine.order(ALICE, "purchase").amount
    world.sell(ALICE, "1")
    assert world.engine.order(ALICE, "purchase").amount == once


def test_nothing_is_bought_sold_or_moved_for_a_match():
    world = known()
    world.order(ALICE, "180", client_order_id="purchase")
    before = len(world.commands)
    world.sell(ALICE, "1")
    assert [type(command) for command in world.commands[before:]] == []
    assert not [r for r in world.told(out.Alert) if r.kind == "OVERCHARGE"]
