"""What each key can do, and what a thief of it cannot."""

from __future__ import annotations

import pytest

from contracts.gate_world import HOUR, ROUTE_ID, TOKEN, USDC, GateWorld, deploy, gate_config, reverts
from indexmaker_evm.contracts import role

pytestmark = pytest.mark.integration


def test_a_stolen_keeper_key_moves_money_only_to_listed_routes(world: GateWorld) -> None:
    request_id = world.request(100 * USDC)
    with reverts("IndexGate", "RouteUnknown"):
        world.commit(request_id, route_id=2)
    with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
        world.send(world.gate.functions.setRoute(2, world.keeper), world.keeper)
    world.commit(request_id)
    assert world.balance(world.route.address) == 100 * USDC


def test_a_stolen_keeper_key_cannot_get_money_out_of_the_route(world: GateWorld) -> None:
    world.committed(100 * USDC)
    now = world.now()
    bridge = world.route.functions.bridge(100 * USDC, 100 * USDC, now, now + HOUR, 1)
    with reverts("AcrossRoute", "OnlyRouter"):
        world.send(bridge, world.keeper)
    with reverts("AcrossRoute", "OnlyRouterOrOwner"):
        world.send(world.route.functions.giveBack(world.gate.address, USDC), world.keeper)


def test_a_stolen_keeper_key_can_neither_mint_nor_take_the_bond(world: GateWorld) -> None:
    invoice = world.invoice(world.committed(100 * USDC), spent=100 * USDC, out=TOKEN)
    with reverts("IndexGate", "InvalidSignature"):
        world.settle(invoice, signature=world.sign(invoice, signer=1))
    with reverts("IndexToken", "OnlyGate"):
        world.send(world.token.functions.mint(world.keeper, TOKEN), world.keeper)
    with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
        world.send(world.gate.functions.withdrawBond(0, world.keeper), world.keeper)


def test_outflow_is_capped_and_refills_with_time(world: GateWorld) -> None:
    first, second = world.request(80_000 * USDC), world.request(40_000 * USDC)
    world.commit(first)
    with reverts("IndexGate", "RateLimitExceeded"):
        world.commit(second)
    world.pass_time(HOUR)
    world.commit(second)


def test_the_same_request_twice_in_one_commitment_is_refused(world: GateWorld) -> None:
    request_id = world.request(100 * USDC)
    world.request(100 * USDC)
    with reverts("IndexGate", "WrongState"):
        world.commit(request_id, request_id)


def test_only_the_keeper_commits(world: GateWorld) -> None:
    request_id = world.request(100 * USDC)
    for sender in (world.user, world.issuer, world.router):
        with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
            world.commit(request_id, sender=sender)


def test_a_listed_route_waits_for_its_delay_and_never_changes_its_destination(world: GateWorld) -> None:
    gate = deploy(world.w3, "IndexGate", gate_config(world.usdc.address, world.admin, routeDelay=2 * 24 * HOUR))
    world.send(gate.functions.grantRole(role("KEEPER"), world.keeper), world.admin)
    world.send(gate.functions.setRoute(ROUTE_ID, world.route.address), world.admin)
    with reverts("IndexGate", "RouteTaken"):
        world.send(gate.functions.setRoute(ROUTE_ID, world.admin), world.admin)
    world.send(world.usdc.functions.approve(gate.address, USDC), world.user)
    world.send(gate.functions.requestDeposit(USDC, world.user, world.user), world.user)
    with reverts("IndexGate", "RouteNotActive"):
        world.send(gate.functions.commit([1], ROUTE_ID), world.keeper)
    world.pass_time(2 * 24 * HOUR)
    world.send(gate.functions.commit([1], ROUTE_ID), world.keeper)


def test_a_removed_route_is_closed_at_once_and_its_id_stays_used(world: GateWorld) -> None:
    request_id = world.request(USDC)
    world.send(world.gate.functions.removeRoute(ROUTE_ID), world.admin)
    with reverts("IndexGate", "RouteUnknown"):
        world.commit(request_id)
    with reverts("IndexGate", "RouteTaken"):
        world.send(world.gate.functions.setRoute(ROUTE_ID, world.route.address), world.admin)


def test_the_guardian_pauses_and_only_the_admin_resumes(world: GateWorld) -> None:
    request_id = world.request(USDC)
    world.pause()
    with reverts("IndexGate", "EnforcedPause"):
        world.commit(request_id)
    with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
        world.send(world.gate.functions.unpause(), world.dataworker)
    world.send(world.gate.functions.unpause(), world.admin)
    world.commit(request_id)
