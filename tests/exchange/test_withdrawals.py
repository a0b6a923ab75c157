"""Withdrawals: set aside, sent once, paid out or given back; every movement balanced."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from exchange.floor import BASE, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange import ExchangeEngine
from indexmaker.exchange.commands import (
    AllowWithdrawalAddress,
    ApproveWithdrawal,
    CancelWithdrawal,
    DefineNetwork,
    RejectWithdrawal,
    ReportWithdrawal,
    RequestWithdrawal,
    SetAccountStatus,
    SetAddressBook,
    SetWithdrawalTerms,
)
from indexmaker.exchange.events import Configured, SendWithdrawal, WithdrawalChanged
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import AccountStatus, WithdrawalStatus
from indexmaker.exchange.withdrawals import number_in

TOKEN = "0x" + "cc" * 20
ADDRESS = "0x" + "Ab" * 20
TX = "0x" + "11" * 32
FEE, MINIMUM = 50_000, 500_000  # 0.5 and 5 in an asset with 5 decimals
NETWORK = DefineNetwork(asset=QUOTE, network="BASE", chain_id=8453, decimals=6, confirmations=5, contract=TOKEN)
TERMS = SetWithdrawalTerms(
    asset=QUOTE, network="BASE", fee=FEE, minimum=MINIMUM, maximum=10**8, approve_above=10**7, step=10
)
REQUEST = RequestWithdrawal(
    account=1, asset=QUOTE, network="BASE", address=ADDRESS, amount=1_000_000, withdraw_order_id="w-1"
)
LARGE = replace(REQUEST, amount=20_000_000)
S = WithdrawalStatus


@pytest.fixture
def floor():
    floor = Floor()
    for command in (NETWORK, TERMS):
        assert isinstance(floor.do(command)[0], Configured)
    return floor


def changed(floor, command) -> WithdrawalChanged:
    event = floor.do(command)[0]
    assert isinstance(event, WithdrawalChanged), event
    return event


def refused(floor, command) -> RejectCode | None:
    before = floor.engine.dump()
    code = floor.rejection(floor.do(command))
    assert floor.engine.dump() == before
    return code


def report(status, *, withdrawal_id=1, tx_hash="", reason="") -> ReportWithdrawal:
    return ReportWithdrawal(withdrawal_id=withdrawal_id, status=status, tx_hash=tx_hash, reason=reason)


SENT = report(S.SENT, tx_hash=TX)
COMPLETED = report(S.COMPLETED, tx_hash=TX)
FAILED = report(S.FAILED, reason="the transfer reverted")


def test_a_request_sets_the_amount_aside_and_orders_the_wallet_to_send_it_less_the_fee(floor):
    outputs = floor.do(REQUEST)
    event, order = outputs[0], floor.only(SendWithdrawal, outputs)[0]
    assert (event.status, event.amount, event.fee, event.address) == (S.PROCESSING, 1_000_000, FEE, ADDRESS.lower())
    assert (number_in(order.command_id), order.chain_id, order.contract) == (1, 8453, TOKEN)
    assert (order.units, order.address) == (9_500_000, ADDRESS.lower())  # 9.5 in a token of six decimals
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED - 1_000_000, 0)
    assert floor.engine.withdrawing(1, QUOTE) == 1_000_000


def test_money_leaves_when_the_wallet_says_that_it_arrived_and_the_house_keeps_the_fee(floor):
    floor.do(REQUEST)
    sent = changed(floor, SENT)
    assert (sent.status, sent.tx_hash, floor.engine.withdrawing(1, QUOTE)) == (S.SENT, TX, 1_000_000)
    done = changed(floor, COMPLETED)
    assert (done.status, done.changed) == (S.COMPLETED, True)
    assert floor.engine.withdrawing(1, QUOTE) == 0
    assert floor.engine.bucket("external.BASE", QUOTE) == 1_000_000 - FEE
    assert floor.engine.bucket("house.withdrawal_fee", QUOTE) == FEE


@pytest.mark.parametrize("before", [[], [SENT]])
def test_what_could_not_be_sent_comes_back_whole(floor, before):
    for command in (REQUEST, *before):
        floor.do(command)
    event = changed(floor, FAILED)
    assert (event.status, event.reason) == (S.FAILED, "the transfer reverted")
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED, 0)
    assert floor.engine.bucket("external.BASE", QUOTE) == 0


def test_a_repeated_request_is_answered_with_the_first_one_and_sends_nothing(floor):
    floor.do(REQUEST)
    floor.do(replace(TERMS, fee=1_000, enabled=False))
    for address in (ADDRESS, ADDRESS.lower()):
        outputs = floor.do(replace(REQUEST, address=address))
        assert (outputs[0].withdrawal_id, outputs[0].changed, outputs[0].fee) == (1, False, FEE)
        assert len(outputs) == 1
    floor.do(COMPLETED)
    assert changed(floor, REQUEST).status is S.COMPLETED
    assert len(floor.engine.withdrawals(1)) == 1


@pytest.mark.parametrize("other", [{"amount": 1_000_010}, {"address": "0x" + "12" * 20}])
def test_an_id_used_for_another_withdrawal_is_refused(floor, other):
    floor.do(REQUEST)
    assert refused(floor, replace(REQUEST, **other)) is RejectCode.DUPLICATE_WITHDRAWAL_ID


def test_ids_belong_to_accounts_and_requests_without_one_are_always_new(floor):
    numbers = [
        changed(floor, replace(REQUEST, **more)).withdrawal_id
        for more in ({}, {"account": 2}, {"withdraw_order_id": ""}, {"withdraw_order_id": ""})
    ]
    assert numbers == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": 9}, RejectCode.UNKNOWN_ACCOUNT),
        ({"asset": "NONE"}, RejectCode.UNKNOWN_ASSET),
        ({"asset": BASE}, RejectCode.UNKNOWN_NETWORK),
        ({"withdraw_order_id": "a b"}, RejectCode.MALFORMED),
        ({"address": "0x99"}, RejectCode.WITHDRAWAL_ADDRESS),
        ({"address": "0x" + "00" * 20}, RejectCode.WITHDRAWAL_ADDRESS),
        ({"address": TOKEN.upper().replace("X", "x")}, RejectCode.WITHDRAWAL_ADDRESS),
        ({"amount": MINIMUM - 10}, RejectCode.WITHDRAWAL_MINIMUM),
        ({"amount": -1}, RejectCode.WITHDRAWAL_MINIMUM),
        ({"amount": 10**8 + 10}, RejectCode.WITHDRAWAL_MAXIMUM),
        ({"amount": MINIMUM + 5}, RejectCode.WITHDRAWAL_STEP),
    ],
)
def test_a_request_outside_the_rules_is_refused(floor, changes, code):
    assert refused(floor, replace(REQUEST, **changes)) is code


def test_what_is_held_for_orders_or_other_withdrawals_cannot_leave(floor):
    floor.do(replace(TERMS, maximum=0, approve_above=0))
    floor.do(replace(REQUEST, amount=QUOTE_SEED - MINIMUM))
    assert refused(floor, replace(REQUEST, withdraw_order_id="w-2", amount=MINIMUM + 10)) is (
        RejectCode.INSUFFICIENT_BALANCE
    )
    changed(floor, replace(REQUEST, withdraw_order_id="w-2", amount=MINIMUM))
    assert floor.engine.balance(1, QUOTE) == (0, 0)


def test_suspended_accounts_and_closed_networks_send_nothing(floor):
    floor.do(SetAccountStatus(account=1, status=AccountStatus.SUSPENDED))
    assert refused(floor, REQUEST) is RejectCode.ACCOUNT_SUSPENDED
    floor.do(replace(TERMS, enabled=False, reason="the chain halts"))
    outputs = floor.do(replace(REQUEST, account=2))
    assert outputs[0].code is RejectCode.WITHDRAWALS_DISABLED
    assert "the chain halts" in outputs[0].message


def test_with_an_address_book_money_goes_to_listed_addresses_only(floor):
    floor.do(SetAddressBook(account=1, required=True))
    assert refused(floor, REQUEST) is RejectCode.ADDRESS_NOT_LISTED
    entry = AllowWithdrawalAddress(account=1, network="BASE", address=ADDRESS)
    floor.do(entry)
    floor.do(REQUEST)
    assert changed(floor, replace(REQUEST, account=2)).status is S.PROCESSING
    floor.do(replace(entry, allowed=False))
    assert refused(floor, replace(REQUEST, withdraw_order_id="w-2")) is RejectCode.ADDRESS_NOT_LISTED


def test_a_large_withdrawal_waits_for_an_operator(floor):
    outputs = floor.do(LARGE)
    assert outputs[0].status is S.AWAITING_APPROVAL
    assert not floor.only(SendWithdrawal, outputs)
    assert not floor.engine.pending()
    assert refused(floor, SENT) is RejectCode.WITHDRAWAL_STATE
    outputs = floor.do(ApproveWithdrawal(withdrawal_id=1, operator="ann"))
    assert outputs[0].status is S.PROCESSING
    assert floor.only(SendWithdrawal, outputs) == floor.engine.pending()


@pytest.mark.parametrize(
    ("decision", "status"),
    [
        (RejectWithdrawal(withdrawal_id=1, operator="ann", reason="sanctioned"), S.REJECTED),
        (CancelWithdrawal(withdrawal_id=1, account=1), S.CANCELLED),
    ],
)
def test_a_waiting_withdrawal_can_be_refused_or_taken_back(floor, decision, status):
    floor.do(LARGE)
    assert refused(floor, CancelWithdrawal(withdrawal_id=1, account=2)) is RejectCode.UNKNOWN_WITHDRAWAL
    assert changed(floor, decision).status is status
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED, 0)
    assert refused(floor, ApproveWithdrawal(withdrawal_id=1, operator="ann")) is RejectCode.WITHDRAWAL_STATE


def test_what_the_wallet_has_cannot_be_cancelled(floor):
    floor.do(REQUEST)
    assert refused(floor, CancelWithdrawal(withdrawal_id=1, account=1)) is RejectCode.WITHDRAWAL_STATE


@pytest.mark.parametrize("end", [COMPLETED, FAILED])
def test_reports_told_again_or_late_change_nothing(floor, end):
    for command in (REQUEST, SENT, end):
        floor.do(command)
    before = floor.engine.dump()
    for late in (SENT, COMPLETED, FAILED, report(S.PROCESSING, reason="low")):
        assert changed(floor, late).changed is False
    assert floor.engine.dump() == before


def test_a_replaced_transaction_is_told(floor):
    floor.do(REQUEST)
    floor.do(SENT)
    other = "0x" + "22" * 32
    assert changed(floor, report(S.SENT, tx_hash=other)).tx_hash == other
    assert changed(floor, report(S.SENT, tx_hash=other)).changed is False
    assert changed(floor, COMPLETED).tx_hash == TX


def test_operators_are_told_once_why_a_withdrawal_waits_for_the_wallet(floor):
    floor.do(REQUEST)
    short = report(S.PROCESSING, reason="the hot wallet is short")
    first, second = changed(floor, short), changed(floor, short)
    assert (first.reason, first.changed, second.changed) == ("the hot wallet is short", True, False)
    assert changed(floor, SENT).reason == ""


@pytest.mark.parametrize(
    "wrong", [report(S.SENT), report(S.COMPLETED), report(S.FAILED), report(S.CANCELLED, reason="no")]
)
def test_a_report_without_its_proof_is_refused(floor, wrong):
    floor.do(REQUEST)
    assert refused(floor, wrong) is RejectCode.MALFORMED
    assert refused(floor, replace(SENT, withdrawal_id=7)) is RejectCode.UNKNOWN_WITHDRAWAL


@pytest.mark.parametrize(
    "changes", [{"fee": -1}, {"minimum": FEE}, {"maximum": MINIMUM - 1}, {"network": "ETH"}, {"asset": "NONE"}]
)
def test_terms_that_contradict_themselves_are_refused(floor, changes):
    assert refused(floor, replace(TERMS, **changes)) is not None


def test_a_chain_coarser_than_the_ledger_takes_whole_units_only():
    floor = Floor()
    floor.do(replace(NETWORK, asset=BASE, decimals=6))
    terms = replace(TERMS, asset=BASE, fee=10**12, minimum=10**13, maximum=0, step=0, approve_above=0)
    assert refused(floor, replace(terms, fee=10**12 + 1)) is RejectCode.MALFORMED
    floor.do(terms)
    request = replace(REQUEST, asset=BASE, amount=3 * 10**13 + 1)
    assert refused(floor, request) is RejectCode.WITHDRAWAL_STEP
    (order,) = floor.only(SendWithdrawal, floor.do(replace(request, amount=3 * 10**13)))
    assert order.units == 29


def test_what_the_wallet_has_is_sent_again_after_a_restart_and_nothing_else(floor):
    for number in range(4):
        floor.do(replace(REQUEST, withdraw_order_id=f"w-{number}"))
    floor.do(replace(SENT, withdrawal_id=2))
    floor.do(replace(COMPLETED, withdrawal_id=3))
    floor.do(replace(FAILED, withdrawal_id=4))
    loaded = ExchangeEngine()
    loaded.load(floor.engine.dump())
    assert [order.withdrawal_id for order in loaded.pending()] == [1, 2]
    assert loaded.pending() == floor.engine.pending()
    assert loaded.dump() == floor.engine.dump()


def test_another_exchange_never_uses_a_command_id_again(floor):
    other = Floor()
    other.now += 1
    for command in (NETWORK, TERMS):
        other.do(command)
    orders = [one.only(SendWithdrawal, one.do(REQUEST))[0] for one in (floor, other)]
    assert orders[0].command_id != orders[1].command_id
    assert number_in("sweep-1") == number_in("withdrawal-x") == 0


_COMMANDS = st.one_of(
    st.builds(
        lambda account, amount, name: replace(
            REQUEST, account=account, amount=amount * 10, withdraw_order_id=name and f"w-{name}"
        ),
        st.integers(1, 3),
        st.integers(0, 3_000_000),
        st.integers(0, 8).map(lambda number: "" if number == 0 else str(number)),
    ),
    st.builds(
        report,
        st.sampled_from(list(S)),
        withdrawal_id=st.integers(1, 6),
        tx_hash=st.sampled_from(["", TX]),
        reason=st.sampled_from(["", "why"]),
    ),
    st.builds(ApproveWithdrawal, withdrawal_id=st.integers(1, 6), operator=st.just("ann")),
    st.builds(RejectWithdrawal, withdrawal_id=st.integers(1, 6), operator=st.just("ann"), reason=st.just("no")),
    st.builds(CancelWithdrawal, withdrawal_id=st.integers(1, 6), account=st.integers(1, 3)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_COMMANDS, max_size=40))
def test_whatever_is_asked_and_reported_no_money_is_lost_or_made(commands):
    floor = Floor()  # every command is audited: balanced movements, no balance below zero
    for command in (NETWORK, TERMS, *commands):
        floor.do(command)
    paid = sum(one.amount for one in floor.engine.withdrawals() if one.status is S.COMPLETED)
    fees = sum(one.fee for one in floor.engine.withdrawals() if one.status is S.COMPLETED)
    assert floor.engine.bucket("external.BASE", QUOTE) == paid - fees
    assert floor.engine.bucket("house.withdrawal_fee", QUOTE) == fees
    owned = sum(sum(floor.engine.balance(n, QUOTE)) + floor.engine.withdrawing(n, QUOTE) for n in (1, 2, 3))
    assert owned == 3 * QUOTE_SEED - paid
