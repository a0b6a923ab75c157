"""Plain access to one development node: contracts by artifact, transactions of unlocked accounts, node controls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from eth_typing import ChecksumAddress, HexStr
from hexbytes import HexBytes
from web3 import AsyncWeb3
from web3.contract import AsyncContract
from web3.contract.async_contract import AsyncContractConstructor, AsyncContractFunction
from web3.exceptions import ContractLogicError, Web3RPCError
from web3.types import RPCEndpoint, TxReceipt

from indexmaker_evm.contracts import ContractName, artifact
from indexmaker_evm.devnet.errors import TransactionFailedError
from indexmaker_evm.devnet.provider import NodeProvider

__all__ = ["Chain"]

RECEIPT_TIMEOUT = 30.0
RECEIPT_POLL = 0.05


class Chain:
    """A development node. Its test accounts are unlocked, so the node itself signs and counts nonces for them."""

    def __init__(self, rpc: str) -> None:
        self.provider = NodeProvider(rpc)
        self.w3 = AsyncWeb3(self.provider)

    async def close(self) -> None:
        """Close the connections."""
        await self.provider.disconnect()

    def contract(self, name: ContractName, address: ChecksumAddress) -> AsyncContract:
        """The contract `name` at `address`."""
        return self.w3.eth.contract(address=address, abi=artifact(name).abi)

    async def deploy(self, name: ContractName, *arguments: object, sender: ChecksumAddress) -> AsyncContract:
        """Deploy a contract and wait for it; a struct argument is a dict."""
        receipt = await self.send(self._constructor(name, *arguments), sender=sender)
        address = receipt["contractAddress"]
        if address is None:
            raise TransactionFailedError(f"deploying {name} gave no address")
        return self.contract(name, address)

    async def plant(self, name: ContractName, *arguments: object, at: ChecksumAddress) -> AsyncContract:
        """Put a contract's runtime code, immutables included, at an address; what its constructor stores is lost."""
        creation = self._constructor(name, *arguments).data_in_transaction
        runtime = HexBytes(await self.w3.eth.call({"data": creation, "gas": 30_000_000}))
        await self.control("anvil_setCode", at, runtime.to_0x_hex())
        return self.contract(name, at)

    async def send(
        self, call: AsyncContractFunction | AsyncContractConstructor, *, sender: ChecksumAddress
    ) -> TxReceipt:
        """Send a transaction of an unlocked account and wait for its receipt; raises `TransactionFailedError`."""
        name = getattr(call, "fn_name", "constructor")
        try:
            transaction = await call.transact({"from": sender})
        except (ContractLogicError, Web3RPCError) as error:
            raise TransactionFailedError(f"{name} was refused: {_reason(error)}") from error
        return await self.receipt(transaction, name=name)

    async def receipt(self, transaction: HexBytes, *, name: str) -> TxReceipt:
        """Wait for a receipt; raises `TransactionFailedError` if the transaction reverted."""
        receipt = await self.w3.eth.wait_for_transaction_receipt(
            transaction, timeout=RECEIPT_TIMEOUT, poll_latency=RECEIPT_POLL
        )
        if receipt["status"] != 1:
            raise TransactionFailedError(f"{name} reverted in transaction {transaction.to_0x_hex()}")
        return receipt

    async def control(self, method: str, *parameters: Any) -> Any:  # noqa: ANN401 - whatever the node answers
        """Call a method that only a development node has; raises `TransactionFailedError`."""
        reply = await self.provider.make_request(RPCEndpoint(method), list(parameters))
        if "error" in reply:
            raise TransactionFailedError(f"{method}: {reply['error']}")
        return reply["result"]

    def _constructor(self, name: ContractName, *arguments: object) -> AsyncContractConstructor:
        compiled = artifact(name)
        inputs: list[dict[str, Any]] = next(
            (entry["inputs"] for entry in compiled.abi if entry["type"] == "constructor"), []
        )
        positional = [_in_order(value, entry) for value, entry in zip(arguments, inputs, strict=True)]
        contract = self.w3.eth.contract(abi=compiled.abi, bytecode=HexStr(compiled.bytecode))
        return contract.constructor(*positional)


def _reason(error: ContractLogicError | Web3RPCError) -> str:
    """The custom error's name, if one of the project's contracts raised it."""
    data = getattr(error, "data", None)
    if isinstance(data, str):
        for name in get_args(ContractName):
            if entry := artifact(name).errors().get(bytes.fromhex(data[2:10])):
                return str(entry["name"])
    return str(error)


def _in_order(value: object, entry: Mapping[str, Any]) -> object:
    """A struct given by field names, as the tuple that the codec wants; raises `KeyError` for a missing field."""
    if not isinstance(value, dict):
        return value
    return tuple(value[component["name"]] for component in entry["components"])
