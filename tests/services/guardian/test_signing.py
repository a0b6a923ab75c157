"""The signature is over the account as its gate checks it, and the key shows nowhere."""

from __future__ import annotations

import msgspec
import pytest
from eth_account import Account as EthereumAccount
from eth_account.messages import encode_typed_data

from indexmaker.api.solver.v1 import guardian_pb2 as pb
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.services.guardian.accounts import account_of, mint_message, redemption_message
from indexmaker.services.guardian.signing import GuardianKey, signer_of
from indexmaker.services.solver.lots_root import lots_root
from indexmaker.typed_data import invoice_typed_data, redemption_typed_data
from services.guardian.accounts import INVOICE, LOTS, REDEMPTION

KEY = "0x" + "31" * 32


def test_a_mint_is_signed_in_the_tokens_own_units() -> None:
    signed = GuardianKey(KEY).sign(INVOICE)
    typed = invoice_typed_data(
        chain_id=42161,
        gate=INVOICE.gate,
        request_id=7,
        spent=81,
        fee=5,
        back=14,
        out=5,
        lots_root=lots_root(LOTS),
        deadline=9,
    )
    signer = EthereumAccount.recover_message(encode_typed_data(full_message=typed), signature=signed.signature)
    assert signer.lower() == signed.signer == EthereumAccount.from_key(KEY).address.lower()
    assert signed.lots_root == lots_root(LOTS)


def test_a_redemption_is_signed_in_the_tokens_own_units() -> None:
    signed = GuardianKey(KEY).sign(REDEMPTION)
    typed = redemption_typed_data(
        chain_id=42161,
        gate=REDEMPTION.gate,
        request_id=17,
        burned=5,
        returned=4,
        paid=74,
        fee=5,
        lots_root=lots_root(LOTS),
        deadline=9,
    )
    signer = EthereumAccount.recover_message(encode_typed_data(full_message=typed), signature=signed.signature)
    assert signer.lower() == signed.signer


@pytest.mark.parametrize("account", [INVOICE, REDEMPTION], ids=["mint", "redemption"])
def test_the_signer_is_found_again_and_of_an_altered_account_is_another(account) -> None:
    key = GuardianKey(KEY)
    signature = key.sign(account).signature
    assert signer_of(account, signature=signature) == key.address
    assert signer_of(msgspec.structs.replace(account, request_id=1), signature=signature) != key.address
    assert signer_of(account, signature="0x12") == ""
    assert signer_of(account, signature="no hex") == ""


def test_the_key_does_not_show() -> None:
    key = GuardianKey(KEY)
    assert "31" * 32 not in repr(key) + str(key.__dict__)


@pytest.mark.parametrize("text", ["", "0x12", "no key at all"])
def test_a_bad_key_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="32 bytes") as refusal:
        GuardianKey(text)
    assert not text or text not in str(refusal.value)


def test_accounts_travel_to_the_last_atom() -> None:
    odd = msgspec.structs.replace(INVOICE, assets=INVOICE.assets + 1, rounding=-1)
    assert account_of(pb.SignRequest(mint=mint_message(odd))) == odd
    assert account_of(pb.ReviewRequest(redemption=redemption_message(REDEMPTION))) == REDEMPTION


def test_an_account_that_is_none_is_refused() -> None:
    spoilt = mint_message(INVOICE)
    spoilt.refund = "1e9"
    for request in (pb.SignRequest(), pb.SignRequest(mint=spoilt)):
        with pytest.raises(InvalidFieldError):
            account_of(request)
