"""Readings of contracts, all at one block and in one message to one node."""

from __future__ import annotations

import msgspec

from indexmaker.connectors.errors import InvalidFieldError, TransientError
from indexmaker.money import format_atoms, units_to_atoms
from indexmaker_evm.codecs import (
    call_allowance,
    call_balance_of,
    call_escrowed,
    call_request,
    call_solvent,
    call_total_supply,
    call_weights,
    word,
)
from indexmaker_evm.contracts import RequestState
from indexmaker_evm.errors import RpcError
from indexmaker_evm.rpc import Call, RpcPool, from_hex, number, to_hex
from indexmaker_evm.tokens import Tokens

__all__ = [
    "AllowanceView",
    "BalanceView",
    "CollateralView",
    "Reading",
    "RequestView",
    "SolvencyView",
    "SupplyView",
    "View",
    "WeightsView",
    "read_views",
]


_LARGEST = 10**46
"""Atoms; an unlimited allowance is beyond what a decimal may have."""


class BalanceView(msgspec.Struct, frozen=True, kw_only=True, tag="balance"):
    """Tokens of an address."""

    token: str
    holder: str


class SupplyView(msgspec.Struct, frozen=True, kw_only=True, tag="supply"):
    """Total of a token."""

    token: str


class RequestView(msgspec.Struct, frozen=True, kw_only=True, tag="request"):
    """State of a gate's request."""

    gate: str
    request_id: int


class AllowanceView(msgspec.Struct, frozen=True, kw_only=True, tag="allowance"):
    """What a spender may take of an owner's tokens; without a token, of the collateral of the gate that spends."""

    token: str
    owner: str
    spender: str


class WeightsView(msgspec.Struct, frozen=True, kw_only=True, tag="weights"):
    """Version of a gate's newest weights."""

    gate: str


class SolvencyView(msgspec.Struct, frozen=True, kw_only=True, tag="solvency"):
    """Whether a gate holds all it owes."""

    gate: str


class CollateralView(msgspec.Struct, frozen=True, kw_only=True, tag="collateral"):
    """Collateral tokens of an address; without one, what waits in the gate for its requests."""

    gate: str
    holder: str


View = BalanceView | SupplyView | AllowanceView | RequestView | WeightsView | SolvencyView | CollateralView


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Values in the order of the views: decimals in whole tokens, a state's name such as `PENDING`, a version's number,
    or `true` or `false`.
    """

    block_number: int
    values: tuple[str, ...]


async def read_views(views: list[View], *, block_number: int, rpc: RpcPool, tokens: Tokens) -> Reading:
    """Read at a block, 0 for the newest.

    Raises:
        InvalidFieldError: a contract is none, or was none at that block.
        TransientError: the node does not have the block, or not its state.
    """
    tag = hex(block_number) if block_number else "latest"
    block = await rpc.call(Call("eth_getBlockByNumber", [tag, False]))
    if block is None:
        raise TransientError(f"the nodes do not have block {tag}; it may be too new")
    pinned = number(block["number"])
    asked = [await _resolved(view, tokens) for view in views]
    answers = await rpc.batch([Call("eth_call", [_request(view), hex(pinned)]) for view in asked])
    values = [await _value(view, answer, tokens) for view, answer in zip(asked, answers, strict=True)]
    return Reading(block_number=pinned, values=tuple(values))


async def _resolved(view: View, tokens: Tokens) -> View:
    """Where a gate stands for its asset, name the asset."""
    if isinstance(view, AllowanceView) and not view.token:
        gate = await tokens.gate(view.spender, field="views.token_allowance.spender")
        return msgspec.structs.replace(view, token=gate.asset)
    if isinstance(view, CollateralView) and view.holder:
        return BalanceView(token=(await tokens.gate(view.gate, field="views.gate")).asset, holder=view.holder)
    return view


def _request(view: View) -> dict[str, str]:
    match view:
        case BalanceView():
            return {"to": view.token, "data": to_hex(call_balance_of(view.holder))}
        case SupplyView():
            return {"to": view.token, "data": to_hex(call_total_supply())}
        case AllowanceView():
            return {"to": view.token, "data": to_hex(call_allowance(view.owner, spender=view.spender))}
        case RequestView():
            return {"to": view.gate, "data": to_hex(call_request(view.request_id))}
        case WeightsView():
            return {"to": view.gate, "data": to_hex(call_weights())}
        case SolvencyView():
            return {"to": view.gate, "data": to_hex(call_solvent())}
        case CollateralView():
            return {"to": view.gate, "data": to_hex(call_escrowed())}


async def _value(view: View, answer: str | RpcError, tokens: Tokens) -> str:
    if isinstance(answer, RpcError):
        raise TransientError(f"a node cannot read {view}: {answer.message}")
    data = from_hex(answer)
    if len(data) < 32:
        raise InvalidFieldError("views", f"{view} names an address without such a contract at that block")
    match view:
        case RequestView():
            return RequestState(word(data, 1)).name
        case WeightsView():
            return str(word(data, 0))
        case SolvencyView():
            return "true" if word(data, 0) else "false"
        case CollateralView():
            gate = await tokens.gate(view.gate, field="views.gate")
            return format_atoms(units_to_atoms(word(data, 0), gate.asset_decimals))
    decimals = await tokens.decimals(view.token, field="views.token")
    return format_atoms(min(units_to_atoms(word(data, 0), decimals), _LARGEST))
