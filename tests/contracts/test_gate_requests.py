"""Asking for index tokens, and taking the request back."""

from __future__ import annotations

import pytest
from eth_account import Account
from web3.logs import DISCARD

from contracts.gate_world import HOUR, USDC, GateWorld, key_of, reverts
from indexmaker_evm.contracts import RequestState, Terms, digest, terms_message

pytestmark = pytest.mark.integration


def terms(world: GateWorld, **changes: int) -> Terms:
    values = {"assets": 100 * USDC, "min_out": 7, "max_fee": USDC, "nonce": 5 << 64, "deadline": world.now() + HOUR}
    return Terms(owner=world.user, controller=world.user, **{**values, **changes})  # type: ignore[arg-type]


def signature(world: GateWorld, order: Terms, *, signer: int = 5) -> bytes:
    message = terms_message(order, chain_id=world.w3.eth.chain_id, gate=world.gate.address)
    return bytes(Account.sign_message(message, key_of(signer)).signature)


def test_a_request_escrows_the_money_and_emits_the_standard_event(world: GateWorld) -> None:
    call = world.gate.functions.requestDeposit(100 * USDC, world.other, world.user)
    receipt = world.send(call, world.user)
    (event,) = world.gate.events.DepositRequest().process_receipt(receipt, errors=DISCARD)
    assert dict(event["args"]) == {
        "controller": world.other,
        "owner": world.user,
        "requestId": 1,
        "sender": world.user,
        "assets": 100 * USDC,
    }
    assert world.gate.functions.escrowed().call() == world.balance(world.gate.address) == 100 * USDC
    assert world.gate.functions.pendingDepositRequest(1, world.other).call() == 100 * USDC
    assert world.gate.functions.pendingDepositRequest(1, world.user).call() == 0


def test_a_plain_request_carries_the_fee_limit_of_the_gate_and_no_least_output(world: GateWorld) -> None:
    receipt = world.send(world.gate.functions.requestDeposit(100 * USDC, world.user, world.user), world.user)
    (event,) = world.gate.events.RequestTerms().process_receipt(receipt, errors=DISCARD)
    assert event["args"]["minOut"] == 0
    assert event["args"]["maxFee"] == 5 * USDC


def test_a_request_may_not_allow_a_higher_fee_than_the_gate(world: GateWorld) -> None:
    with reverts("IndexGate", "FeeLimitTooHigh"):
        world.request(100 * USDC, max_fee=5 * USDC + 1)


def test_nobody_requests_with_the_money_of_another_unless_made_operator(world: GateWorld) -> None:
    call = world.gate.functions.requestDeposit(USDC, world.other, world.user)
    with reverts("IndexGate", "NotOwnerOrOperator"):
        world.send(call, world.other)
    world.send(world.gate.functions.setOperator(world.other, True), world.user)
    world.send(call, world.other)
    assert world.state(1) == RequestState.PENDING


def test_a_token_that_keeps_a_part_of_transfers_is_refused(world: GateWorld) -> None:
    world.send(world.usdc.functions.setTransferFee(1), world.admin)
    with reverts("IndexGate", "FeeOnTransfer"):
        world.request(100 * USDC)


def test_cancelling_returns_everything_at_once_and_only_once(world: GateWorld) -> None:
    before = world.balance(world.user)
    request_id = world.request(100 * USDC)
    world.send(world.gate.functions.cancel(request_id), world.user)
    assert world.balance(world.user) == before
    with reverts("IndexGate", "WrongState"):
        world.send(world.gate.functions.cancel(request_id), world.user)


def test_only_the_controller_cancels(world: GateWorld) -> None:
    request_id = world.request(100 * USDC)
    for stranger in (world.other, world.keeper, world.admin):
        with reverts("IndexGate", "NotOwnerOrOperator"):
            world.send(world.gate.functions.cancel(request_id), stranger)


def test_a_committed_request_cannot_be_cancelled(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    with reverts("IndexGate", "WrongState"):
        world.send(world.gate.functions.cancel(request_id), world.user)


def test_a_pause_stops_requests_but_not_cancellations(world: GateWorld) -> None:
    request_id = world.request(100 * USDC)
    world.pause()
    with reverts("IndexGate", "EnforcedPause"):
        world.request(100 * USDC)
    world.send(world.gate.functions.cancel(request_id), world.user)
    assert world.state(request_id) == RequestState.CANCELLED


def test_a_signed_order_is_carried_by_anyone_and_used_once(world: GateWorld) -> None:
    order = terms(world)
    call = world.gate.functions.requestBySig(order.as_tuple(), signature(world, order))
    world.send(call, world.other)
    controller, state, *_, amount, max_fee, min_out, _owed = world.gate.functions.requests(1).call()
    assert (controller, state, amount, max_fee, min_out) == (world.user, 1, 100 * USDC, USDC, 7)
    with reverts("IndexGate", "InvalidAccountNonce"):
        world.send(call, world.other)


def test_a_signed_order_expires(world: GateWorld) -> None:
    order = terms(world, deadline=world.now() - 1)
    with reverts("IndexGate", "SignatureExpired"):
        world.send(world.gate.functions.requestBySig(order.as_tuple(), signature(world, order)), world.other)


def test_a_signed_order_of_another_key_is_refused(world: GateWorld) -> None:
    order = terms(world)
    forged = signature(world, order, signer=6)
    with reverts("IndexGate", "InvalidSignature"):
        world.send(world.gate.functions.requestBySig(order.as_tuple(), forged), world.other)


def test_python_and_the_gate_agree_on_the_digest_of_terms(world: GateWorld) -> None:
    order = terms(world)
    message = terms_message(order, chain_id=world.w3.eth.chain_id, gate=world.gate.address)
    assert world.gate.functions.termsHash(order.as_tuple()).call() == digest(message)
