"""Deposits are credited once, when they have their confirmations; seeds once per reference."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from exchange.floor import BASE, QUOTE, QUOTE_SEED, Floor
from indexmaker.exchange.commands import (
    CreditDeposit,
    DefineNetwork,
    DropDeposit,
    RegisterDepositAddress,
    SeedBalance,
)
from indexmaker.exchange.events import Configured, DepositChanged, Posted, Seeded
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import DepositStatus

ADDRESS = "0x" + "Ab" * 20
REPORT = CreditDeposit(
    network="BASE",
    asset=QUOTE,
    chain_id=8453,
    tx_hash="0xFEED",
    log_index=3,
    address=ADDRESS,
    units=1_234_567,
    confirmations=5,
)
CREDIT = 123_456  # 1.234567 in an asset with 5 decimals


@pytest.fixture
def floor():
    floor = Floor()
    floor.do(DefineNetwork(asset=QUOTE, network="BASE", chain_id=8453, decimals=6, confirmations=5, contract="0xusd"))
    floor.do(RegisterDepositAddress(account=1, network="BASE", address=ADDRESS))
    return floor


def report(floor, **changes) -> DepositChanged:
    event = floor.do(replace(REPORT, **changes))[0]
    assert isinstance(event, DepositChanged)
    return event


def test_a_deposit_is_credited_when_it_has_its_confirmations(floor):
    assert report(floor, confirmations=1).status is DepositStatus.PENDING
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED, 0)
    event = report(floor, confirmations=5)
    assert (event.status, event.amount, event.account) == (DepositStatus.CREDITED, CREDIT, 1)
    assert floor.engine.balance(1, QUOTE) == (QUOTE_SEED + CREDIT, 0)
    assert floor.engine.bucket("external.BASE", QUOTE) == -CREDIT


def test_a_second_report_of_the_same_deposit_changes_nothing(floor):
    report(floor)
    before = floor.engine.dump()
    for changes in ({}, {"confirmations": 50}, {"confirmations": 1}, {"tx_hash": "0xfeed"}):
        assert report(floor, **changes).changed is False
    assert floor.engine.dump() == before


@pytest.mark.parametrize("changes", [{"log_index": 4}, {"tx_hash": "0xBEEF"}])
def test_another_key_is_another_deposit(floor, changes):
    report(floor)
    report(floor, **changes)
    assert floor.engine.balance(1, QUOTE)[0] == QUOTE_SEED + 2 * CREDIT


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"units": 1}, RejectCode.DEPOSIT_CONFLICT),
        ({"address": "0x99"}, RejectCode.DEPOSIT_CONFLICT),
        ({"log_index": 9, "address": "0x99"}, RejectCode.UNKNOWN_ADDRESS),
        ({"asset": "NONE"}, RejectCode.UNKNOWN_ASSET),
        ({"asset": BASE}, RejectCode.UNKNOWN_NETWORK),
        ({"chain_id": 1}, RejectCode.UNKNOWN_NETWORK),
        ({"log_index": 9, "units": 0}, RejectCode.OUT_OF_RANGE),
        ({"log_index": 9, "units": 2**140}, RejectCode.OUT_OF_RANGE),
    ],
)
def test_a_report_that_cannot_be_right_is_refused_and_changes_nothing(floor, changes, code):
    report(floor, confirmations=1)
    before = floor.engine.dump()
    assert floor.rejection(floor.do(replace(REPORT, **changes))) is code
    assert floor.engine.dump() == before


def test_a_dropped_deposit_is_not_credited_until_it_is_seen_again(floor):
    report(floor, confirmations=4)
    drop = DropDeposit(chain_id=8453, tx_hash="0xfeed", log_index=3)
    assert floor.do(drop)[0].status is DepositStatus.DROPPED
    assert floor.do(drop)[0].changed is False
    assert report(floor, confirmations=1, units=2_000_000).status is DepositStatus.PENDING
    assert report(floor, confirmations=5, units=2_000_000).amount == 200_000
    assert floor.engine.balance(1, QUOTE)[0] == QUOTE_SEED + 200_000


def test_a_credited_deposit_cannot_be_dropped(floor):
    report(floor)
    drop = DropDeposit(chain_id=8453, tx_hash="0xfeed", log_index=3)
    assert floor.rejection(floor.do(drop)) is RejectCode.DEPOSIT_ALREADY_CREDITED
    assert floor.rejection(floor.do(replace(drop, log_index=9))) is RejectCode.UNKNOWN_DEPOSIT


def test_a_pending_deposit_is_credited_when_fewer_confirmations_become_enough(floor):
    report(floor, confirmations=3)
    floor.do(DefineNetwork(asset=QUOTE, network="BASE", chain_id=8453, decimals=6, confirmations=2, contract="0xusd"))
    assert report(floor, confirmations=3).status is DepositStatus.CREDITED


def test_units_coarser_than_the_ledger_are_credited_exactly(floor):
    floor.do(DefineNetwork(asset=BASE, network="BASE", chain_id=8453, decimals=6, confirmations=0))
    assert report(floor, asset=BASE).amount == 1_234_567 * 10**12


def test_an_address_belongs_to_one_account_for_ever(floor):
    again = RegisterDepositAddress(account=1, network="BASE", address=ADDRESS.lower())
    (answer,) = floor.do(again)
    assert isinstance(answer, Configured)
    assert answer.changed is False
    assert floor.rejection(floor.do(replace(again, account=2))) is RejectCode.ADDRESS_TAKEN
    assert floor.rejection(floor.do(replace(again, account=9))) is RejectCode.UNKNOWN_ACCOUNT
    assert floor.rejection(floor.do(replace(again, network="MOON"))) is RejectCode.UNKNOWN_NETWORK
    assert floor.rejection(floor.do(replace(again, address=""))) is RejectCode.MALFORMED
    assert floor.engine.deposit_account("BASE", ADDRESS) == 1
    assert floor.engine.deposit_addresses(1) == [("BASE", ADDRESS.lower())]


def test_a_seed_reference_counts_once():
    floor = Floor()
    seed = SeedBalance(account=1, asset=QUOTE, amount=7, reference="gift")
    first, second = floor.do(seed), floor.do(seed)
    assert isinstance(first[0], Seeded)
    assert (first[0].changed, second[0].changed) == (True, False)
    assert not floor.only(Posted, second)
    assert floor.engine.balance(1, QUOTE)[0] == QUOTE_SEED + 7


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account": 9}, RejectCode.UNKNOWN_ACCOUNT),
        ({"asset": "NONE"}, RejectCode.UNKNOWN_ASSET),
        ({"amount": 0}, RejectCode.OUT_OF_RANGE),
        ({"amount": 2**127}, RejectCode.OUT_OF_RANGE),
        ({"reference": ""}, RejectCode.MALFORMED),
    ],
)
def test_a_senseless_seed_is_refused(changes, code):
    floor = Floor()
    seed = SeedBalance(account=1, asset=QUOTE, amount=7, reference="gift")
    assert floor.rejection(floor.do(replace(seed, **changes))) is code


def test_an_asset_never_exceeds_128_bits():
    floor = Floor()
    room = 2**127 - 1 - 3 * QUOTE_SEED
    seed = SeedBalance(account=1, asset=QUOTE, amount=room, reference="all")
    assert floor.rejection(floor.do(seed)) is None
    assert floor.rejection(floor.do(replace(seed, amount=1, reference="more"))) is RejectCode.OUT_OF_RANGE
