"""What the tests of sell orders share: a holder of index units, and sales without the mathematics of a batch."""

from indexmaker.ledger import Movement
from indexmaker.money import mul_ceil, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.commands import InvoiceLot
from indexmaker.solver.handlers.payouts import make_payable
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState
from solver.world import ALICE, CHAIN, amt, make_world

TOKEN = "token:TOP2"
FEE = amt("0.001")


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
    """Sell units at the bids, as a batch would hand them over, and end the order's trading."""
    order = sale(world, account, client_order_id)
    world.sequence += 1
    step = Step(world.engine.state, world.engine.ledger, sequence=world.sequence, at=world.now)
    index = step.index_of(order)
    order.quantities, order.version = index.quantities, index.version
    for asset, quantity in index.quantities:
        sold = mul_floor(quantity, amt(units))
        price = world.markets[f"{asset}USDC"].bid
        value = mul_floor(sold, price)
        fee = mul_ceil(value, FEE)
        world.trades += 1
        order.lots.append(
            InvoiceLot(
                asset=asset,
                venue="binance",
                symbol=f"{asset}USDC",
                trade_id=str(world.trades),
                batch_id="b-by-hand",
                quantity=sold,
                price=price,
                value=value,
                fee=fee,
            )
        )
        order.proceeds += value
        order.sale_fees += fee
        backing = accounts.backing(index.symbol, "binance", asset)
        market = accounts.venue_world("binance", "USDC")
        pot = accounts.proceeds(order.account, "binance", "USDC")
        step.post(
            Movement.between(backing, accounts.venue_world("binance", asset), amount=sold),
            Movement.between(market, pot, amount=value - fee),
        )
    order.units += amt(units)
    index.sold += amt(units)
    if end:
        make_payable(step, order)
    for output in step.outputs:
        (world.inbox if hasattr(output, "command_id") else world.reports).append(output)
        if hasattr(output, "command_id"):
            world.commands.append(output)


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
