"""What can be asked to be sent, and the calls that it becomes. Amounts are atoms (10**-18 tokens)."""

from __future__ import annotations

import hashlib

import msgspec

from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import MoneyError, atoms_to_units
from indexmaker_evm.codecs import (
    call_approve,
    call_commit,
    call_commit_redemptions,
    call_create_index,
    call_set_weights,
    call_settle,
    call_settle_redemption,
    call_transfer,
)
from indexmaker_evm.contracts import Invoice, Redemption
from indexmaker_evm.tokens import Tokens

__all__ = [
    "ApproveGate",
    "CommitRedemptions",
    "CommitRequests",
    "DeployIndex",
    "PreparedCall",
    "SetWeights",
    "SettleRedemption",
    "SettleRequest",
    "TransferTokens",
    "TxCommand",
    "digest",
    "prepare",
]


class CommitRequests(msgspec.Struct, frozen=True, kw_only=True, tag="commit"):
    """Move requests' collateral to a route."""

    gate: str
    request_ids: tuple[int, ...]
    route_id: int


class SettleRequest(msgspec.Struct, frozen=True, kw_only=True, tag="settle"):
    """Settle a request with a signed invoice."""

    gate: str
    request_id: int
    spent: int
    fee: int
    back: int
    out: int
    lots_root: bytes
    deadline: int
    """UTC seconds."""
    signer: str
    signature: bytes


class TransferTokens(msgspec.Struct, frozen=True, kw_only=True, tag="transfer"):
    """Transfer tokens."""

    token: str
    recipient: str
    amount: int


class CommitRedemptions(msgspec.Struct, frozen=True, kw_only=True, tag="commit_redemptions"):
    """Lock redemptions' tokens in their gate."""

    gate: str
    request_ids: tuple[int, ...]


class SettleRedemption(msgspec.Struct, frozen=True, kw_only=True, tag="settle_redemption"):
    """Settle a redemption with a signed invoice."""

    gate: str
    request_id: int
    burned: int
    returned: int
    paid: int
    fee: int
    lots_root: bytes
    deadline: int
    """UTC seconds."""
    signer: str
    signature: bytes


class DeployIndex(msgspec.Struct, frozen=True, kw_only=True, tag="deploy_index"):
    """Deploy an index's gate and token; the zero address leaves the curator to the factory."""

    factory: str
    symbol: str
    name: str
    curator: str


class SetWeights(msgspec.Struct, frozen=True, kw_only=True, tag="set_weights"):
    """Publish weights (atoms of 1, by symbol) from `effective_at` on: UTC seconds, 0 for as soon as allowed."""

    gate: str
    version: int
    weights: tuple[tuple[str, int], ...]
    effective_at: int


class ApproveGate(msgspec.Struct, frozen=True, kw_only=True, tag="approve_gate"):
    """Let a gate take the sender's collateral, which settlements bring."""

    gate: str


TxCommand = (
    CommitRequests
    | SettleRequest
    | TransferTokens
    | CommitRedemptions
    | SettleRedemption
    | DeployIndex
    | SetWeights
    | ApproveGate
)


class PreparedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A contract and the calldata for it."""

    to: str
    data: bytes


def digest(chain_id: int, command: TxCommand) -> bytes:
    """Tells commands apart, whatever id they come under."""
    return hashlib.blake2b(msgspec.json.encode((chain_id, command)), digest_size=16).digest()


async def prepare(command: TxCommand, tokens: Tokens) -> PreparedCall:
    """Encode a command; raises `InvalidFieldError` for a wrong contract or an amount finer than the token's unit."""
    match command:
        case CommitRequests():
            data = call_commit(list(command.request_ids), route_id=command.route_id)
            return PreparedCall(to=command.gate, data=data)
        case SettleRequest():
            return PreparedCall(to=command.gate, data=await _settle(command, tokens))
        case CommitRedemptions():
            return PreparedCall(to=command.gate, data=call_commit_redemptions(list(command.request_ids)))
        case SettleRedemption():
            return PreparedCall(to=command.gate, data=await _settle_redemption(command, tokens))
        case DeployIndex():
            data = call_create_index(command.symbol, name=command.name, curator=command.curator)
            return PreparedCall(to=command.factory, data=data)
        case SetWeights():
            weights = [(symbol.encode(), weight) for symbol, weight in command.weights]
            data = call_set_weights(weights, version=command.version, effective_time=command.effective_at)
            return PreparedCall(to=command.gate, data=data)
        case ApproveGate():
            gate = await tokens.gate(command.gate, field="approve_gate.gate")
            return PreparedCall(to=gate.asset, data=call_approve(command.gate))
        case TransferTokens():
            decimals = await tokens.decimals(command.token, field="transfer.token")
            units = _units(command.amount, decimals, field="transfer.amount")
            return PreparedCall(to=command.token, data=call_transfer(command.recipient, units=units))


async def _settle(command: SettleRequest, tokens: Tokens) -> bytes:
    gate = await tokens.gate(command.gate, field="settle.gate")
    invoice = Invoice(
        request_id=command.request_id,
        spent=_units(command.spent, gate.asset_decimals, field="settle.spent"),
        fee=_units(command.fee, gate.asset_decimals, field="settle.fee"),
        back=_units(command.back, gate.asset_decimals, field="settle.back"),
        out=_units(command.out, gate.share_decimals, field="settle.out"),
        lots_root=command.lots_root,
        deadline=command.deadline,
    )
    return call_settle(invoice, signer=command.signer, signature=command.signature)


async def _settle_redemption(command: SettleRedemption, tokens: Tokens) -> bytes:
    gate = await tokens.gate(command.gate, field="settle_redemption.gate")
    redemption = Redemption(
        request_id=command.request_id,
        burned=_units(command.burned, gate.share_decimals, field="settle_redemption.burned"),
        returned=_units(command.returned, gate.share_decimals, field="settle_redemption.returned"),
        paid=_units(command.paid, gate.asset_decimals, field="settle_redemption.paid"),
        fee=_units(command.fee, gate.asset_decimals, field="settle_redemption.fee"),
        lots_root=command.lots_root,
        deadline=command.deadline,
    )
    return call_settle_redemption(redemption, signer=command.signer, signature=command.signature)


def _units(atoms: int, decimals: int, *, field: str) -> int:
    try:
        return atoms_to_units(atoms, decimals)
    except MoneyError as error:
        raise InvalidFieldError(field, str(error)) from None
