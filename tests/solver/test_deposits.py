"""Deposits: credited by finality, taken back by a reorg, withdrawn on the gate."""

import msgspec

from indexmaker.solver import SolverConfig
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.config import FinalityTier
from indexmaker.solver.state import LotState
from indexmaker.solver.vocabulary import (
    CommitFailure,
    Finality,
    OrderState,
    TransferState,
)
from solver.world import ALICE, BOB, CHAIN, GATE, amt, make_world


def minted(world, account=ALICE, client_order_id="one"):
    report = world.last(account, client_order_id)
    assert report.state is OrderState.MINTED, report
    return world.engine.order(account, client_order_id).invoice


def _fields(event):
    return {name: getattr(event, name) for name in event.__struct_fields__}


def test_deposit_is_credited_at_the_finality_its_size_needs():
    tiers = (
        FinalityTier(amount=0, finality=Finality.CONFIRMED),
        FinalityTier(amount=amt("1000"), finality=Finality.FINAL),
    )
    world = make_world(SolverConfig(finality=tiers))
    world.order(ALICE, "100")
    seen = world.deposit(ALICE, "100", Finality.SEEN)
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    world.submit(ev.DepositSeen(**_fields(seen) | {"finality": Finality.CONFIRMED}))
    assert world.last(ALICE).state is OrderState.ROUTING
    world.order(BOB, "2000")
    big = world.deposit(BOB, "2000", Finality.SAFE)
    assert world.last(BOB).state is OrderState.PENDING_COLLATERAL
    world.submit(ev.DepositSeen(**_fields(big) | {"finality": Finality.FINAL}))
    assert world.last(BOB).state is OrderState.ROUTING


def test_retracted_deposit_sends_its_order_back_to_wait():
    world = make_world()
    world.order(ALICE, "100")
    deposit = world.deposit(ALICE, "100")
    world.tick()
    world.submit(ev.DepositRetracted(chain_id=CHAIN, tx_hash=deposit.tx_hash, log_index=0))
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    assert world.user_money() == 0
    world.play()
    assert world.sent(out.CommitCollateral) == []
    world.submit(deposit)
    world.run()
    minted(world)


def test_deposit_withdrawn_on_the_gate_cannot_come_again():
    world = make_world()
    deposit = world.deposit(ALICE, "100")
    world.submit(ev.DepositWithdrawn(chain_id=CHAIN, gate=GATE, request_id=1))
    world.submit(deposit)
    assert world.user_money() == 0


def test_a_retraction_of_an_older_block_does_not_take_back_a_deposit_that_came_again():
    world = make_world()
    world.create_index()
    seen = world.deposit(ALICE, "100")
    again = msgspec.structs.replace(seen, block_hash="0xb2")
    world.submit(again)
    place = {"chain_id": seen.chain_id, "tx_hash": seen.tx_hash, "log_index": seen.log_index}
    world.submit(ev.DepositRetracted(**place, block_hash="0xb1"))
    assert next(iter(world.engine.state.lots.values())).state is LotState.CONFIRMED
    world.submit(ev.DepositRetracted(**place, block_hash="0xb2"))
    assert next(iter(world.engine.state.lots.values())).state is LotState.GONE


def test_a_deposit_withdrawn_while_its_commit_is_on_the_way_is_gone_once_the_commit_has_failed():
    world = make_world()
    world.create_index()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.CommitCollateral) else None)
    seen = world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    world.run(3)
    (commit,) = [command for command in world.commands if isinstance(command, out.CommitCollateral)]
    world.submit(ev.DepositWithdrawn(chain_id=seen.chain_id, gate=seen.gate, request_id=seen.request_id))
    (lot,) = world.engine.state.lots.values()
    assert lot.state is LotState.CONFIRMED
    failure = CommitFailure.REQUEST_GONE
    world.submit(ev.CommitFailed(command_id=commit.command_id, reason="NotPending", failure=failure))
    assert lot.state is LotState.GONE
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    world.submit(seen)
    assert lot.state is LotState.GONE


def test_a_deposit_that_a_reorg_took_and_brought_back_during_its_commit_survives_the_failure_of_the_commit():
    world = make_world()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.CommitCollateral) else None)
    seen = world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    world.run(3)
    (commit,) = world.sent(out.CommitCollateral)
    world.submit(ev.DepositRetracted(chain_id=CHAIN, tx_hash=seen.tx_hash, log_index=0))
    world.submit(msgspec.structs.replace(seen, finality=Finality.FINAL, block_hash="0xb2"))
    world.submit(ev.CommitFailed(command_id=commit.command_id, reason="out of gas"))
    (lot,) = world.engine.state.lots.values()
    assert lot.state is LotState.CONFIRMED
    assert world.user_money() == amt("100")


def test_a_credit_smaller_than_announced_is_booked_as_credited_and_alarmed():
    world = make_world()
    world.create_index()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.StartTransfer) else None)
    world.deposit(ALICE, "100")
    world.order(ALICE, "100")
    world.run(3)
    (start,) = [command for command in world.commands if isinstance(command, out.StartTransfer)]
    record = {"venue": "binance", "asset": "USDC", "tx_hash": "0xpay", "deposit_id": "d1"}
    moved = ev.TransferUpdated(transfer_id=start.transfer_id, state=TransferState.ARRIVED, hop_tx_hashes=("0xpay",))
    world.submit(moved)
    world.submit(ev.VenueDepositSeen(**record, amount=amt("9000"), credited=False))
    world.submit(ev.VenueDepositSeen(**record, amount=amt("1"), credited=True))
    assert any(isinstance(report, out.Alert) and report.kind == "SHORT_ARRIVAL" for report in world.reports)
    assert world.engine.ledger.balanced()
    (deposit,) = world.engine.state.venue_deposits.values()
    assert deposit.amount == amt("1")
