"""The few logs, calls and errors that matter here, read and written by hand: no general ABI layer on hot paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_utils.crypto import keccak

from indexmaker_evm.contracts import Invoice, Redemption, artifact

__all__ = [
    "TRANSFER_TOPIC",
    "call_allowance",
    "call_approve",
    "call_asset",
    "call_balance_of",
    "call_commit",
    "call_commit_redemptions",
    "call_create_index",
    "call_decimals",
    "call_escrowed",
    "call_request",
    "call_set_weights",
    "call_settle",
    "call_settle_redemption",
    "call_share",
    "call_solvent",
    "call_total_supply",
    "call_transfer",
    "call_weights",
    "error_text",
    "word",
    "words",
]

_GATE = artifact("IndexGate")
_TOKEN = artifact("IndexToken")
_FACTORY = artifact("IndexFactory")


TRANSFER_TOPIC: Final = "0x" + keccak(text="Transfer(address,address,uint256)").hex()

_COMMIT = _GATE.selector("commit")
_SETTLE = _GATE.selector("settle")
_COMMIT_REDEMPTIONS = _GATE.selector("commitRedemptions")
_SETTLE_REDEMPTION = _GATE.selector("settleRedemption")
_SET_WEIGHTS = _GATE.selector("setWeights")
_WEIGHTS = _GATE.selector("weights")
_SOLVENT = _GATE.selector("solvent")
_ESCROWED = _GATE.selector("escrowed")
_CREATE_INDEX = _FACTORY.selector("createIndex")
_REQUESTS = _GATE.selector("requests")
_ASSET = _GATE.selector("asset")
_SHARE = _GATE.selector("share")
_TRANSFER = _TOKEN.selector("transfer")
_APPROVE = _TOKEN.selector("approve")
_ALLOWANCE = _TOKEN.selector("allowance")
_BALANCE_OF = _TOKEN.selector("balanceOf")
_TOTAL_SUPPLY = _TOKEN.selector("totalSupply")
_DECIMALS = _TOKEN.selector("decimals")
_MAX_UINT256 = 2**256 - 1
_INVOICE_TYPE = "(uint256,uint256,uint256,uint256,uint256,bytes32,uint256)"

_ERROR_STRING = keccak(text="Error(string)")[:4]
_PANIC = keccak(text="Panic(uint256)")[:4]


def word(data: bytes, index: int) -> int:
    """The unsigned number in the 32-byte word at an index."""
    return int.from_bytes(data[32 * index : 32 * index + 32], "big")


def words(data: bytes) -> int:
    """How many whole words there are."""
    return len(data) // 32


def call_commit(request_ids: list[int], *, route_id: int) -> bytes:
    """Calldata of `IndexGate.commit`."""
    return _COMMIT + encode(["uint256[]", "uint256"], [request_ids, route_id])


def call_settle(invoice: Invoice, *, signer: str, signature: bytes) -> bytes:
    """Calldata of `IndexGate.settle`."""
    return _SETTLE + encode([_INVOICE_TYPE, "address", "bytes"], [invoice.as_tuple(), signer, signature])


def call_commit_redemptions(request_ids: list[int]) -> bytes:
    """Calldata of `IndexGate.commitRedemptions`."""
    return _COMMIT_REDEMPTIONS + encode(["uint256[]"], [request_ids])


def call_settle_redemption(redemption: Redemption, *, signer: str, signature: bytes) -> bytes:
    """Calldata of `IndexGate.settleRedemption`."""
    values = [redemption.as_tuple(), signer, signature]
    return _SETTLE_REDEMPTION + encode([_INVOICE_TYPE, "address", "bytes"], values)


def call_set_weights(weights: list[tuple[bytes, int]], *, version: int, effective_time: int) -> bytes:
    """Calldata of `IndexGate.setWeights`, with the symbols in ascending order as the gate wants them."""
    ascending = sorted((symbol.ljust(32, b"\0"), weight) for symbol, weight in weights)
    symbols, parts = [symbol for symbol, _ in ascending], [weight for _, weight in ascending]
    types = ["uint256", "bytes32[]", "uint256[]", "uint256"]
    return _SET_WEIGHTS + encode(types, [version, symbols, parts, effective_time])


def call_create_index(symbol: str, *, name: str, curator: str) -> bytes:
    """Calldata of `IndexFactory.createIndex`, the gate's own code included."""
    code = bytes.fromhex(_GATE.bytecode.removeprefix("0x"))
    return _CREATE_INDEX + encode(["string", "string", "address", "bytes"], [symbol, name, curator, code])


def call_approve(spender: str) -> bytes:
    """Calldata of `ERC20.approve` without a limit."""
    return _APPROVE + encode(["address", "uint256"], [spender, _MAX_UINT256])


def call_allowance(owner: str, *, spender: str) -> bytes:
    """Calldata of `ERC20.allowance`."""
    return _ALLOWANCE + encode(["address", "address"], [owner, spender])


def call_weights() -> bytes:
    """Calldata of `IndexGate.weights`; its answer's first word is the version."""
    return _WEIGHTS


def call_solvent() -> bytes:
    """Calldata of `IndexGate.solvent`."""
    return _SOLVENT


def call_escrowed() -> bytes:
    """Calldata of `IndexGate.escrowed`, the collateral of requests that wait."""
    return _ESCROWED


def call_transfer(recipient: str, *, units: int) -> bytes:
    """Calldata of `ERC20.transfer`."""
    return _TRANSFER + encode(["address", "uint256"], [recipient, units])


def call_balance_of(holder: str) -> bytes:
    """Calldata of `ERC20.balanceOf`."""
    return _BALANCE_OF + encode(["address"], [holder])


def call_total_supply() -> bytes:
    """Calldata of `ERC20.totalSupply`."""
    return _TOTAL_SUPPLY


def call_decimals() -> bytes:
    """Calldata of `ERC20.decimals`."""
    return _DECIMALS


def call_request(request_id: int) -> bytes:
    """Calldata of `IndexGate.requests`; its answer's second word is the state."""
    return _REQUESTS + encode(["uint256"], [request_id])


def call_asset() -> bytes:
    """Calldata of `IndexGate.asset`."""
    return _ASSET


def call_share() -> bytes:
    """Calldata of `IndexGate.share`."""
    return _SHARE


def _known_errors() -> dict[bytes, Mapping[str, Any]]:
    errors: dict[bytes, Mapping[str, Any]] = {}
    for name in ("IndexGate", "IndexToken", "IndexFactory", "AcrossRoute", "MiniSpokePool", "TestUSDC"):
        errors.update(artifact(name).errors())
    return errors


_ERRORS = _known_errors()


def error_text(data: bytes | None, *, message: str) -> str:
    """Say why a call reverted: a custom error as `Name(argument=value, …)`, a reason as its text, else `message`."""
    if data is None or len(data) < 4:
        return message
    selector, payload = data[:4], data[4:]
    try:
        if selector == _ERROR_STRING:
            return str(decode(["string"], payload)[0])
        if selector == _PANIC:
            return f"Panic(0x{word(payload, 0):02x})"
        entry = _ERRORS.get(selector)
        if entry is None:
            return f"unknown error 0x{selector.hex()}: {message}"
        inputs = entry["inputs"]
        values = decode([item["type"] for item in inputs], payload)
    except (DecodingError, UnicodeDecodeError):
        return message
    shown = ", ".join(f"{item['name']}={_shown(value)}" for item, value in zip(inputs, values, strict=True))
    return f"{entry['name']}({shown})"


def _shown(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
