"""Rules of the way back: a withdrawal is booked once, bridged to one recipient, tried again when refunded."""

from __future__ import annotations

from pathlib import Path

import pytest

from across.session import OPERATOR, USDC, Session
from across.world import CONFIG, KEEPER, Killed
from indexmaker_across import events as ev
from indexmaker_across.errors import CancelTooLateError, IdReusedError
from indexmaker_across.judgement import withdrawn
from indexmaker_across.machine import MOST_ROUNDS
from indexmaker_across.relay import Payment
from indexmaker_across.transfer import Phase, Position, Transfer, position


async def perform(session: Session, *operations: str) -> list[Transfer]:
    for operation in operations:
        await session.perform(operation)
    return session.transfers()


async def test_a_return_waits_for_its_withdrawal_and_ends_with_what_was_filled(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    (waiting,) = await perform(session, "step", "mine", "step")
    assert (waiting.phase, waiting.deposit) == (Phase.COLLECTING, None)
    (bridging,) = await perform(session, "withdraw", "step", "step", "mine", "step")
    assert bridging.phase is Phase.FILLING
    (done,) = await perform(session, "fill", "step")
    assert (done.phase, done.received) == (Phase.COMPLETED, session.world.keeper)
    (fill,) = session.world.fills
    assert fill.recipient == KEEPER
    assert position(done) == Position(delivered=done.received, fees=70 * USDC - done.received)


async def test_money_that_came_in_the_same_transaction_belongs_to_the_transfer_of_its_amount(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70, tx_hash="0xw")
    await session.start_return("b-2", dollars=30, tx_hash="0xw")
    session.world.withdraw("0xw", 30 * USDC, 70 * USDC)
    transfers = await perform(session, "step", "step")
    assert [transfer.collected for transfer in transfers] == [70 * USDC, 30 * USDC]


async def test_one_payment_is_booked_for_one_transfer_only_even_after_a_restart(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70, tx_hash="0xw")
    session.world.withdraw("0xw", 70 * USDC)
    await perform(session, "step", "restart")
    await session.start_return("b-2", dollars=70, tx_hash="0xw")
    session.world.back_route += 70 * USDC  # money of others is there, but no payment of this transaction
    _, second = await perform(session, "step", "step")
    assert (second.phase, second.alarm) == (Phase.COLLECTING, True)
    assert "nothing more" in second.reason


@pytest.mark.parametrize("killed", ["die_before", "die_after"])
async def test_a_death_around_the_booking_books_it_once(tmp_path: Path, killed: str) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    await perform(session, "withdraw", killed)
    with pytest.raises(Killed):
        await session.perform("step")
    session.restart()
    await session.settle()
    (done,) = session.transfers()
    assert (done.phase, session.world.back_route) == (Phase.COMPLETED, 0)
    assert len(session.world.deposits) == 1


async def test_a_failed_withdrawal_calls_an_operator(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    session.world.withdraw("0xb-1", failed=True)
    (stuck,) = await perform(session, "step")
    assert (stuck.alarm, stuck.reason) == (True, "the withdrawal's transaction failed")


async def test_a_withdrawal_that_brought_less_is_sent_on_only_when_an_operator_says_so(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    session.world.withdraw("0xb-1", 60 * USDC)
    (less,) = await perform(session, "step", "step")
    assert (less.phase, less.alarm, less.collected) == (Phase.CREATED, True, 60 * USDC)
    assert "brought 60 USDC, not 70" in less.reason
    session.desk.resolve("b-1", ev.Retried(**OPERATOR))
    await session.settle()
    (done,) = session.transfers()
    assert (done.phase, done.received) == (Phase.COMPLETED, session.world.keeper)
    assert position(done).total == 60 * USDC


async def test_a_withdrawal_that_brought_more_is_sent_on_whole(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    session.world.withdraw("0xb-1", 71 * USDC)
    await session.settle()
    (done,) = session.transfers()
    assert (done.phase, done.alarm) == (Phase.COMPLETED, False)
    assert (session.world.back_route, session.world.keeper) == (0, done.received)
    assert done.received > 70 * USDC


async def test_a_return_that_nobody_fills_is_tried_again_by_itself_and_then_an_operator_is_called(
    tmp_path: Path,
) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    await perform(session, "withdraw", "step")
    for _ in range(MOST_ROUNDS):
        await perform(session, "step", "step", "mine", "step", "expire", "step", "refund", "step", "step")
    (stuck,) = session.transfers()
    assert (stuck.phase, stuck.alarm, stuck.round_number) == (Phase.CREATED, True, MOST_ROUNDS)
    assert session.world.back_route == 70 * USDC
    session.desk.resolve("b-1", ev.Retried(**OPERATOR))
    await session.settle()
    assert session.transfers()[0].phase is Phase.COMPLETED
    assert len(session.world.deposits) == MOST_ROUNDS + 1


@pytest.mark.parametrize("by_others", [False, True], ids=["by us", "by somebody else"])
async def test_a_deferred_refund_is_claimed_and_then_tried_again(tmp_path: Path, by_others: bool) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    await perform(session, "withdraw", "step", "step", "mine", "step", "expire", "step", "defer")
    if by_others:
        session.world.on_submit = lambda: session._happen("claim")
    await perform(session, "step", "step")
    session.world.on_submit = lambda: None
    await session.settle()
    (done,) = session.transfers()
    assert (done.phase, done.alarm, len(session.world.deposits)) == (Phase.COMPLETED, False, 2)


async def test_one_claim_serves_every_refund_that_waits(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    await session.start("t-2", dollars=250)
    operations = ("step", "step", "mine", "step", "expire", "step", "defer", "step", "step", "mine", "step")
    transfers = await perform(session, *operations)
    assert [transfer.phase for transfer in transfers] == [Phase.REFUNDED, Phase.REFUNDED]
    assert session.world.route == 350 * USDC


async def test_what_has_left_the_venue_cannot_be_cancelled_and_keeps_its_terms(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    with pytest.raises(CancelTooLateError):
        session.desk.cancel("b-1")
    session.started.clear()
    with pytest.raises(IdReusedError):
        await session.start_return("b-1", dollars=70, tx_hash="0xother")


async def test_an_abandoned_return_keeps_its_place_and_moves_no_more(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    session.world.withdraw("0xb-1", 60 * USDC)
    await perform(session, "step")
    session.desk.resolve("b-1", ev.Abandoned(**OPERATOR))
    (given_up,) = await perform(session, "step", "step")
    assert (given_up.phase, given_up.closed, given_up.deposit) == (Phase.CREATED, True, None)


async def test_the_two_ways_do_not_touch_each_others_money(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start("t-1", dollars=100)
    await session.start_return("b-1", dollars=70)
    session.world.route, session.world.back_route = 0, 500 * USDC
    out, back = await perform(session, "step", "step")
    assert (out.deposit, back.deposit) == (None, None)


async def test_a_withdrawal_that_does_not_come_calls_an_operator_and_still_counts_when_it_does(tmp_path: Path) -> None:
    session = Session(tmp_path)
    await session.start_return("b-1", dollars=70)
    session.world.time += CONFIG.limits.withdrawal_s + 1
    (late,) = await perform(session, "step")
    assert late.alarm
    (there,) = await perform(session, "withdraw", "step")
    assert not there.alarm
    assert there.collected == 70 * USDC


def payments(*amounts: int) -> list[Payment]:
    return [Payment(tx_hash="0xw", log_index=index, amount=amount) for index, amount in enumerate(amounts)]


def test_several_payments_without_the_amount_are_nobodys() -> None:
    found = withdrawn(70, payments(60, 80))
    assert isinstance(found, str)
    assert "2 payments" in found
    assert withdrawn(70, payments(60, 70, 70)) == payments(60, 70, 70)[1]
    assert withdrawn(70, payments(60)) == payments(60)[0]
