"""Deploying indices by the factory."""

from __future__ import annotations

from typing import Any

import pytest
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3.contract import Contract
from web3.logs import DISCARD

from contracts.gate_world import HOUR, NOBODY, ROUTE_ID, USDC, GateWorld, deploy, gate_config, reverts
from indexmaker_evm.contracts import artifact, role

pytestmark = pytest.mark.integration

CODE = HexBytes(artifact("IndexGate").bytecode)


@pytest.fixture
def factory(world: GateWorld) -> Contract:
    made = deploy(world.w3, "IndexFactory", world.admin, 0, keccak(CODE))
    world.send(made.functions.grantRole(role("CREATOR"), world.keeper), world.admin)
    world.send(world.route.functions.setRegistrar(made.address), world.admin)
    world.send(made.functions.setTemplate(template(world), world.route.address), world.admin)
    return made


def template(world: GateWorld) -> tuple[Any, ...]:
    return gate_config(
        world.usdc.address,
        world.admin,
        name="",
        symbol="",
        keeper=world.keeper,
        issuer=world.issuer,
        curator=world.other,
        guardian=world.dataworker,
        route=world.route.address,
    )


def create(
    world: GateWorld, factory: Contract, *, symbol: str = "AI7", curator: str = NOBODY, sender: str = ""
) -> Contract:
    call = factory.functions.createIndex(symbol, f"Index {symbol}", curator, CODE)
    receipt = world.send(call, sender or world.keeper)
    (event,) = factory.events.IndexCreated().process_receipt(receipt, errors=DISCARD)
    assert event["args"]["symbol"] == symbol
    gate = world.w3.eth.contract(address=event["args"]["gate"], abi=artifact("IndexGate").abi)
    assert gate.functions.token().call() == event["args"]["token"]
    assert factory.functions.gateOf(symbol).call() == gate.address
    return gate


def test_one_transaction_makes_a_gate_that_works(world: GateWorld, factory: Contract) -> None:
    gate = create(world, factory)
    token = world.w3.eth.contract(address=gate.functions.token().call(), abi=artifact("IndexToken").abi)
    assert token.functions.symbol().call() == "AI7"
    assert token.functions.name().call() == "Index AI7"
    world.send(world.usdc.functions.approve(gate.address, 100 * USDC), world.user)
    world.send(gate.functions.requestDeposit(100 * USDC, world.user, world.user), world.user)
    world.send(gate.functions.commit([1], ROUTE_ID), world.keeper)
    assert world.balance(world.route.address) == 100 * USDC
    world.send(world.route.functions.giveBack(gate.address, 100 * USDC), world.router)


def test_roles_come_from_the_template_and_the_curator_from_the_call(world: GateWorld, factory: Contract) -> None:
    gate = create(world, factory).functions
    own = create(world, factory, symbol="OWN", curator=world.user).functions
    assert gate.hasRole(role("CURATOR"), world.other).call()
    assert own.hasRole(role("CURATOR"), world.user).call()
    assert not own.hasRole(role("CURATOR"), world.other).call()
    for one in (gate, own):
        assert one.hasRole(role("KEEPER"), world.keeper).call()
        assert one.hasRole(role("ISSUER"), world.issuer).call()
        assert one.hasRole(role("GUARDIAN"), world.dataworker).call()
        assert one.owner().call() == world.admin
        assert one.settleWindow().call() == HOUR


def test_a_symbol_is_given_once_and_never_empty(world: GateWorld, factory: Contract) -> None:
    create(world, factory)
    with reverts("IndexFactory", "SymbolTaken"):
        create(world, factory)
    with reverts("IndexFactory", "SymbolEmpty"):
        create(world, factory, symbol="")


def test_no_other_code_than_the_gates_is_deployed(world: GateWorld, factory: Contract) -> None:
    call = factory.functions.createIndex("AI7", "Index", NOBODY, HexBytes(artifact("TestUSDC").bytecode))
    with reverts("IndexFactory", "WrongGateCode"):
        world.send(call, world.keeper)


def test_a_stolen_creators_key_changes_nothing_of_the_template(world: GateWorld, factory: Contract) -> None:
    with reverts("IndexFactory", "AccessControlUnauthorizedAccount"):
        world.send(factory.functions.setTemplate(template(world), NOBODY), world.keeper)


def test_only_a_creator_deploys(world: GateWorld, factory: Contract) -> None:
    for stranger in (world.user, world.issuer, world.admin):
        with reverts("IndexFactory", "AccessControlUnauthorizedAccount"):
            create(world, factory, sender=stranger)


def test_without_a_template_nothing_is_deployed(world: GateWorld) -> None:
    bare = deploy(world.w3, "IndexFactory", world.admin, 0, keccak(CODE))
    world.send(bare.functions.grantRole(role("CREATOR"), world.keeper), world.admin)
    with reverts("IndexFactory", "DeploymentFailed"):
        create(world, bare)


def test_a_gate_fits_what_a_chain_takes() -> None:
    gate = artifact("IndexGate")
    assert len(HexBytes(gate.deployed_bytecode)) <= 24_576
    assert len(CODE) + 32 * 64 <= 49_152
