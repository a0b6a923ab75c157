"""Decimals of tokens and gates, read from their contracts once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import SCALE
from indexmaker_evm.codecs import call_asset, call_decimals, call_share, word
from indexmaker_evm.errors import RpcError
from indexmaker_evm.rpc import Call, RpcPool, address_text, from_hex, to_hex

__all__ = ["GateTokens", "Tokens"]


class GateTokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate takes and mints."""

    asset: str
    asset_decimals: int
    share: str
    share_decimals: int


class Tokens:
    """Asks each contract once; what it says never changes."""

    def __init__(self, rpc: RpcPool) -> None:
        self._rpc = rpc
        self._decimals: dict[str, int] = {}
        self._gates: dict[str, GateTokens] = {}
        self._asking = asyncio.Lock()

    async def decimals(self, token: str, *, field: str = "token") -> int:
        """Decimals of an ERC-20; raises `InvalidFieldError` when the address is none that can be kept exactly."""
        async with self._asking:
            return await self._decimals_of(token, field)

    async def gate(self, gate: str, *, field: str = "gate") -> GateTokens:
        """Tokens of a gate; raises `InvalidFieldError` when the address is none."""
        if known := self._gates.get(gate):
            return known
        async with self._asking:
            asset, share = await self._read(gate, [call_asset(), call_share()], field)
            asset_address, share_address = (address_text(f"{value:040x}") for value in (asset, share))
            tokens = GateTokens(
                asset=asset_address,
                asset_decimals=await self._decimals_of(asset_address, field),
                share=share_address,
                share_decimals=await self._decimals_of(share_address, field),
            )
        self._gates[gate] = tokens
        return tokens

    async def _decimals_of(self, token: str, field: str) -> int:
        if token not in self._decimals:
            (decimals,) = await self._read(token, [call_decimals()], field)
            if decimals > SCALE:
                raise InvalidFieldError(field, f"token {token} has {decimals} decimals, at most {SCALE} are kept")
            self._decimals[token] = decimals
        return self._decimals[token]

    async def _read(self, contract: str, payloads: Sequence[bytes], field: str) -> list[int]:
        calls = [Call("eth_call", [{"to": contract, "data": to_hex(data)}, "latest"]) for data in payloads]
        answers = await self._rpc.batch(calls)
        if any(isinstance(answer, RpcError) or len(answer or "") != 66 for answer in answers):
            raise InvalidFieldError(field, f"{contract} is not the contract that it should be, or is not deployed")
        return [word(from_hex(answer), 0) for answer in answers]
