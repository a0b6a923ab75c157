"""What a depositor gets when a committed request is not settled in time."""

from __future__ import annotations

import pytest

from contracts.gate_world import HOUR, USDC, GateWorld, reverts
from indexmaker_evm.contracts import RequestState

pytestmark = pytest.mark.integration


def post_bond(world: GateWorld, assets: int) -> None:
    world.send(world.gate.functions.postBond(assets), world.keeper)


def default(world: GateWorld, assets: int) -> int:
    request_id = world.committed(assets)
    world.pass_time(HOUR + 1)
    world.send(world.gate.functions.markDefault(request_id), world.other)
    return request_id


def test_a_default_cannot_be_declared_inside_the_settle_window(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    world.pass_time(HOUR - 10)
    with reverts("IndexGate", "NotDefaultedYet"):
        world.send(world.gate.functions.markDefault(request_id), world.user)


def test_a_default_is_paid_from_the_bond_also_while_paused(world: GateWorld) -> None:
    before = world.balance(world.user)
    post_bond(world, 150 * USDC)
    request_id = world.committed(100 * USDC)
    world.pause()
    world.pass_time(HOUR + 1)
    world.send(world.gate.functions.markDefault(request_id), world.other)
    assert world.balance(world.user) == before
    assert world.gate.functions.bond().call() == 50 * USDC
    assert world.state(request_id) == RequestState.DEFAULTED


def test_what_a_small_bond_leaves_is_paid_when_money_comes(world: GateWorld) -> None:
    before = world.balance(world.user)
    post_bond(world, 30 * USDC)
    request_id = default(world, 100 * USDC)
    assert world.balance(world.user) == before - 70 * USDC
    assert world.gate.functions.unpaid().call() == 70 * USDC
    post_bond(world, 100 * USDC)
    world.send(world.gate.functions.payDefault(request_id), world.other)
    assert world.balance(world.user) == before
    with reverts("IndexGate", "NothingOwed"):
        world.send(world.gate.functions.payDefault(request_id), world.other)


def test_nothing_is_committed_while_a_default_is_unpaid(world: GateWorld) -> None:
    default(world, 100 * USDC)
    waiting = world.request(50 * USDC)
    with reverts("IndexGate", "UnpaidDefaults"):
        world.commit(waiting)


def test_a_defaulted_request_cannot_be_settled(world: GateWorld) -> None:
    request_id = default(world, 100 * USDC)
    with reverts("IndexGate", "WrongState"):
        world.settle(world.invoice(request_id, back=100 * USDC))


def test_collateral_given_back_by_the_route_pays_the_default(world: GateWorld) -> None:
    before = world.balance(world.user)
    request_id = default(world, 100 * USDC)
    world.send(world.route.functions.giveBack(world.gate.address, 100 * USDC), world.router)
    world.send(world.gate.functions.bookSurplus(), world.other)
    world.send(world.gate.functions.payDefault(request_id), world.other)
    assert world.balance(world.user) == before
    assert world.gate.functions.solvent().call()


def test_the_bond_cannot_leave_while_depositors_depend_on_it(world: GateWorld) -> None:
    post_bond(world, 100 * USDC)
    withdraw = world.gate.functions.withdrawBond(100 * USDC, world.admin)
    request_id = world.committed(100 * USDC)
    with reverts("IndexGate", "CommittedOutstanding"):
        world.send(withdraw, world.admin)
    world.settle(world.invoice(request_id, back=100 * USDC))
    with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
        world.send(withdraw, world.keeper)
    world.send(withdraw, world.admin)
    assert world.balance(world.admin) == 100 * USDC
