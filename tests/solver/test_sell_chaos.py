"""Random sessions of buying and selling: failing locks, withdrawals, transfers and payments, cancels and kills in any
order. No token and no dollar is lost, and every sale ends.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from indexmaker.money import ATOMS
from indexmaker.solver import SolverConfig, SolverEngine, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.redemption_facts import review_redemption
from indexmaker.solver.vocabulary import (
    CommitFailure,
    OrderState,
    SettlementState,
    TransferState,
    WithdrawalState,
)
from solver.selling import TOKEN, balance, holder, wallet
from solver.world import ALICE, BOB, CHAIN, GATE, SECOND, amt

USERS = (ALICE, BOB)

deeds = st.one_of(
    st.tuples(st.just("sell"), st.sampled_from(USERS), st.integers(1, 30)),
    st.tuples(st.just("buy"), st.sampled_from(USERS), st.integers(20, 400)),
    st.tuples(st.just("cancel"), st.sampled_from(USERS), st.just(0)),
    st.tuples(st.just("withdraw"), st.sampled_from(USERS), st.just(0)),
    st.tuples(st.just("kill"), st.just(""), st.just(0)),
    st.tuples(st.just("tick"), st.just(""), st.integers(1, 20)),
    st.tuples(st.just("solve"), st.just(""), st.just(0)),
    st.tuples(st.just("play"), st.just(""), st.integers(1, 6)),
)
moods = st.lists(st.sampled_from(["good", "fail", "late", "silent"]), max_size=30)


def _failure(command):
    """The event that says that a command did not work out."""
    match command:
        case out.CommitRedemptions():
            return ev.CommitFailed(command_id=command.command_id, reason="x", failure=CommitFailure.REQUEST_GONE)
        case out.QuoteRoute():
            return ev.RouteRefused(transfer_id=command.transfer_id, reason="x", retryable=True)
        case out.WithdrawCollateral():
            return ev.WithdrawalUpdated(command_id=command.command_id, state=WithdrawalState.FAILED)
        case out.StartTransfer() if command.source.startswith("BINANCE:"):
            return ev.TransferUpdated(transfer_id=command.transfer_id, state=TransferState.FAILED)
        case out.SettleRedemption():
            return ev.SettlementUpdated(command_id=command.command_id, state=SettlementState.REVERTED)
    return None


def moody(mood, gone):
    """Plugins that misbehave by the list, then behave; tokens that their owner took back cannot be locked."""

    def hook(world, command):
        if isinstance(command, out.SignRedemption):
            assert review_redemption(world.engine.state, command.invoice) == ()
        if isinstance(command, out.CommitRedemptions) and gone & set(command.request_ids):
            world.answered[command.command_id] = [_failure(command)]
            return world.answered[command.command_id]
        failure = _failure(command)
        if failure is None or not mood:
            return None
        match mood.pop(0):
            case "fail":
                world.answered[command.command_id] = [failure]
                return [failure]
            case "late":
                world.answered[command.command_id] = world._perform(command)
                return []
            case "silent":
                return []
        return None

    return hook


def act(world, deed, number, gone):
    match deed:
        case ("sell", account, tenths):
            if free(world, account) >= tenths * ATOMS // 10:
                world.redeem(account, f"{tenths / 10}")
                world.sell(account, f"{tenths / 10}", f"n{number}")
        case ("buy", account, amount):
            world.order(account, str(amount), f"n{number}")
            world.deposit(account, str(amount))
        case ("cancel", account, _):
            world.cancel(account, f"n{number - 1}")
        case ("withdraw", account, _):
            take_back(world, account, gone)
        case ("play", _, count):
            play(world, count)
        case ("tick", _, seconds):
            world.tick(seconds)
        case (kill_or_solve, _, _):
            (world.restart if kill_or_solve == "kill" else world.solve)()


def take_back(world, account, gone):
    """The user cancels on the gate whatever it has not been asked to lock."""
    locked = {number for command in world.sent(out.CommitRedemptions) for number in command.request_ids}
    for lot in list(world.engine.state.token_lots.values()):
        if lot.account == account and lot.state == "CONFIRMED" and lot.request_id not in locked | gone:
            gone.add(lot.request_id)
            world.submit(ev.RedemptionWithdrawn(chain_id=CHAIN, gate=GATE, request_id=lot.request_id))


def play(world, count):
    for _ in range(count):
        if world.inbox:
            for event in world.answer(world.inbox.popleft()):
                world.submit(event)


def free(world, account):
    """Index units in the user's wallet: minted, not given away, or returned."""
    orders = [order for order in world.engine.state.orders.values() if order.account == account]
    minted = sum(order.units for order in orders if order.state is OrderState.MINTED)
    given = [lot for lot in world.engine.state.token_lots.values() if lot.account == account and lot.state != "GONE"]
    returned = sum(order.redemption.returned for order in orders if order.redemption and order.state.final)
    return minted - sum(lot.amount for lot in given) + returned


def operate(world):
    """A person mends what cannot go on by itself."""
    for payout in list(world.engine.state.payouts.values()):
        if payout.stage == "FAILED":
            world.submit(ev.PayoutRestarted(payout_id=payout.payout_id, operator="ann", reason="mended"))


@settings(max_examples=50, deadline=None)
@given(session=st.lists(deeds, max_size=40), mood=moods)
def test_whatever_happens_every_sale_ends_and_nothing_is_lost(session, mood):
    config = SolverConfig(settlement_attempts=100, routing_attempts=100)
    world = holder(*USERS, config=config)
    gone: set[int] = set()
    left = list(mood)
    world.hooks.append(moody(left, gone))
    for number, deed in enumerate(session):
        act(world, deed, number, gone)
    left.clear()
    world.restart()
    world.now += 3600 * SECOND
    for _ in range(40):
        operate(world)
        world.run(1)
    assert not world.engine.state.open_orders
    assert world.engine.pending() == ()
    ledger = world.engine.ledger
    assert {account.bucket for account, _ in ledger if account.kind == "USER"} <= {"confirmed"}
    given = sum(lot.amount for lot in world.engine.state.token_lots.values() if lot.state != "GONE")
    kept = sum(amount for account, amount in ledger if account.asset == TOKEN and account.kind == "USER")
    burned = balance(world, accounts.burned(CHAIN, TOKEN))
    assert given == burned + kept + wallet(world, TOKEN)
    sold = sum(order.units for order in world.engine.state.orders.values() if order.side == "SELL")
    assert burned == sold == sum(one.burned for one in world.redeemed.values())
    assert world.engine.state.indices["TOP2"].sold == sold
    fresh = SolverEngine()
    for event, sequence, at in world.journal:
        fresh.apply(event, sequence=sequence, at=at)
    assert fresh.dump() == world.engine.dump()


def test_a_session_of_sales_really_sells():
    world = holder(*USERS)
    for number, account in enumerate(USERS):
        act(world, ("sell", account, 20), number, set())
    world.run(5)
    assert balance(world, accounts.burned(CHAIN, TOKEN)) == amt("4")
