import contextlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.ledger import (
    Account,
    Ledger,
    LedgerError,
    LedgerState,
    Movement,
    OverdrawnError,
    OwnerKind,
    Posting,
    UnbalancedError,
)

WORLD = Account(OwnerKind.EXTERNAL, "chain", "deposits", "gate", "USDC")
FREE = Account(OwnerKind.USER, "42161:0x1", "confirmed", "gate", "USDC")
HELD = Account(OwnerKind.USER, "42161:0x1", "reserved", "gate", "USDC")
HOUSE = Account(OwnerKind.HOUSE, "house", "cash", "venue", "USDC")
COINS = Account(OwnerKind.HOUSE, "house", "cash", "venue", "BTC")
ACCOUNTS = [WORLD, FREE, HELD, HOUSE, COINS]

accounts = st.sampled_from(ACCOUNTS)
movements = st.builds(
    Movement, st.lists(st.builds(Posting, accounts, st.integers(-50, 50)), max_size=4).map(tuple)
) | st.builds(
    lambda source, target, amount: Movement.between(source, target, amount=amount),
    accounts,
    accounts,
    st.integers(-50, 50),
)


def test_deposit_comes_from_the_outside_world():
    ledger = Ledger()
    ledger.post(Movement.between(WORLD, FREE, amount=100))
    assert (ledger.balance(FREE), ledger.balance(WORLD)) == (100, -100)
    assert ledger.balanced()


def test_user_bucket_cannot_go_below_zero():
    ledger = Ledger()
    ledger.post(Movement.between(WORLD, FREE, amount=100))
    with pytest.raises(OverdrawnError, match="below zero"):
        ledger.post(Movement.between(FREE, HELD, amount=101))
    assert ledger.balance(FREE) == 100
    assert ledger.movements == 1


def test_house_account_may_go_below_zero():
    ledger = Ledger()
    ledger.post(Movement.between(HOUSE, FREE, amount=5))
    assert ledger.balance(HOUSE) == -5
    assert ledger.balanced()


def test_amounts_of_different_assets_do_not_cancel():
    with pytest.raises(UnbalancedError, match="BTC"):
        Ledger().post(Movement((Posting(HOUSE, -5), Posting(COINS, 5))))


def test_only_the_sum_of_a_movement_counts_for_a_user_bucket():
    ledger = Ledger()
    ledger.post(Movement((Posting(FREE, -5), Posting(FREE, 5), Posting(WORLD, -1), Posting(HOUSE, 1))))
    assert ledger.balance(FREE) == 0


def test_reversed_movement_takes_it_back():
    ledger = Ledger()
    move = Movement.of([Movement.between(WORLD, FREE, amount=3), Movement.between(HOUSE, HELD, amount=2)])
    ledger.post(move)
    ledger.post(move.reversed())
    assert ledger.state().balances == ()
    assert ledger.movements == 2


def test_movement_of_nothing_is_not_counted():
    assert Ledger().post(Movement.between(WORLD, FREE, amount=0)) == 0


@given(st.lists(movements, max_size=30))
def test_any_history_conserves_every_asset_and_users_stay_above_zero(history):
    ledger = Ledger()
    for movement in history:
        before = ledger.state()
        try:
            ledger.post(movement)
        except LedgerError:
            assert ledger.state() == before
        assert ledger.balanced()
        assert ledger.total(asset="USDC") == ledger.total(asset="BTC") == 0
        assert all(ledger.balance(account) >= 0 for account in (FREE, HELD))


@given(st.lists(movements, max_size=20))
def test_state_survives_encoding(history):
    ledger = Ledger()
    for movement in history:
        try:
            ledger.post(movement)
        except LedgerError:
            continue
    data = msgspec.json.encode(ledger.state())
    assert Ledger(msgspec.json.decode(data, type=LedgerState)).state() == ledger.state()


@given(st.lists(movements, max_size=20))
def test_totals_are_the_sums_of_the_accounts_also_after_loading(steps):
    ledger = Ledger()
    for movement in steps:
        with contextlib.suppress(LedgerError):
            ledger.post(movement)
    for books in (ledger, Ledger(ledger.state())):
        balances = dict(books)
        for asset, place in (("USDC", "gate"), ("USDC", "venue"), ("BTC", "venue")):
            here = {a: b for a, b in balances.items() if (a.asset, a.place) == (asset, place)}
            assert books.total(asset=asset, place=place) == sum(here.values())
            assert books.total(asset=asset, kind=OwnerKind.USER, place=place) == sum(
                b for a, b in here.items() if a.kind is OwnerKind.USER
            )
            assert books.held(asset=asset, place=place) == sum(
                b for a, b in here.items() if a.kind is not OwnerKind.EXTERNAL
            )
