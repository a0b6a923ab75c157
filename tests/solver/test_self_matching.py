"""A user's own opposite orders on one index meet each other, once they are funded, before they meet a market."""

from indexmaker.solver import commands as out
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason
from solver.selling import holder, sale
from solver.world import ALICE, BOB, amt, make_world

UNIT = amt("180")
"""One unit of the index at about the mids: 0.001 BTC at 100,000 and 0.02 ETH at 4,000."""


def known():
    """A world whose mids are known, with a holder of units."""
    return holder(ALICE)


def buys(world, amount, client_order_id="purchase", *, account=ALICE, tick=True):
    """A funded purchase."""
    world.deposit(account, amount)
    world.order(account, amount, client_order_id=client_order_id)
    if tick:
        world.tick(1)


def sells(world, units, *, tick=True):
    """A funded sale."""
    world.redeem(ALICE, units)
    world.sell(ALICE, units)
    if tick:
        world.tick(1)


def purchase(world, client_order_id="purchase", account=ALICE):
    return world.engine.order(account, client_order_id)


def test_a_new_sale_makes_an_older_purchase_smaller_and_ends_itself():
    world = known()
    buys(world, "900")
    sells(world, "2")
    assert (sale(world).state, sale(world).ending_reason) == (OrderState.CANCELLED, RejectReason.SELF_MATCHED)
    assert purchase(world).state is OrderState.ROUTING
    assert amt("900") - 2 * UNIT - amt("1") < purchase(world).amount < amt("900") - 2 * UNIT + amt("1")
    told = [r for r in world.told(out.IndexOrderReport) if r.exec_type is ExecType.REPLACED]
    assert [(r.client_order_id, r.reason) for r in told] == [("purchase", RejectReason.SELF_MATCHED)]


def test_a_new_purchase_makes_an_older_sale_smaller_and_ends_itself():
    world = known()
    sells(world, "4")
    buys(world, "360")
    assert purchase(world).state is OrderState.CANCELLED
    assert amt("1.99") < sale(world).amount < amt("2.01")


def test_what_is_larger_goes_on_with_the_rest():
    world = known()
    sells(world, "1")
    buys(world, "900")
    assert sale(world).state is OrderState.CANCELLED
    assert purchase(world).state is OrderState.ROUTING
    assert amt("900") - UNIT - amt("1") < purchase(world).amount < amt("900") - UNIT + amt("1")


def test_the_newest_opposite_order_is_matched_first():
    world = known()
    buys(world, "400", "older")
    buys(world, "400", "newer")
    sells(world, "1")
    assert purchase(world, "older").amount == amt("400")
    assert purchase(world, "newer").amount < amt("400") - UNIT + amt("1")


def test_a_sale_larger_than_one_purchase_goes_on_to_the_next():
    world = known()
    buys(world, "180", "older")
    buys(world, "180", "newer")
    sells(world, "1.5")
    assert purchase(world, "newer").state is OrderState.CANCELLED
    assert amt("80") < purchase(world, "older").amount < amt("100")
    assert sale(world).state is OrderState.CANCELLED


def test_two_that_are_funded_together_meet_once():
    world = known()
    buys(world, "900", tick=False)
    sells(world, "1")
    assert sale(world).state is OrderState.CANCELLED
    once = purchase(world).amount
    assert amt("900") - UNIT - amt("1") < once < amt("900") - UNIT + amt("1")
    world.tick(1)
    assert purchase(world).amount == once


def test_a_purchase_without_a_deposit_is_left_alone_until_it_is_funded():
    world = known()
    world.order(ALICE, "900", client_order_id="purchase")
    sells(world, "1")
    assert purchase(world).amount == amt("900")
    assert sale(world).state is OrderState.PENDING_TOKENS
    world.deposit(ALICE, "900")
    world.tick(1)
    assert sale(world).state is OrderState.CANCELLED
    assert purchase(world).amount < amt("900") - UNIT + amt("1")


def test_a_sale_without_tokens_takes_nothing_from_a_purchase():
    world = known()
    buys(world, "900")
    world.sell(ALICE, "1")
    world.tick(1)
    assert purchase(world).amount == amt("900")
    assert sale(world).state is OrderState.PENDING_TOKENS


def test_what_would_be_left_below_the_least_order_ends_as_well():
    world = known()
    world.engine.state.indices["TOP2"].min_order = amt("50")
    buys(world, "200")
    sells(world, "1")
    assert purchase(world).state is OrderState.CANCELLED


def test_the_request_of_a_matched_purchase_is_free_for_another_order():
    world = known()
    buys(world, "180")
    sells(world, "1")
    assert purchase(world).state is OrderState.CANCELLED
    world.order(ALICE, "150", client_order_id="another")
    assert world.last(ALICE, "another").state is OrderState.ROUTING


def test_what_is_in_a_batch_is_not_matched():
    world = known()
    buys(world, "400")
    world.tick()
    world.play()
    world.solve()
    assert purchase(world).state is OrderState.ENGAGED
    sells(world, "1")
    assert purchase(world).amount == amt("400")
    assert sale(world).amount == amt("1")


def test_tokens_whose_lock_is_sent_are_not_matched():
    world = known()
    sells(world, "1")
    for event in world.answer(world.inbox.popleft()):
        world.submit(event)
    assert any(isinstance(command, out.CommitRedemptions) for command in world.inbox)
    buys(world, "900")
    assert purchase(world).amount == amt("900")
    assert sale(world).amount == amt("1")


def test_a_purchase_that_has_arrived_gives_the_matched_part_back_with_its_mint():
    world = known()
    buys(world, "900")
    world.tick()
    world.play()
    sells(world, "2")
    world.run()
    world.tick(31)
    world.play()
    invoice = purchase(world).invoice
    assert invoice.deposit == amt("900")
    assert invoice.refund > 2 * UNIT - amt("1")
    assert invoice.spent + invoice.fee + invoice.refund == amt("900")


def test_orders_of_others_are_left_alone():
    world = known()
    buys(world, "900", account=BOB)
    sells(world, "1")
    assert purchase(world, account=BOB).amount == amt("900")
    assert sale(world).state is OrderState.PENDING_TOKENS


def test_the_same_side_stands_beside_what_is_there():
    world = known()
    buys(world, "400", "older")
    buys(world, "300", "newer")
    assert purchase(world, "older").amount == amt("400")
    assert purchase(world, "newer").amount == amt("300")


def test_while_the_value_of_the_index_is_not_known_nothing_is_matched():
    world = make_world()
    buys(world, "400")
    sells(world, "1")
    assert purchase(world).amount == amt("400")
    assert sale(world).amount == amt("1")


def test_nothing_is_bought_sold_or_locked_for_a_match():
    world = known()
    buys(world, "180")
    before = len(world.commands)
    sells(world, "1")
    assert world.commands[before:] == []
