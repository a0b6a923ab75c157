"""The moves of a redemption, for a world with one gate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_account import Account
from web3.types import TxReceipt

from contracts.gate_world import HOUR, LOTS_ROOT, MAX, TOKEN, USDC, GateWorld, key_of
from indexmaker_evm.contracts import Redemption, digest, redemption_message

__all__ = [
    "commit_redemptions",
    "hold_tokens",
    "locked",
    "redeem",
    "redemption",
    "redemption_digest",
    "settle_redemption",
    "sign_redemption",
    "tokens_of",
]

PRICE = 10 * USDC
"""What one token was bought for."""


def hold_tokens(world: GateWorld, tokens: int) -> None:
    """Give the user index tokens, the way anybody gets them, and let the gate take them."""
    request_id = world.committed(tokens * PRICE)
    world.settle(world.invoice(request_id, spent=tokens * PRICE, out=tokens * TOKEN))
    world.send(world.token.functions.approve(world.gate.address, MAX), world.user)


def tokens_of(world: GateWorld, holder: str) -> int:
    return int(world.token.functions.balanceOf(holder).call())


def redeem(world: GateWorld, shares: int, *, min_out: int = 0, max_fee: int = 5 * USDC) -> int:
    world.send(world.gate.functions.redeem(shares, world.user, world.user, min_out, max_fee), world.user)
    return int(world.gate.functions.lastRequestId().call())


def commit_redemptions(world: GateWorld, *ids: int, sender: str | None = None) -> TxReceipt:
    return world.send(world.gate.functions.commitRedemptions(list(ids)), sender or world.keeper)


def locked(world: GateWorld, shares: int, *, min_out: int = 0, max_fee: int = 5 * USDC) -> int:
    request_id = redeem(world, shares, min_out=min_out, max_fee=max_fee)
    commit_redemptions(world, request_id)
    return request_id


def redemption(world: GateWorld, request_id: int, **changes: Any) -> Redemption:
    values: Mapping[str, Any] = {
        "request_id": request_id,
        "burned": 0,
        "returned": 0,
        "paid": 0,
        "fee": 0,
        "lots_root": LOTS_ROOT,
        "deadline": world.now() + HOUR,
    }
    return Redemption(**{**values, **changes})


def sign_redemption(world: GateWorld, redemption: Redemption, *, signer: int = 3, gate: str | None = None) -> bytes:
    message = redemption_message(redemption, chain_id=world.w3.eth.chain_id, gate=gate or world.gate.address)
    return bytes(Account.sign_message(message, key_of(signer)).signature)


def redemption_digest(world: GateWorld, redemption: Redemption) -> bytes:
    return digest(redemption_message(redemption, chain_id=world.w3.eth.chain_id, gate=world.gate.address))


def settle_redemption(
    world: GateWorld, redemption: Redemption, *, carrier: str | None = None, signature: bytes | None = None
) -> TxReceipt:
    signed = signature or sign_redemption(world, redemption)
    call = world.gate.functions.settleRedemption(redemption.as_tuple(), world.issuer, signed)
    return world.send(call, carrier or world.keeper)
