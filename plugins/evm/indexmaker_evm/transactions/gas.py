"""The dry run before a nonce is taken: would it revert, what would it cost, can the sender pay."""

from __future__ import annotations

from typing import Any

import msgspec

from indexmaker_evm.codecs import error_text
from indexmaker_evm.errors import FeeLimitError, InsufficientFundsError, NodeUnavailableError, RpcError
from indexmaker_evm.rpc import Call, RpcPool, number, to_hex
from indexmaker_evm.transactions.classification import is_revert
from indexmaker_evm.transactions.commands import PreparedCall
from indexmaker_evm.transactions.fees import Fees, suggested

__all__ = ["DryRun", "GasStation"]


class DryRun(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen now. With a `revert` there is no `gas`."""

    gas: int
    fees: Fees
    balance: int
    """Wei of the sender."""
    revert: str = ""


class GasStation:
    """Asks the nodes of one chain about gas and fees."""

    def __init__(self, rpc: RpcPool, *, chain_id: int, max_fee: int) -> None:
        self._rpc = rpc
        self._chain_id = chain_id
        self._max_fee = max_fee

    async def dry_run(self, call: PreparedCall, *, sender: str) -> DryRun:
        """Run a call on the pending state; raises `NodeUnavailableError` when the nodes cannot tell."""
        request = {"from": sender, "to": call.to, "data": to_hex(call.data)}
        gas, balance, *market = await self._rpc.batch(
            [
                Call("eth_estimateGas", [request, "pending"]),
                Call("eth_getBalance", [sender, "latest"]),
                *_MARKET,
            ]
        )
        fees = self._fees(market)
        wei = number(self._value(balance))
        if isinstance(gas, RpcError) and is_revert(gas):
            return DryRun(gas=0, fees=fees, balance=wei, revert=error_text(gas.data, message=gas.message))
        return DryRun(gas=number(self._value(gas)), fees=fees, balance=wei)

    async def market(self) -> Fees:
        """Fees of the moment."""
        return self._fees(await self._rpc.batch(_MARKET))

    def check_limit(self, fees: Fees) -> None:
        """Raise `FeeLimitError` when the fees are above the limit."""
        if fees.max_fee > self._max_fee:
            raise FeeLimitError(self._chain_id, wanted=fees.max_fee, limit=self._max_fee)

    def check_funds(self, run: DryRun, *, gas: int, sender: str) -> None:
        """Raise `InsufficientFundsError` when the sender could not pay the most that it may cost."""
        if gas * run.fees.max_fee > run.balance:
            raise InsufficientFundsError(self._chain_id, sender=sender)

    async def revert_reason(self, call: PreparedCall, *, sender: str, block_number: int) -> str:
        """Why a mined call failed, from the state before its block as far as nodes still have it."""
        request = {"from": sender, "to": call.to, "data": to_hex(call.data)}
        try:
            await self._rpc.call(Call("eth_call", [request, hex(block_number - 1)]))
        except RpcError as error:
            return error_text(error.data, message=error.message)
        return "reverted"

    def _fees(self, market: list[Any]) -> Fees:
        block, tip = market
        base_fee = number(self._value(block).get("baseFeePerGas") or "0x0")
        return suggested(base_fee=base_fee, tip=0 if isinstance(tip, RpcError) else number(tip))

    def _value(self, answer: Any) -> Any:  # noqa: ANN401
        if answer is None or isinstance(answer, RpcError):
            raise NodeUnavailableError(f"chain {self._chain_id}: a node cannot tell ({answer or 'null'})")
        return answer


_MARKET = [Call("eth_getBlockByNumber", ["latest", False]), Call("eth_maxPriorityFeePerGas", [])]
