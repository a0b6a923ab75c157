"""What was signed is remembered before it is signed, and nothing else is signed for the same request."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from indexmaker.services.guardian.register import Register, RegisterDamagedError
from indexmaker.solver.commands import Invoice, InvoiceLot
from services.guardian.accounts import INVOICE, REDEMPTION


def register_with(file: Path, *accounts: Invoice) -> Register:
    register = Register(file)
    for number, account in enumerate(accounts):
        register.enter(account, digest=f"0x{number}")
    return register


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "signed.jsonl"


@pytest.mark.parametrize("account", [INVOICE, REDEMPTION], ids=["mint", "redemption"])
def test_the_same_account_with_a_later_deadline_may_be_signed_again(file: Path, account) -> None:
    register = register_with(file, account)
    later = msgspec.structs.replace(account, deadline=account.deadline + 1, invoice_id="i-2")
    assert register.objection(account) is None
    assert register.objection(later) is None


@pytest.mark.parametrize("field", ["spent", "fee", "refund", "units"])
def test_other_amounts_for_the_same_request_are_never_signed(file: Path, field: str) -> None:
    register = register_with(file, INVOICE)
    other = msgspec.structs.replace(INVOICE, **{field: getattr(INVOICE, field) + 10**12}, deadline=INVOICE.deadline + 1)
    objection = register.objection(other)
    assert objection is not None
    assert "other amounts" in objection.text


@pytest.mark.parametrize("field", ["burned", "returned", "paid", "fee"])
def test_other_amounts_for_the_same_redemption_are_never_signed(file: Path, field: str) -> None:
    register = register_with(file, REDEMPTION)
    assert register.objection(msgspec.structs.replace(REDEMPTION, **{field: 10**13})) is not None


def test_other_lots_or_an_earlier_deadline_are_not_signed(file: Path) -> None:
    register = register_with(file, INVOICE)
    lot = msgspec.structs.replace(INVOICE.lots[0], trade_id="other")
    for other in ({"lots": (lot, *INVOICE.lots[1:])}, {"deadline": INVOICE.deadline - 1}):
        assert register.objection(msgspec.structs.replace(INVOICE, **other)) is not None


def test_another_request_may_be_signed(file: Path) -> None:
    register = register_with(file, INVOICE)
    for other in ({"request_id": 8}, {"gate": "0x" + "12" * 20}, {"chain_id": 1}):
        assert register.objection(msgspec.structs.replace(INVOICE, **other, units=1)) is None


def test_a_restart_forgets_nothing(file: Path) -> None:
    register_with(file, INVOICE, REDEMPTION)
    again = Register(file)
    assert len(again) == 2
    assert again.objection(msgspec.structs.replace(INVOICE, units=1)) is not None
    assert again.objection(INVOICE) is None
    assert again.assigned(msgspec.structs.replace(INVOICE, request_id=8)) == {"v:BTCUSDC:1": 3}


def test_the_very_same_account_is_written_once(file: Path) -> None:
    register = register_with(file, INVOICE)
    before = file.read_bytes()
    register.enter(INVOICE, digest="0x0")
    assert file.read_bytes() == before


def test_a_line_that_was_not_finished_was_not_signed_and_is_cut_off(file: Path) -> None:
    register_with(file, INVOICE)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"number":2,"requ')
    register = Register(file)
    assert len(register) == 1
    register.enter(REDEMPTION, digest="0x1")
    assert len(Register(file)) == 2


@pytest.mark.parametrize("damage", ["alter", "remove", "garbage"])
def test_an_altered_register_is_noticed(file: Path, damage: str) -> None:
    register_with(file, INVOICE, REDEMPTION, msgspec.structs.replace(INVOICE, request_id=9))
    lines = file.read_bytes().splitlines(keepends=True)
    damaged = {
        "alter": [lines[0].replace(b'"deadline":9', b'"deadline":8'), *lines[1:]],
        "remove": [lines[0], lines[2]],
        "garbage": [lines[0], b"no json\n", lines[2]],
    }[damage]
    file.write_bytes(b"".join(damaged))
    with pytest.raises(RegisterDamagedError):
        Register(file)


def test_what_one_account_took_of_a_trade_is_known_to_the_next(file: Path) -> None:
    register = register_with(file, INVOICE, REDEMPTION)
    other: Invoice = msgspec.structs.replace(INVOICE, request_id=8)
    assert register.assigned(other) == {"v:BTCUSDC:1": 3}
    assert register.assigned(INVOICE) == {}
    assert isinstance(INVOICE.lots[0], InvoiceLot)
