"""The key of an account, kept out of sight."""

from __future__ import annotations

from eth_account import Account
from eth_account.messages import encode_typed_data

from indexmaker.identifiers import AccountId
from indexmaker.typed_data import (
    amend_typed_data,
    cancel_typed_data,
    logon_typed_data,
    order_typed_data,
    quote_typed_data,
)

__all__ = ["Signer"]


class Signer:
    """Signs orders, cancels and logons of one account (EIP-712); its repr shows the address only.

    Raises:
        ValueError: the private key is not 32 bytes of hexadecimal.
    """

    def __init__(self, chain_id: int, private_key: str) -> None:
        self.__local = Account.from_key(private_key)
        self.account = AccountId(chain_id, self.__local.address.lower())

    def sign_order(
        self,
        *,
        client_order_id: str,
        index: str,
        amount: str,
        side: str = "BUY",
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
        quote_id: str = "",
    ) -> str:
        """Signature of an index order's terms, as 0x-hexadecimal."""
        return self.__sign(
            order_typed_data(
                self.account,
                client_order_id=client_order_id,
                side=side,
                index=index,
                amount=amount,
                limit_price=limit_price,
                max_fee=max_fee,
                expires_at=expires_at,
                quote_id=quote_id,
            )
        )

    def sign_quote(self, *, client_quote_id: str, side: str, index: str, amount: str) -> str:
        """Signature of the wish for a binding quote."""
        return self.__sign(
            quote_typed_data(self.account, client_quote_id=client_quote_id, side=side, index=index, amount=amount)
        )

    def sign_cancel(self, *, client_order_id: str) -> str:
        """Signature of the wish to end an order."""
        return self.__sign(cancel_typed_data(self.account, client_order_id=client_order_id))

    def sign_amend(
        self,
        *,
        client_order_id: str,
        amend_id: str,
        amount: str = "",
        limit_price: str = "",
        max_fee: str = "",
        expires_at: int = 0,
    ) -> str:
        """Signature of new terms of an order; what is empty stays as it is."""
        return self.__sign(
            amend_typed_data(
                self.account,
                client_order_id=client_order_id,
                amend_id=amend_id,
                amount=amount,
                limit_price=limit_price,
                max_fee=max_fee,
                expires_at=expires_at,
            )
        )

    def sign_logon(self, *, challenge: str, sender_comp_id: str, target_comp_id: str) -> str:
        """Signature of a gateway's logon challenge."""
        return self.__sign(
            logon_typed_data(
                self.account, challenge=challenge, sender_comp_id=sender_comp_id, target_comp_id=target_comp_id
            )
        )

    def __sign(self, typed: dict[str, object]) -> str:
        signed = self.__local.sign_message(encode_typed_data(full_message=typed))
        signature: bytes = signed.signature
        return "0x" + signature.hex().removeprefix("0x")

    def __repr__(self) -> str:
        return f"Signer({self.account})"
