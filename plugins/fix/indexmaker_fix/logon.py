"""Who connects: a challenge, used once, and the account's EIP-712 signature over it in the Logon."""

from __future__ import annotations

from eth_account import Account
from eth_account.messages import encode_typed_data

from indexmaker.identifiers import AccountId, IdentifierError
from indexmaker.typed_data import logon_typed_data
from indexmaker_fix.errors import LogonRefusedError
from indexmaker_fix.message import Message
from indexmaker_fix.values import time_text

__all__ = ["challenge_message", "proven_account"]

_SIGNATURE_BYTES = 65


def challenge_message(challenge: str, *, gateway: str, now: int) -> Message:
    """Challenge(U1), the first thing that a connection says; it stands outside the sequence."""
    header = {
        "BeginString": "FIXT.1.1",
        "MsgType": "U1",
        "MsgSeqNum": "0",
        "SenderCompID": gateway,
        "TargetCompID": "*",
        "SendingTime": time_text(now),
    }
    return Message(header=header, body={"LogonChallenge": challenge})


def proven_account(logon: Message, *, challenge: str) -> AccountId:
    """The account whose key signed the challenge for these comp ids; raises `LogonRefusedError`."""
    try:
        account = AccountId.parse(logon.body.get("Username", ""))
    except IdentifierError:
        raise LogonRefusedError("Username must be the account, CHAIN_ID:0xADDRESS") from None
    names = {"sender_comp_id": logon.header["SenderCompID"], "target_comp_id": logon.header["TargetCompID"]}
    typed = logon_typed_data(account, challenge=challenge, **names)
    if _signer(typed, logon.body.get("RawData", "")) != account.address:
        raise LogonRefusedError(
            "RawData must be the account's EIP-712 signature over this connection's challenge and both comp ids"
        )
    return account


def _signer(typed: dict[str, object], signature: str) -> str:
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return ""
    if len(raw) != _SIGNATURE_BYTES:
        return ""
    try:
        return str(Account.recover_message(encode_typed_data(full_message=typed), signature=raw)).lower()
    except Exception:  # the curve library raises what it likes on points that do not exist
        return ""
