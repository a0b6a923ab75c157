"""From FIX to the core: what a client's message asks for. Pure; a `FaultyError` says what to answer instead."""

from __future__ import annotations

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.identifiers import AccountId, IdentifierError, check_client_order_id
from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.errors import BusinessReason, FaultyError, SessionReason
from indexmaker_fix.message import Message
from indexmaker_fix.values import parse_time

__all__ = [
    "SIDES",
    "account_message",
    "amend_request",
    "amount_of",
    "cancel_request",
    "check_id",
    "owner_of",
    "reference_of",
    "signature_of",
    "submit_request",
]

SIDES = {"1": pb.INDEX_SIDE_BUY, "2": pb.INDEX_SIDE_SELL}
"""Side(54)."""
_AMOUNTS = {"1": ("CashOrderQty", "OrderQty"), "2": ("OrderQty", "CashOrderQty")}
_LIMIT = "2"
_GOOD_TILL_DATE = "6"


def account_message(account: AccountId) -> common_pb2.AccountId:
    """The account as the core's interface writes it."""
    return common_pb2.AccountId(chain_id=account.chain_id, address=account.address)


def owner_of(message: Message, *, account: AccountId) -> AccountId:
    """The account that a message acts for: none but the session's, whose key was proven at logon."""
    named = message.body["Account"].lower()
    if named != str(account):
        text = f"this session acts for {account} only; log on with the key of the other account"
        raise FaultyError(BusinessReason.NOT_AUTHORIZED, text, tag=1, business=True, reference=reference_of(message))
    return account


def submit_request(message: Message, *, account: AccountId) -> pb.SubmitIndexOrderRequest:
    """NewOrderSingle(D). Every signed term is passed on as the very text that was signed."""
    body = message.body
    owner = owner_of(message, account=account)
    check_id(message, "ClOrdID")
    amount = amount_of(message)
    if body["OrdType"] == _LIMIT:
        _require(message, "Price", "a limit order has a Price")
    else:
        _refuse(message, "Price", "a market order has no Price; use OrdType 2")
    lasts = body.get("TimeInForce", _GOOD_TILL_DATE if "ExpireTime" in body else "1")
    if lasts == _GOOD_TILL_DATE:
        _require(message, "ExpireTime", "TimeInForce 6 has an ExpireTime")
    else:
        _refuse(message, "ExpireTime", "TimeInForce 1 has no ExpireTime; use 6")
    terms = pb.IndexOrderTerms(
        client_order_id=body["ClOrdID"],
        account=account_message(owner),
        side=SIDES[body["Side"]],
        index=body["Symbol"],
        amount=amount,
        limit_price=body.get("Price", ""),
        max_fee=body.get("MaxFee", ""),
        expires_at=parse_time(body["ExpireTime"]) if "ExpireTime" in body else 0,
    )
    signature = signature_of(message)
    return pb.SubmitIndexOrderRequest(terms=terms, signature=signature, quote_id=body.get("QuoteID", ""))


def cancel_request(message: Message, *, account: AccountId) -> pb.CancelIndexOrderRequest:
    """OrderCancelRequest(F)."""
    owner = owner_of(message, account=account)
    check_id(message, "ClOrdID")
    check_id(message, "OrigClOrdID")
    return pb.CancelIndexOrderRequest(
        account=account_message(owner),
        client_order_id=message.body["OrigClOrdID"],
        signature=signature_of(message),
    )


def amend_request(message: Message, *, account: AccountId) -> pb.AmendIndexOrderRequest:
    """OrderCancelReplaceRequest(G): what is left out stays as it is. The order keeps OrigClOrdID as its name."""
    body = message.body
    owner = owner_of(message, account=account)
    check_id(message, "ClOrdID")
    check_id(message, "OrigClOrdID")
    amount_field, other = _AMOUNTS[body["Side"]]
    _refuse(message, other, f"Side {body['Side']} is ordered by {amount_field}, not by {other}")
    return pb.AmendIndexOrderRequest(
        account=account_message(owner),
        client_order_id=body["OrigClOrdID"],
        amend_id=body["ClOrdID"],
        amount=body.get(amount_field, ""),
        limit_price=body.get("Price", ""),
        max_fee=body.get("MaxFee", ""),
        expires_at=parse_time(body["ExpireTime"]) if "ExpireTime" in body else 0,
        signature=signature_of(message),
    )


def amount_of(message: Message) -> str:
    """How much a message is about, in the field that its side asks for."""
    body = message.body
    amount_field, other = _AMOUNTS[body["Side"]]
    _require(message, amount_field, f"Side {body['Side']} is ordered by {amount_field}")
    _refuse(message, other, f"Side {body['Side']} is ordered by {amount_field}, not by {other}")
    return str(body[amount_field])


def reference_of(message: Message) -> str:
    """The client's name of what a message asks for; empty when there is none."""
    return str(message.body.get("ClOrdID") or message.body.get("QuoteReqID") or "")


def signature_of(message: Message) -> str:
    """The signature in the trailer; raises `FaultyError` when there is none."""
    signature = message.trailer.get("Signature", "")
    if not signature:
        text = "Signature is required: EIP-712 by the account's key"
        raise FaultyError(SessionReason.REQUIRED_MISSING, text, tag=DICTIONARY.tag("Signature"))
    return signature


def check_id(message: Message, name: str) -> None:
    """Hold a client's own name against the rule for names."""
    try:
        check_client_order_id(message.body[name])
    except IdentifierError:
        text = f"{name} must be 1 to 36 of A-Z a-z 0-9 - _"
        raise FaultyError(SessionReason.OUT_OF_RANGE, text, tag=DICTIONARY.tag(name)) from None


def _require(message: Message, name: str, why: str) -> None:
    if name not in message.body:
        raise _condition(message, name, why)


def _refuse(message: Message, name: str, why: str) -> None:
    if name in message.body:
        raise _condition(message, name, why)


def _condition(message: Message, name: str, why: str) -> FaultyError:
    reason = BusinessReason.CONDITION_MISSING
    return FaultyError(reason, why, tag=DICTIONARY.tag(name), business=True, reference=reference_of(message))
