"""The guardian's key, and the messages that it signs."""

from __future__ import annotations

from typing import Any

import msgspec
from eth_account import Account as EthereumAccount
from eth_account.messages import encode_typed_data

from indexmaker.money import atoms_to_units
from indexmaker.services.solver.lots_root import lots_root
from indexmaker.solver.commands import Invoice
from indexmaker.solver.evidence import Account
from indexmaker.typed_data import invoice_typed_data, redemption_typed_data

__all__ = ["GuardianKey", "Signature", "signer_of", "typed_data_of"]

_COLLATERAL_DECIMALS = 6
_TOKEN_DECIMALS = 18
_SECOND = 1_000_000_000


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in 0x-hexadecimal: address, 65 bytes, 32 bytes, 32 bytes."""

    signer: str
    signature: str
    lots_root: str
    digest: str


def typed_data_of(account: Account, *, root: str) -> dict[str, Any]:
    """The EIP-712 message of an account as its gate checks it; a finer amount than the tokens have is refused."""
    deadline = account.deadline // _SECOND
    if isinstance(account, Invoice):
        return invoice_typed_data(
            chain_id=account.chain_id,
            gate=account.gate,
            request_id=account.request_id,
            spent=atoms_to_units(account.spent, _COLLATERAL_DECIMALS),
            fee=atoms_to_units(account.fee, _COLLATERAL_DECIMALS),
            back=atoms_to_units(account.refund, _COLLATERAL_DECIMALS),
            out=atoms_to_units(account.units, _TOKEN_DECIMALS),
            lots_root=root,
            deadline=deadline,
        )
    return redemption_typed_data(
        chain_id=account.chain_id,
        gate=account.gate,
        request_id=account.request_id,
        burned=atoms_to_units(account.burned, _TOKEN_DECIMALS),
        returned=atoms_to_units(account.returned, _TOKEN_DECIMALS),
        paid=atoms_to_units(account.paid, _COLLATERAL_DECIMALS),
        fee=atoms_to_units(account.fee, _COLLATERAL_DECIMALS),
        lots_root=root,
        deadline=deadline,
    )


def signer_of(account: Account, *, signature: str) -> str:
    """Address whose key made the signature over this very account, lower-case; "" for one that is no signature."""
    message = encode_typed_data(full_message=typed_data_of(account, root=lots_root(account.lots)))
    try:
        address: str = EthereumAccount.recover_message(message, signature=bytes.fromhex(signature.removeprefix("0x")))
    except Exception:
        return ""
    return address.lower()


class GuardianKey:
    """Signs; the private key never leaves this object, and its repr shows the address alone."""

    def __init__(self, private_key: str) -> None:
        """Take the key over.

        Raises:
            ValueError: it is not 32 bytes of hexadecimal.
        """
        try:
            self.__key = EthereumAccount.from_key(private_key)
        except ValueError:
            raise ValueError("the key there is not 32 bytes of hexadecimal") from None

    @property
    def address(self) -> str:
        """Lower-case."""
        address: str = self.__key.address
        return address.lower()

    def sign(self, account: Account) -> Signature:
        """Sign an account as it stands."""
        root = lots_root(account.lots)
        signed = self.__key.sign_message(encode_typed_data(full_message=typed_data_of(account, root=root)))
        return Signature(
            signer=self.address,
            signature="0x" + signed.signature.hex().removeprefix("0x"),
            lots_root=root,
            digest="0x" + signed.message_hash.hex().removeprefix("0x"),
        )

    def __repr__(self) -> str:
        return f"GuardianKey({self.address})"
