"""The bridge leg: one destination, a bounded fee, and a way back to the gate only."""

from __future__ import annotations

import pytest
from web3.logs import DISCARD
from web3.types import TxReceipt

from contracts.gate_world import BASE, HOUR, USDC, GateWorld, padded, reverts
from indexmaker_evm.devnet.relayer import BridgeDeposit

pytestmark = pytest.mark.integration


@pytest.fixture
def funded(world: GateWorld) -> GateWorld:
    world.committed(100 * USDC)
    return world


def bridge(world: GateWorld, *, amount: int = 100 * USDC, output: int = 99 * USDC, nonce: int = 7) -> TxReceipt:
    now = world.now()
    return world.send(world.route.functions.bridge(amount, output, now, now + HOUR, nonce), world.router)


def deposit_of(world: GateWorld, receipt: TxReceipt) -> BridgeDeposit:
    (event,) = world.pool.events.FundsDeposited().process_receipt(receipt, errors=DISCARD)
    fields = event["args"]
    return BridgeDeposit(
        depositor=fields["depositor"],
        recipient=fields["recipient"],
        exclusive_relayer=fields["exclusiveRelayer"],
        input_token=fields["inputToken"],
        output_token=fields["outputToken"],
        input_amount=fields["inputAmount"],
        output_amount=fields["outputAmount"],
        origin_chain_id=world.w3.eth.chain_id,
        deposit_id=fields["depositId"],
        fill_deadline=fields["fillDeadline"],
        exclusivity_deadline=fields["exclusivityDeadline"],
        message=fields["message"],
        destination_chain_id=fields["destinationChainId"],
    )


def test_everything_of_the_deposit_but_amount_and_time_is_fixed(funded: GateWorld) -> None:
    deposit = deposit_of(funded, bridge(funded))
    assert deposit.depositor == padded(funded.route.address)
    assert deposit.recipient == padded(funded.router)
    assert deposit.destination_chain_id == BASE
    assert deposit.exclusive_relayer == bytes(32)
    assert deposit.exclusivity_deadline == 0
    assert deposit.message == b""
    assert funded.balance(funded.route.address) == 0


def test_the_deposit_id_follows_from_the_nonce_before_anything_is_sent(funded: GateWorld) -> None:
    expected = funded.route.functions.depositIdOf(7).call()
    pool_says = funded.pool.functions.getUnsafeDepositId(funded.route.address, padded(funded.route.address), 7).call()
    assert deposit_of(funded, bridge(funded, nonce=7)).deposit_id == expected == pool_says


def test_only_the_router_bridges(funded: GateWorld) -> None:
    now = funded.now()
    call = funded.route.functions.bridge(USDC, USDC, now, now + HOUR, 1)
    for sender in (funded.admin, funded.keeper, funded.user):
        with reverts("AcrossRoute", "OnlyRouter"):
            funded.send(call, sender)


def test_a_fee_above_the_cap_is_refused_to_the_unit(funded: GateWorld) -> None:
    with reverts("AcrossRoute", "FeeAboveCap"):
        bridge(funded, output=99 * USDC - 1)
    bridge(funded, output=99 * USDC)


def test_one_nonce_moves_money_once(funded: GateWorld) -> None:
    bridge(funded, amount=40 * USDC, output=40 * USDC, nonce=7)
    with reverts("AcrossRoute", "AlreadyBridged"):
        bridge(funded, amount=40 * USDC, output=40 * USDC, nonce=7)


def test_a_deposit_that_could_only_expire_is_refused(funded: GateWorld) -> None:
    now = funded.now()
    with reverts("AcrossRoute", "DeadlinePassed"):
        funded.send(funded.route.functions.bridge(USDC, USDC, now, now, 1), funded.router)


@pytest.mark.parametrize("deferred", [False, True])
def test_an_expired_deposit_returns_to_the_route_once(funded: GateWorld, *, deferred: bool) -> None:
    deposit = deposit_of(funded, bridge(funded))
    refund = funded.pool.functions.refundExpired(deposit.relay_data(), BASE, deferred)
    with reverts("MiniSpokePool", "NotExpired"):
        funded.send(refund, funded.dataworker)
    funded.pass_time(HOUR + 1)
    funded.send(refund, funded.dataworker)
    if deferred:
        assert funded.balance(funded.route.address) == 0
        funded.send(funded.route.functions.claimRefund(), funded.other)
    assert funded.balance(funded.route.address) == 100 * USDC
    with reverts("MiniSpokePool", "UnknownDeposit"):
        funded.send(refund, funded.dataworker)


def test_money_goes_back_to_listed_gates_only(funded: GateWorld) -> None:
    with reverts("AcrossRoute", "GateNotAllowed"):
        funded.send(funded.route.functions.giveBack(funded.router, USDC), funded.router)
    with reverts("AcrossRoute", "OnlyOwnerOrRegistrar"):
        funded.send(funded.route.functions.allowGate(funded.router), funded.router)
    funded.send(funded.route.functions.giveBack(funded.gate.address, 100 * USDC), funded.router)
    assert funded.balance(funded.gate.address) == 100 * USDC


def test_a_relay_is_filled_once_and_its_hash_is_the_one_python_computes(world: GateWorld) -> None:
    here = world.w3.eth.chain_id
    deposit = BridgeDeposit(
        depositor=padded(world.route.address),
        recipient=padded(world.router),
        exclusive_relayer=bytes(32),
        input_token=padded(world.usdc.address),
        output_token=padded(world.usdc.address),
        input_amount=100 * USDC,
        output_amount=99 * USDC,
        origin_chain_id=BASE,
        deposit_id=2**255 + 1,
        fill_deadline=world.now() + HOUR,
        exclusivity_deadline=0,
        message=b"",
        destination_chain_id=here,
    )
    world.send(world.usdc.functions.approve(world.pool.address, 200 * USDC), world.other)
    fill = world.pool.functions.fillRelay(deposit.relay_data(), BASE, padded(world.other))
    world.send(fill, world.other)
    assert world.balance(world.router) == 99 * USDC
    assert world.pool.functions.fillStatuses(deposit.relay_hash()).call() == 2
    with reverts("MiniSpokePool", "RelayFilled"):
        world.send(fill, world.other)
