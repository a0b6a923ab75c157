"""EIP-712 messages that a user signs, built the same way by clients, gateways and the core.

Only the typed data is made here; signing and recovering need an Ethereum library and happen at the edges. Decimals are
signed as the very strings that travel, so that no two encodings of one order exist.
"""

from __future__ import annotations

from typing import Any

from indexmaker.identifiers import AccountId

__all__ = [
    "amend_typed_data",
    "cancel_typed_data",
    "invoice_typed_data",
    "logon_typed_data",
    "order_typed_data",
    "quote_typed_data",
    "redemption_typed_data",
]

_DOMAIN_FIELDS = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
]


def _typed(
    account: AccountId, primary: str, fields: list[tuple[str, str]], message: dict[str, object]
) -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": _DOMAIN_FIELDS,
            primary: [{"name": name, "type": kind} for name, kind in fields],
        },
        "primaryType": primary,
        "domain": {"name": "Index Maker", "version": "1", "chainId": account.chain_id},
        "message": message,
    }


def order_typed_data(
    account: AccountId,
    *,
    client_order_id: str,
    side: str,
    index: str,
    amount: str,
    limit_price: str = "",
    max_fee: str = "",
    expires_at: int = 0,
    quote_id: str = "",
) -> dict[str, Any]:
    """Terms of an index order; `side` is "BUY" or "SELL", `expires_at` UTC nanoseconds or 0.

    The binding quote is a field of the message only when there is one.
    """
    fields = [
        ("clientOrderId", "string"),
        ("account", "address"),
        ("side", "string"),
        ("index", "string"),
        ("amount", "string"),
        ("limitPrice", "string"),
        ("maxFee", "string"),
        ("expiresAt", "uint64"),
    ]
    message: dict[str, object] = {
        "clientOrderId": client_order_id,
        "account": account.address,
        "side": side,
        "index": index,
        "amount": amount,
        "limitPrice": limit_price,
        "maxFee": max_fee,
        "expiresAt": expires_at,
    }
    if quote_id:
        fields.append(("quoteId", "string"))
        message["quoteId"] = quote_id
    return _typed(account, "IndexOrder", fields, message)


def quote_typed_data(account: AccountId, *, client_quote_id: str, side: str, index: str, amount: str) -> dict[str, Any]:
    """The wish for a binding quote; `side` is "BUY" or "SELL"."""
    fields = [
        ("clientQuoteId", "string"),
        ("account", "address"),
        ("side", "string"),
        ("index", "string"),
        ("amount", "string"),
    ]
    message: dict[str, object] = {
        "clientQuoteId": client_quote_id,
        "account": account.address,
        "side": side,
        "index": index,
        "amount": amount,
    }
    return _typed(account, "IndexQuote", fields, message)


def amend_typed_data(
    account: AccountId,
    *,
    client_order_id: str,
    amend_id: str,
    amount: str = "",
    limit_price: str = "",
    max_fee: str = "",
    expires_at: int = 0,
) -> dict[str, Any]:
    """New terms of an index order; what is empty (or 0) stays as it is."""
    fields = [
        ("clientOrderId", "string"),
        ("account", "address"),
        ("amendId", "string"),
        ("amount", "string"),
        ("limitPrice", "string"),
        ("maxFee", "string"),
        ("expiresAt", "uint64"),
    ]
    message: dict[str, object] = {
        "clientOrderId": client_order_id,
        "account": account.address,
        "amendId": amend_id,
        "amount": amount,
        "limitPrice": limit_price,
        "maxFee": max_fee,
        "expiresAt": expires_at,
    }
    return _typed(account, "IndexOrderAmend", fields, message)


def cancel_typed_data(account: AccountId, *, client_order_id: str) -> dict[str, Any]:
    """The wish to end an index order."""
    fields = [("clientOrderId", "string"), ("account", "address")]
    return _typed(account, "IndexOrderCancel", fields, {"clientOrderId": client_order_id, "account": account.address})


def logon_typed_data(account: AccountId, *, challenge: str, sender_comp_id: str, target_comp_id: str) -> dict[str, Any]:
    """Proof at logon that the session's owner holds the account's key.

    The challenge is the gateway's, used once; the gateway's own name keeps another one from relaying it.
    """
    fields = [
        ("account", "address"),
        ("senderCompId", "string"),
        ("targetCompId", "string"),
        ("challenge", "string"),
    ]
    message: dict[str, object] = {
        "account": account.address,
        "senderCompId": sender_comp_id,
        "targetCompId": target_comp_id,
        "challenge": challenge,
    }
    return _typed(account, "Logon", fields, message)


def invoice_typed_data(
    *,
    chain_id: int,
    gate: str,
    request_id: int,
    spent: int,
    fee: int,
    back: int,
    out: int,
    lots_root: str,
    deadline: int,
) -> dict[str, Any]:
    """A mint invoice as an IndexGate checks it: `spent`, `fee` and `back` in units of the collateral, `out` in units
    of the index token, `deadline` in Unix seconds.
    """
    fields = [
        ("requestId", "uint256"),
        ("spent", "uint256"),
        ("fee", "uint256"),
        ("back", "uint256"),
        ("out", "uint256"),
        ("lotsRoot", "bytes32"),
        ("deadline", "uint256"),
    ]
    message: dict[str, object] = {
        "requestId": request_id,
        "spent": spent,
        "fee": fee,
        "back": back,
        "out": out,
        "lotsRoot": lots_root,
        "deadline": deadline,
    }
    return _gate_typed(chain_id, gate, "Invoice", fields, message)


def redemption_typed_data(
    *,
    chain_id: int,
    gate: str,
    request_id: int,
    burned: int,
    returned: int,
    paid: int,
    fee: int,
    lots_root: str,
    deadline: int,
) -> dict[str, Any]:
    """A redemption invoice as an IndexGate checks it: `burned` and `returned` in units of the index token, `paid` and
    `fee` in units of the collateral, `deadline` in Unix seconds.
    """
    fields = [
        ("requestId", "uint256"),
        ("burned", "uint256"),
        ("returned", "uint256"),
        ("paid", "uint256"),
        ("fee", "uint256"),
        ("lotsRoot", "bytes32"),
        ("deadline", "uint256"),
    ]
    message: dict[str, object] = {
        "requestId": request_id,
        "burned": burned,
        "returned": returned,
        "paid": paid,
        "fee": fee,
        "lotsRoot": lots_root,
        "deadline": deadline,
    }
    return _gate_typed(chain_id, gate, "Redemption", fields, message)


def _gate_typed(
    chain_id: int, gate: str, primary: str, fields: list[tuple[str, str]], message: dict[str, object]
) -> dict[str, Any]:
    return {
        "types": {
            "EIP712Domain": [*_DOMAIN_FIELDS, {"name": "verifyingContract", "type": "address"}],
            primary: [{"name": name, "type": kind} for name, kind in fields],
        },
        "primaryType": primary,
        "domain": {"name": "IndexGate", "version": "1", "chainId": chain_id, "verifyingContract": gate},
        "message": message,
    }
