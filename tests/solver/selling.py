"""What the tests of sell orders share: a holder of index units, and sales of as much as a test wants."""

from indexmaker.money import mul_ceil
from indexmaker.solver import accounts
from indexmaker.solver.vocabulary import OrderState
from solver.world import ALICE, CHAIN, amt, make_world

TOKEN = "token:TOP2"
DUST = amt("0.02")
"""Units of which an asset is a lot step at the venue, and a little more."""
_SELLING = (OrderState.READY, OrderState.PAYABLE)


def holder(*owners, config=None, **options):
    """A world in which these accounts (Alice, when none is named) have bought the index for 1,000 each."""
    world = make_world(config, **options)
    for account in owners or (ALICE,):
        world.deposit(account, "1000")
        world.order(account, "1000")
    world.run(4)
    assert all(order.state is OrderState.MINTED for order in world.engine.state.orders.values())
    return world


def ready_to_sell(units="4", *, order="", account=ALICE, world=None, **limits):
    """A sell order whose tokens are locked."""
    world = world or holder(account)
    world.redeem(account, units)
    world.sell(account, order or units, **limits)
    world.tick()
    world.play()
    assert sale(world, account).state is OrderState.READY, world.last(account, "sale")
    return world


def sale(world, account=ALICE, client_order_id="sale"):
    return world.engine.order(account, client_order_id)


def sell_off(world, units, *, account=ALICE, client_order_id="sale", end=True):
    """Let a batch sell this many units, to within a lot step; what is left is cancelled, unless not `end`.

    Other orders that are ready take part: then `units` is the sum.
    """
    order = sale(world, account, client_order_id)
    for asset, quantity in world.engine.state.indices[order.index].quantities:
        market = world.markets[f"{asset}USDC"]
        market.bids = [(market.bid, mul_ceil(quantity, amt(units)))]
    world.solve()
    world.play()
    for market in world.markets.values():
        market.bids = None
    sold = sum(one.units for one in world.engine.state.orders.values() if one.state in _SELLING and one.side == "SELL")
    assert amt(units) - DUST <= sold <= amt(units)
    if end and sale(world, account, client_order_id).state is OrderState.READY:
        world.cancel(account, client_order_id)


def pay_out(world, rounds=2):
    """Let the windows pass until nothing is left to do."""
    for _ in range(rounds):
        world.tick()
        world.play()


def balance(world, account):
    return world.engine.ledger.balance(account)


def burned(world):
    return balance(world, accounts.burned(CHAIN, TOKEN))


def wallet(world, asset="USDC"):
    """What refunds, payments and returned tokens have brought to the users' wallets."""
    return balance(world, accounts.paid_out(CHAIN, asset))


def users_hold(world):
    """Everything in users' buckets, by asset."""
    held = {}
    for account, amount in world.engine.ledger:
        if account.kind == "USER":
            held[account.asset] = held.get(account.asset, 0) + amount
    return held
