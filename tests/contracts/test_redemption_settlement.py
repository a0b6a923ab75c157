"""Settling a committed redemption as an issuer signed it."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3.logs import DISCARD

from contracts.gate_world import HOUR, LOTS_ROOT, TOKEN, USDC, GateWorld, reverts
from contracts.redeeming import (
    hold_tokens,
    locked,
    redeem,
    redemption,
    redemption_digest,
    settle_redemption,
    sign_redemption,
    tokens_of,
)
from indexmaker.typed_data import redemption_typed_data as typed_data_of_the_core
from indexmaker_evm.contracts import Redemption, RequestState, redemption_typed_data

pytestmark = pytest.mark.integration

uint256 = st.integers(0, 2**256 - 1)
redemptions = st.builds(
    Redemption,
    request_id=uint256,
    burned=uint256,
    returned=uint256,
    paid=uint256,
    fee=uint256,
    lots_root=st.binary(min_size=32, max_size=32),
    deadline=uint256,
)


@pytest.fixture
def holding(world: GateWorld) -> GateWorld:
    hold_tokens(world, 10)
    return world


def partial(world: GateWorld, request_id: int) -> Redemption:
    return redemption(world, request_id, burned=3 * TOKEN, returned=TOKEN, paid=29 * USDC, fee=USDC)


def test_settlement_burns_gives_the_rest_back_and_pays_in_one_transaction(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    user, keeper = holding.balance(holding.user), holding.balance(holding.keeper)
    settled = partial(holding, request_id)
    receipt = settle_redemption(holding, settled)
    assert holding.balance(holding.user) == user + 29 * USDC
    assert holding.balance(holding.keeper) == keeper - 29 * USDC
    assert tokens_of(holding, holding.user) == 7 * TOKEN
    assert holding.token.functions.totalSupply().call() == 7 * TOKEN
    assert holding.gate.functions.sharesEscrowed().call() == tokens_of(holding, holding.gate.address) == 0
    (event,) = holding.gate.events.RedemptionSettled().process_receipt(receipt, errors=DISCARD)
    assert dict(event["args"]) == {
        "requestId": request_id,
        "controller": holding.user,
        "burned": 3 * TOKEN,
        "returned": TOKEN,
        "paid": 29 * USDC,
        "fee": USDC,
        "lotsRoot": LOTS_ROOT,
        "redemptionHash": redemption_digest(holding, settled),
    }
    assert holding.gate.functions.invoiceOf(request_id).call() == redemption_digest(holding, settled)


def test_a_redemption_is_settled_once_even_with_other_figures(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    settle_redemption(holding, partial(holding, request_id))
    for again in (partial(holding, request_id), redemption(holding, request_id, returned=4 * TOKEN)):
        with reverts("IndexGate", "WrongState"):
            settle_redemption(holding, again)


def test_what_sold_nothing_goes_back_whole(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    settle_redemption(holding, redemption(holding, request_id, returned=4 * TOKEN), carrier=holding.other)
    assert tokens_of(holding, holding.user) == 10 * TOKEN
    assert holding.state(request_id) == RequestState.SETTLED


def test_a_pending_redemption_cannot_be_settled(holding: GateWorld) -> None:
    request_id = redeem(holding, 4 * TOKEN)
    with reverts("IndexGate", "WrongState"):
        settle_redemption(holding, partial(holding, request_id))


def test_a_redemption_is_no_deposit_and_a_deposit_no_redemption(holding: GateWorld) -> None:
    deposit, request_id = holding.committed(4 * USDC), locked(holding, 4 * TOKEN)
    with reverts("IndexGate", "WrongKind"):
        settle_redemption(holding, redemption(holding, deposit, returned=4 * USDC))
    with reverts("IndexGate", "WrongKind"):
        holding.settle(holding.invoice(request_id, back=4 * TOKEN))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"returned": 0}, "RedemptionDoesNotBalance"),
        ({"returned": 2 * TOKEN}, "RedemptionDoesNotBalance"),
        ({"burned": 4 * TOKEN, "returned": 0}, "PriceBelowLimit"),
        ({"paid": 30 * USDC - 1}, "PriceBelowLimit"),
        ({"paid": 0}, "RedemptionPaysNothing"),
        ({"burned": 0, "returned": 4 * TOKEN}, "RedemptionPaysNothing"),
        ({"burned": 0, "returned": 4 * TOKEN, "paid": 0}, "RedemptionPaysNothing"),
        ({"fee": 2 * USDC + 1}, "FeeAboveLimit"),
        ({"deadline": 1}, "SignatureExpired"),
    ],
)
def test_a_redemption_against_the_users_terms_is_refused(
    holding: GateWorld, changes: dict[str, int], error: str
) -> None:
    # 30 dollars for 3 of 4 tokens is exactly the pro-rata least payment.
    request_id = locked(holding, 4 * TOKEN, min_out=40 * USDC, max_fee=2 * USDC)
    whole = {"burned": 3 * TOKEN, "returned": TOKEN, "paid": 30 * USDC, "fee": 2 * USDC}
    with reverts("IndexGate", error):
        settle_redemption(holding, redemption(holding, request_id, **{**whole, **changes}))
    settle_redemption(holding, redemption(holding, request_id, **whole))


def test_only_an_issuers_signature_over_this_very_redemption_settles(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    good = partial(holding, request_id)
    altered = redemption(holding, request_id, burned=4 * TOKEN, paid=29 * USDC, fee=USDC)
    for signature in (
        sign_redemption(holding, good, signer=1),
        sign_redemption(holding, altered),
        sign_redemption(holding, good, gate=holding.route.address),
        holding.sign(holding.invoice(request_id)),
    ):
        with reverts("IndexGate", "InvalidSignature"):
            settle_redemption(holding, good, signature=signature)
    stolen = holding.gate.functions.settleRedemption(
        good.as_tuple(), holding.keeper, sign_redemption(holding, good, signer=1)
    )
    with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
        holding.send(stolen, holding.keeper)


def test_a_carrier_without_the_money_burns_nothing(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    with reverts("TestUSDC", "ERC20InsufficientAllowance"):
        settle_redemption(holding, partial(holding, request_id), carrier=holding.issuer)
    assert holding.token.functions.totalSupply().call() == 10 * TOKEN
    assert holding.state(request_id) == RequestState.COMMITTED


def test_a_pause_stops_settlement_and_a_default_ends_it(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    holding.pause()
    with reverts("IndexGate", "EnforcedPause"):
        settle_redemption(holding, partial(holding, request_id))
    holding.send(holding.gate.functions.unpause(), holding.admin)
    holding.pass_time(HOUR + 1)
    holding.send(holding.gate.functions.markDefault(request_id), holding.other)
    with reverts("IndexGate", "WrongState"):
        settle_redemption(holding, partial(holding, request_id))


def test_a_payment_that_the_asset_will_not_deliver_waits_for_the_controller(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    holding.send(holding.usdc.functions.setBlocked(holding.user, True), holding.admin)
    settle_redemption(holding, partial(holding, request_id))
    assert holding.gate.functions.heldFor(holding.user).call() == 29 * USDC
    assert holding.gate.functions.solvent().call()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(redemption=redemptions)
def test_python_and_the_gate_agree_on_every_redemption_digest(world: GateWorld, redemption: Redemption) -> None:
    told = world.gate.functions.redemptionHash(redemption.as_tuple()).call()
    assert told == redemption_digest(world, redemption)


@given(redemption=redemptions)
def test_the_core_and_the_plugin_sign_the_same_document(redemption: Redemption) -> None:
    gate = "0x" + "11" * 20
    lots_root = "0x" + redemption.lots_root.hex()
    core = typed_data_of_the_core(
        chain_id=42161,
        gate=gate,
        request_id=redemption.request_id,
        burned=redemption.burned,
        returned=redemption.returned,
        paid=redemption.paid,
        fee=redemption.fee,
        lots_root=lots_root,
        deadline=redemption.deadline,
    )
    plugin = redemption_typed_data(redemption, chain_id=42161, gate=gate)
    assert core == {**plugin, "message": {**plugin["message"], "lotsRoot": lots_root}}
