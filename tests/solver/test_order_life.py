"""From order and deposit to mint, the door, and the same answer to the same order."""

import pytest

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    ExecType,
    IndexState,
    OrderState,
    RejectReason,
    Side,
)
from solver.world import ALICE, BOB, CHAIN, amt, make_world


def minted(world, account=ALICE, client_order_id="one"):
    report = world.last(account, client_order_id)
    assert report.state is OrderState.MINTED, report
    return world.engine.order(account, client_order_id).invoice


@pytest.mark.parametrize("deposit_first", [True, False])
def test_order_and_deposit_meet_whichever_comes_first(deposit_first):
    world = make_world()
    if deposit_first:
        world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    if not deposit_first:
        assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
        world.deposit(ALICE, "100")
    world.run()
    invoice = minted(world)
    assert invoice.spent + invoice.fee + invoice.refund == amt("100")
    assert invoice.units > amt("0.5")


def test_every_change_of_an_order_is_reported_once_and_in_order():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    states = [r.state for r in world.told(out.IndexOrderReport)]
    expected = ["PENDING_COLLATERAL", "ROUTING", "READY", "ENGAGED", "READY", "MINTABLE", "MINT_SUBMITTED", "MINTED"]
    assert states == expected
    types = [r.exec_type for r in world.told(out.IndexOrderReport)]
    assert types[0] is ExecType.NEW
    assert types[-4:] == [ExecType.PARTIAL_FILL, ExecType.FILL, ExecType.STATUS, ExecType.MINTED]


def test_after_the_mint_the_user_holds_nothing_here_and_the_assets_back_the_units():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "150")
    world.run()
    invoice = minted(world)
    balances = {str(account): balance for account, balance in world.engine.ledger}
    assert not [name for name in balances if name.startswith("USER")]
    lots = {lot.asset: lot.quantity for lot in invoice.lots}
    assert balances["HOUSE/index:TOP2/backing@venue:binance:BTC"] == lots["BTC"]
    assert balances[f"EXTERNAL/wallets/refunds@chain:{CHAIN}:USDC"] == invoice.refund
    assert invoice.refund > amt("50")
    assert world.engine.pending() == ()


def test_one_request_funds_one_order_and_its_excess_comes_back():
    world = make_world()
    world.deposit(ALICE, "300")
    world.order(ALICE, "100", "first")
    world.order(ALICE, "100", "second")
    assert world.last(ALICE, "second").state is OrderState.PENDING_COLLATERAL
    world.run()
    assert minted(world, client_order_id="first").refund > amt("200")
    assert world.last(ALICE, "second").state is OrderState.PENDING_COLLATERAL


def test_order_takes_the_oldest_deposit_that_is_large_enough():
    world = make_world()
    for amount in ("50", "200", "100"):
        world.deposit(ALICE, amount)
    world.order(ALICE, "100")
    world.run()
    assert minted(world).deposit == amt("200")


def test_deposit_of_another_account_or_gate_funds_nothing():
    world = make_world()
    world.deposit(BOB, "100")
    world.deposit(ALICE, "100", gate="0x" + "cd" * 20)
    world.order(ALICE, "100")
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL


REFUSALS = [
    ({"amount": 0}, RejectReason.AMOUNT_NOT_POSITIVE),
    ({"amount": -amt("5")}, RejectReason.AMOUNT_NOT_POSITIVE),
    ({"amount": amt("10.0000001")}, RejectReason.AMOUNT_PRECISION),
    ({"amount": amt("9.999999")}, RejectReason.AMOUNT_BELOW_MINIMUM),
    ({"amount": amt("1000.000001")}, RejectReason.AMOUNT_ABOVE_MAXIMUM),
    ({"index": "NONE"}, RejectReason.UNKNOWN_INDEX),
    ({"index": "OFF"}, RejectReason.INDEX_NOT_ACTIVE),
    ({"expires_at": 5}, RejectReason.EXPIRY_IN_PAST),
    ({"max_price": -1}, RejectReason.BAD_LIMIT),
    ({"account": "8453:0x" + "a1" * 20}, RejectReason.WRONG_CHAIN),
    ({"account": "42161:alice"}, RejectReason.BAD_ACCOUNT),
    ({"client_order_id": "../etc"}, RejectReason.BAD_CLIENT_ORDER_ID),
]


@pytest.mark.parametrize(("change", "reason"), REFUSALS)
def test_the_door_refuses_with_a_reason(change, reason):
    world = make_world()
    world.create_index(min_order=amt("10"), max_order=amt("1000"))
    world.create_index("OFF", gate="0x" + "0f" * 20)
    world.submit(ev.IndexStateChanged(symbol="OFF", state=IndexState.PAUSED))
    values = {
        "client_order_id": "one",
        "account": ALICE,
        "side": Side.BUY,
        "index": "TOP2",
        "amount": amt("100"),
    }
    (answer,) = world.submit(ev.OrderSubmitted(**values | change))
    assert (answer.exec_type, answer.reason) == (ExecType.REJECTED, reason)
    assert answer.text
    world.deposit(ALICE, "100")
    world.run()
    assert world.commands == []


def test_same_client_order_id_gets_the_first_answer_again():
    world = make_world()
    world.order(ALICE, "100")
    world.deposit(ALICE, "100")
    world.run()
    first = world.told(out.IndexOrderReport)[0]
    world.order(ALICE, "777")
    assert world.told(out.IndexOrderReport)[-1] == first
    assert len(world.engine.pending()) == 0


def test_client_order_ids_of_two_accounts_do_not_meet():
    world = make_world()
    world.order(ALICE, "100")
    world.order(BOB, "100")
    assert [r.exec_type for r in world.told(out.IndexOrderReport)] == [ExecType.NEW, ExecType.NEW]
