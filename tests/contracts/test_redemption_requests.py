"""Giving index tokens for redemption, and taking them back."""

from __future__ import annotations

import pytest
from web3.logs import DISCARD

from contracts.gate_world import HOUR, ROUTE_ID, TOKEN, USDC, GateWorld, reverts
from contracts.redeeming import commit_redemptions, hold_tokens, locked, redeem, tokens_of
from indexmaker_evm.contracts import RequestState, artifact

pytestmark = pytest.mark.integration

UNLIMITED = 2**128 - 1


@pytest.fixture
def holding(world: GateWorld) -> GateWorld:
    hold_tokens(world, 10)
    return world


def test_a_redeem_request_is_the_one_of_erc_7540() -> None:
    gate = artifact("IndexGate")
    assert gate.selector("requestRedeem").hex() == "7d41c86e"
    assert gate.topic("RedeemRequest").hex() == "1fdc681a13d8c5da54e301c7ce6542dcde4581e4725043fdab2db12ddc574506"


def test_a_request_escrows_the_tokens_and_emits_the_standard_event(holding: GateWorld) -> None:
    gate = holding.gate.functions
    receipt = holding.send(gate.requestRedeem(4 * TOKEN, holding.other, holding.user), holding.user)
    (event,) = holding.gate.events.RedeemRequest().process_receipt(receipt, errors=DISCARD)
    assert dict(event["args"]) == {
        "controller": holding.other,
        "owner": holding.user,
        "requestId": 2,  # the deposit that brought the tokens was the first: both kinds share one row of ids
        "sender": holding.user,
        "shares": 4 * TOKEN,
    }
    assert gate.sharesEscrowed().call() == tokens_of(holding, holding.gate.address) == 4 * TOKEN
    assert gate.pendingRedeemRequest(2, holding.other).call() == 4 * TOKEN
    assert gate.pendingRedeemRequest(2, holding.user).call() == 0
    assert gate.pendingDepositRequest(2, holding.other).call() == 0
    assert tokens_of(holding, holding.user) == 6 * TOKEN


def test_a_plain_request_sets_no_limits_and_a_protected_one_its_own(holding: GateWorld) -> None:
    gate = holding.gate.functions
    plain = holding.send(gate.requestRedeem(TOKEN, holding.user, holding.user), holding.user)
    protected = holding.send(gate.redeem(TOKEN, holding.user, holding.user, 9 * USDC, USDC), holding.user)
    limits = []
    for receipt in (plain, protected):
        (event,) = holding.gate.events.RedemptionTerms().process_receipt(receipt, errors=DISCARD)
        limits.append((event["args"]["minOut"], event["args"]["maxFee"]))
    assert limits == [(0, UNLIMITED), (9 * USDC, USDC)]


def test_nobody_redeems_the_tokens_of_another_unless_made_operator(holding: GateWorld) -> None:
    call = holding.gate.functions.requestRedeem(TOKEN, holding.other, holding.user)
    with reverts("IndexGate", "NotOwnerOrOperator"):
        holding.send(call, holding.other)
    holding.send(holding.gate.functions.setOperator(holding.other, True), holding.user)
    holding.send(call, holding.other)
    assert holding.state(2) == RequestState.PENDING


def test_a_request_of_nothing_or_of_more_than_there_is_is_refused(holding: GateWorld) -> None:
    with reverts("IndexGate", "ZeroAmount"):
        redeem(holding, 0)
    with reverts("IndexToken", "ERC20InsufficientBalance"):
        redeem(holding, 11 * TOKEN)


def test_cancelling_returns_all_tokens_at_once_and_only_once_also_while_paused(holding: GateWorld) -> None:
    request_id = redeem(holding, 4 * TOKEN)
    holding.pause()
    with reverts("IndexGate", "EnforcedPause"):
        redeem(holding, TOKEN)
    holding.send(holding.gate.functions.cancel(request_id), holding.user)
    assert tokens_of(holding, holding.user) == 10 * TOKEN
    assert holding.gate.functions.sharesEscrowed().call() == 0
    with reverts("IndexGate", "WrongState"):
        holding.send(holding.gate.functions.cancel(request_id), holding.user)


def test_commitment_locks_the_tokens_and_moves_nothing(holding: GateWorld) -> None:
    first, second = redeem(holding, 4 * TOKEN), redeem(holding, TOKEN)
    receipt = commit_redemptions(holding, first, second)
    events = holding.gate.events.RedemptionCommitted().process_receipt(receipt, errors=DISCARD)
    assert [dict(event["args"]) for event in events] == [
        {"requestId": first, "shares": 4 * TOKEN, "settleBy": holding.now() + HOUR},
        {"requestId": second, "shares": TOKEN, "settleBy": holding.now() + HOUR},
    ]
    assert tokens_of(holding, holding.gate.address) == 5 * TOKEN
    with reverts("IndexGate", "WrongState"):
        holding.send(holding.gate.functions.cancel(first), holding.user)


def test_only_the_keeper_commits_and_not_while_paused(holding: GateWorld) -> None:
    request_id = redeem(holding, TOKEN)
    for sender in (holding.user, holding.issuer, holding.router):
        with reverts("IndexGate", "AccessControlUnauthorizedAccount"):
            commit_redemptions(holding, request_id, sender=sender)
    with reverts("IndexGate", "NothingToCommit"):
        commit_redemptions(holding)
    holding.pause()
    with reverts("IndexGate", "EnforcedPause"):
        commit_redemptions(holding, request_id)


def test_a_request_is_committed_once_and_by_the_call_of_its_kind(holding: GateWorld) -> None:
    deposit, request_id = holding.request(USDC), redeem(holding, TOKEN)
    with reverts("IndexGate", "WrongKind"):
        commit_redemptions(holding, deposit)
    with reverts("IndexGate", "WrongKind"):
        holding.commit(request_id, route_id=ROUTE_ID)
    with reverts("IndexGate", "WrongState"):
        commit_redemptions(holding, request_id, request_id)


def test_after_the_settle_window_anyone_sends_the_tokens_back(holding: GateWorld) -> None:
    request_id = locked(holding, 4 * TOKEN)
    holding.pass_time(HOUR - 10)
    with reverts("IndexGate", "NotDefaultedYet"):
        holding.send(holding.gate.functions.markDefault(request_id), holding.other)
    holding.pause()
    holding.pass_time(11)
    receipt = holding.send(holding.gate.functions.markDefault(request_id), holding.other)
    (event,) = holding.gate.events.RedemptionDefaulted().process_receipt(receipt, errors=DISCARD)
    assert event["args"]["shares"] == 4 * TOKEN
    assert tokens_of(holding, holding.user) == 10 * TOKEN
    assert holding.gate.functions.unpaid().call() == 0
    with reverts("IndexGate", "NothingOwed"):
        holding.send(holding.gate.functions.payDefault(request_id), holding.other)
