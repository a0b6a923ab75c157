"""Settling a committed request by a signed invoice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.logs import DISCARD

from contracts.gate_world import LOTS_ROOT, TOKEN, USDC, GateWorld, reverts
from indexmaker_evm.contracts import Invoice, RequestState

pytestmark = pytest.mark.integration

uint256 = st.integers(0, 2**256 - 1)


def full(world: GateWorld, request_id: int) -> Invoice:
    return world.invoice(request_id, spent=90 * USDC, fee=USDC, back=9 * USDC, out=3 * TOKEN)


def test_settlement_mints_and_pays_the_rest_back_in_one_transaction(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    user, keeper = world.balance(world.user), world.balance(world.keeper)
    invoice = full(world, request_id)
    receipt = world.settle(invoice)
    assert world.token.functions.balanceOf(world.user).call() == 3 * TOKEN
    assert world.balance(world.user) == user + 9 * USDC
    assert world.balance(world.keeper) == keeper - 9 * USDC
    (event,) = world.gate.events.Settled().process_receipt(receipt, errors=DISCARD)
    assert dict(event["args"]) == {
        "requestId": request_id,
        "controller": world.user,
        "spent": 90 * USDC,
        "fee": USDC,
        "back": 9 * USDC,
        "out": 3 * TOKEN,
        "lotsRoot": LOTS_ROOT,
        "invoiceHash": world.digest(invoice),
    }
    assert world.gate.functions.invoiceOf(request_id).call() == world.digest(invoice)
    assert world.gate.functions.committed().call() == 0


def test_a_request_is_settled_once_even_with_another_invoice(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    world.settle(full(world, request_id))
    for invoice in (full(world, request_id), world.invoice(request_id, back=100 * USDC)):
        with reverts("IndexGate", "WrongState"):
            world.settle(invoice)
    assert world.token.functions.totalSupply().call() == 3 * TOKEN


def test_anyone_carries_an_invoice(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    world.settle(full(world, request_id), carrier=world.other)
    assert world.state(request_id) == RequestState.SETTLED


def test_an_invoice_that_was_never_filled_gives_everything_back(world: GateWorld) -> None:
    before = world.balance(world.user)
    request_id = world.committed(100 * USDC)
    world.settle(world.invoice(request_id, back=100 * USDC))
    assert world.balance(world.user) == before
    assert world.token.functions.totalSupply().call() == 0


def test_a_pending_request_cannot_be_settled(world: GateWorld) -> None:
    request_id = world.request(100 * USDC)
    with reverts("IndexGate", "WrongState"):
        world.settle(full(world, request_id))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"back": 8 * USDC}, "InvoiceDoesNotBalance"),
        ({"back": 10 * USDC}, "InvoiceDoesNotBalance"),
        ({"spent": 88 * USDC, "fee": 3 * USDC}, "FeeAboveLimit"),
        ({"out": 3 * TOKEN - 1}, "PriceBelowLimit"),
        ({"out": 0}, "InvoiceMintsForNothing"),
        ({"spent": 0, "fee": 0, "back": 100 * USDC}, "InvoiceMintsForNothing"),
        ({"deadline": 1}, "SignatureExpired"),
        ({"out": 100_001 * TOKEN}, "RateLimitExceeded"),
    ],
)
def test_an_invoice_against_the_users_terms_is_refused(world: GateWorld, changes: dict[str, int], error: str) -> None:
    # 3 tokens for 91 of 100 dollars is exactly the pro-rata least output.
    request_id = world.committed(91 * USDC + 9 * USDC, min_out=3 * TOKEN * 100 // 91, max_fee=2 * USDC)
    whole = {"spent": 90 * USDC, "fee": USDC, "back": 9 * USDC, "out": 3 * TOKEN}
    with reverts("IndexGate", error):
        world.settle(world.invoice(request_id, **{**whole, **changes}))
    world.settle(world.invoice(request_id, **whole))


def test_only_an_issuers_signature_over_this_very_invoice_settles(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    invoice = full(world, request_id)
    altered = world.invoice(request_id, spent=90 * USDC, fee=USDC, back=9 * USDC, out=4 * TOKEN)
    for signature in (
        world.sign(invoice, signer=1),
        world.sign(altered),
        world.sign(invoice, gate=world.route.address),
        b"\0" * 65,
    ):
        with reverts("IndexGate", "InvalidSignature"):
            world.settle(invoice, signature=signature)


def test_a_signer_without_the_role_is_refused_though_the_signature_is_good(world: GateWorld) -> None:
    invoice = full(world, world.committed(100 * USDC))
    call = world.gate.functions.settle(invoice.as_tuple(), world.keeper, world.sign(invoice, signer=1))
    with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
        world.send(call, world.keeper)


def test_a_pause_stops_settlement(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    world.pause()
    with reverts("IndexGate", "EnforcedPause"):
        world.settle(full(world, request_id))


def test_money_that_the_asset_will_not_deliver_waits_for_the_controller(world: GateWorld) -> None:
    request_id = world.committed(100 * USDC)
    world.send(world.usdc.functions.setBlocked(world.user, True), world.admin)
    world.settle(full(world, request_id))
    assert world.gate.functions.heldFor(world.user).call() == 9 * USDC
    assert world.gate.functions.solvent().call()
    world.pause()
    before = world.balance(world.other)
    world.send(world.gate.functions.claim(world.other), world.user)
    assert world.balance(world.other) == before + 9 * USDC
    with reverts("IndexGate", "NothingOwed"):
        world.send(world.gate.functions.claim(world.other), world.user)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.tuples(uint256, uint256, uint256, uint256, uint256, st.binary(min_size=32, max_size=32), uint256))
def test_python_and_the_gate_agree_on_every_invoice_digest(
    world: GateWorld, values: tuple[int, int, int, int, int, bytes, int]
) -> None:
    names = ("request_id", "spent", "fee", "back", "out", "lots_root", "deadline")
    invoice = Invoice(**dict(zip(names, values, strict=True)))
    assert world.gate.functions.invoiceHash(invoice.as_tuple()).call() == world.digest(invoice)
