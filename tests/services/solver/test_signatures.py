"""Whose order it is: EIP-712 signatures over every field."""

from __future__ import annotations

import pytest
from eth_account.messages import encode_typed_data

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.connectors.errors import AuthenticationError, InvalidFieldError
from indexmaker.identifiers import AccountId
from indexmaker.services.solver.authentication import check_signature
from indexmaker.services.solver.requests import account_of, order_of, signed_terms
from indexmaker.typed_data import invoice_typed_data
from indexmaker_client import Signer
from indexmaker_evm import contracts

KEY = "0x" + "11" * 32
SIGNER = Signer(42161, KEY)
TERMS = {"client_order_id": "a-1", "index": "TOP20", "amount": "100.5", "limit_price": "120", "max_fee": "2"}


def terms(**changes: object) -> pb.IndexOrderTerms:
    account = common_pb2.AccountId(chain_id=42161, address=SIGNER.account.address)
    made = pb.IndexOrderTerms(account=account, side=pb.INDEX_SIDE_BUY, expires_at=9, **TERMS)  # type: ignore[arg-type]
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def checked(given: pb.IndexOrderTerms, signature: str) -> None:
    account = account_of(given.account)
    check_signature(signed_terms(given, account=account), signature, account=account)


SIGNATURE = SIGNER.sign_order(expires_at=9, **TERMS)  # type: ignore[arg-type]


def test_the_accounts_own_signature_over_the_very_terms_is_good() -> None:
    checked(terms(), SIGNATURE)


@pytest.mark.parametrize(
    "change",
    [
        {"client_order_id": "a-2"},
        {"index": "TOP21"},
        {"amount": "100.50"},
        {"amount": "1000.5"},
        {"limit_price": ""},
        {"max_fee": "3"},
        {"expires_at": 10},
        {"side": pb.INDEX_SIDE_SELL},
    ],
)
def test_a_signed_message_altered_in_any_field_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(AuthenticationError):
        checked(terms(**change), SIGNATURE)


def test_a_request_in_another_users_name_is_refused() -> None:
    other = Signer(42161, "0x" + "22" * 32).account
    given = terms()
    given.account.address = other.address
    with pytest.raises(AuthenticationError):
        checked(given, SIGNATURE)


def test_a_signature_for_another_chain_is_refused() -> None:
    given = terms()
    given.account.chain_id = 1
    with pytest.raises(AuthenticationError):
        checked(given, SIGNATURE)


@pytest.mark.parametrize("signature", ["", "0x12", "zz" * 65, SIGNATURE + "00"])
def test_what_is_no_signature_names_its_field(signature: str) -> None:
    with pytest.raises(InvalidFieldError, match="signature"):
        checked(terms(), signature)


def test_a_signature_of_garbage_bytes_is_refused_not_crashed_on() -> None:
    with pytest.raises(AuthenticationError):
        checked(terms(), "0x" + "ff" * 65)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "-1"}, "terms.amount"),
        ({"amount": "1e3"}, "terms.amount"),
        ({"amount": ""}, "terms.amount"),
        ({"limit_price": "x"}, "terms.limit_price"),
        ({"client_order_id": "a b"}, "terms.client_order_id"),
        ({"side": pb.INDEX_SIDE_UNSPECIFIED}, "terms.side"),
        ({"index": ""}, "terms.index"),
        ({"expires_at": -1}, "terms.expires_at"),
    ],
)
def test_a_malformed_field_is_named(change: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidFieldError) as caught:
        order_of(terms(**change), account=SIGNER.account, digest="")
    assert caught.value.field == field


def test_the_key_stays_out_of_sight() -> None:
    assert KEY.removeprefix("0x") not in repr(SIGNER)
    assert str(SIGNER.account) in repr(SIGNER)


def test_the_guardian_signs_the_invoice_that_the_gate_checks() -> None:
    gate = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    values = {"spent": 10, "fee": 1, "back": 2, "out": 5}
    root = bytes.fromhex("ab" * 32)
    ours = invoice_typed_data(
        chain_id=42161, gate=gate, request_id=7, lots_root="0x" + root.hex(), deadline=99, **values
    )
    invoice = contracts.Invoice(request_id=7, lots_root=root, deadline=99, **values)
    theirs = contracts.invoice_message(invoice, chain_id=42161, gate=gate)
    assert contracts.digest(encode_typed_data(full_message=ours)) == contracts.digest(theirs)


def test_an_account_is_read_in_lower_case() -> None:
    mixed = common_pb2.AccountId(chain_id=1, address="0x" + "AB" * 20)
    assert account_of(mixed) == AccountId(1, "0x" + "ab" * 20)
