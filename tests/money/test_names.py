"""Accounts, client order ids, derived ids, and instrument rules."""

from __future__ import annotations

import pytest

from indexmaker.identifiers import AccountId, IdentifierError, check_client_order_id, derived_id
from indexmaker.instruments import Instrument, RuleViolation
from indexmaker.money import parse_atoms

ADDRESS = "0x" + "Ab" * 20


def test_an_account_is_its_chain_and_lower_case_address() -> None:
    account = AccountId.parse(f"42161:{ADDRESS}")
    assert account == AccountId(42161, ADDRESS.lower())
    assert AccountId.parse(str(account)) == account


@pytest.mark.parametrize("text", ["", ADDRESS, "x:" + ADDRESS, "1:0x12", f"1:{ADDRESS}00", f"-1:{ADDRESS}"])
def test_other_texts_are_no_accounts(text: str) -> None:
    with pytest.raises(IdentifierError):
        AccountId.parse(text)


@pytest.mark.parametrize("text", ["", "a" * 37, "a b", "a/b", "ä", "a\n"])
def test_client_order_ids_keep_the_venue_grammar(text: str) -> None:
    with pytest.raises(IdentifierError, match="1 to 36"):
        check_client_order_id(text)
    assert check_client_order_id("Order_1-a") == "Order_1-a"


def test_derived_ids_follow_from_their_parts_alone_and_do_not_run_together() -> None:
    assert derived_id("b", 1, "x") == derived_id("b", 1, "x")
    assert derived_id("b", 1, "x") != derived_id("b", "1x")
    assert len(derived_id("b", 1)) <= 36


def instrument(**changes: object) -> Instrument:
    rules = {
        "venue": "binance",
        "symbol": "BTCUSDC",
        "base": "BTC",
        "quote": "USDC",
        "tick_size": parse_atoms("0.01"),
        "lot_step": parse_atoms("0.001"),
        "min_quantity": parse_atoms("0.002"),
        "max_quantity": parse_atoms("10"),
        "min_notional": parse_atoms("5"),
    }
    return Instrument(**(rules | changes))  # type: ignore[arg-type]


def test_quantities_go_down_and_prices_never_past_their_limit() -> None:
    one = instrument()
    assert one.quantity_down(parse_atoms("0.0019999")) == parse_atoms("0.001")
    assert one.price_within(parse_atoms("100.019"), buy=True) == parse_atoms("100.01")
    assert one.price_within(parse_atoms("100.011"), buy=False) == parse_atoms("100.02")


@pytest.mark.parametrize(
    ("quantity", "price", "rule"),
    [
        ("0.0025", "10000", "LOT_SIZE"),
        ("0.001", "10000", "LOT_SIZE"),
        ("11", "10000", "LOT_SIZE"),
        ("0.002", "10000.001", "PRICE_FILTER"),
        ("0.002", "0", "PRICE_FILTER"),
        ("0.002", "100", "NOTIONAL"),
    ],
)
def test_an_order_off_the_rules_is_refused_with_the_name_of_the_rule(quantity: str, price: str, rule: str) -> None:
    with pytest.raises(RuleViolation, match=rule):
        instrument().check(quantity=parse_atoms(quantity), price=parse_atoms(price))


def test_an_order_within_the_rules_passes_and_a_halted_instrument_takes_none() -> None:
    instrument().check(quantity=parse_atoms("0.002"), price=parse_atoms("2500"))
    with pytest.raises(RuleViolation, match="TRADING_STATUS"):
        instrument(trading=False).check(quantity=parse_atoms("0.002"), price=parse_atoms("2500"))
