"""What a demonstration or a test does on a running development network: fund accounts, deposit, redeem, look.

Amounts are integers in the token's smallest unit: USDC 10**-6, index tokens 10**-18, ether 10**-18.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from pathlib import Path
from typing import Any, Self

import msgspec
from eth_account import Account as EthAccount
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3.contract import AsyncContract
from web3.contract.async_contract import AsyncContractFunction
from web3.logs import DISCARD
from web3.types import EventData, Nonce, TxParams, TxReceipt

from indexmaker_evm.contracts import ContractName, RequestState
from indexmaker_evm.devnet import addresses
from indexmaker_evm.devnet.chain import Chain
from indexmaker_evm.devnet.errors import DevnetError
from indexmaker_evm.devnet.manifest import Account, GateContracts, Manifest, read_manifest

__all__ = ["DepositReceipt", "DevnetClient", "RedemptionReceipt", "RequestView"]

REQUEST_GAS = 400_000
UNLIMITED = 2**128 - 1


class DepositReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit request on the chain; (chain id, transaction hash, log index) names its `DepositRequest` event."""

    chain_id: int
    transaction_hash: str
    log_index: int
    request_id: int
    block_number: int


class RedemptionReceipt(DepositReceipt, frozen=True, kw_only=True):
    """A redemption request on the chain, named by its `RedeemRequest` event in the same way."""


class RequestView(msgspec.Struct, frozen=True, kw_only=True):
    """A request as its gate keeps it."""

    controller: ChecksumAddress
    state: RequestState
    amount: int
    max_fee: int
    min_out: int
    owed: int


class DevnetClient:
    """Acts for the network's users and its faucet, over the RPC addresses of the manifest."""

    def __init__(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self.arbitrum = Chain(manifest.chains[str(addresses.ARBITRUM)].rpc)
        self.base = Chain(manifest.chains[str(addresses.BASE)].rpc)
        self._gates = dict(manifest.contracts.arbitrum.gates)
        self._sending: defaultdict[tuple[int, ChecksumAddress], asyncio.Lock] = defaultdict(asyncio.Lock)

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read `devnet.json`; raises `ManifestError`."""
        return cls(read_manifest(path))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.arbitrum.close()
        await self.base.close()

    def chain(self, chain_id: int) -> Chain:
        """The chain with this id; raises `DevnetError` for one that the network does not have."""
        chains = {addresses.ARBITRUM: self.arbitrum, addresses.BASE: self.base}
        if chain_id not in chains:
            raise DevnetError(f"chain {chain_id} is not part of the network: it has {', '.join(map(str, chains))}")
        return chains[chain_id]

    async def fund(
        self,
        address: ChecksumAddress,
        *,
        usdc: int = 0,
        wei: int = 0,
        chain_id: int = addresses.ARBITRUM,
    ) -> None:
        """Give an account dollars and ether out of nothing."""
        chain = self.chain(chain_id)
        if wei:
            balance = await chain.w3.eth.get_balance(address)
            await chain.control("anvil_setBalance", address, hex(balance + wei))
        if usdc:
            call = self.usdc(chain_id).functions.mint(address, usdc)
            await chain.send(call, sender=self.manifest.accounts.deployer.address)

    async def deposit(
        self,
        user: Account,
        *,
        symbol: str,
        assets: int,
        controller: ChecksumAddress | None = None,
        min_out: int | None = None,
        max_fee: int | None = None,
    ) -> DepositReceipt:
        """Approve and request a deposit with the user's own key; waits for the receipt.

        With `min_out` or `max_fee` the request carries price protection, otherwise it is the plain
        ERC-7540 call with the gate's own fee limit.

        Raises:
            TransactionFailedError: a transaction reverted.
            DevnetError: no such index.
        """
        gate = self.gate(symbol)
        usdc = self.usdc(addresses.ARBITRUM)
        receiver = controller or user.address
        request = gate.functions.requestDeposit(assets, receiver, user.address)
        if min_out is not None or max_fee is not None:
            limit = await gate.functions.feeLimit(assets).call() if max_fee is None else max_fee
            request = gate.functions.request(assets, receiver, user.address, min_out or 0, limit)
        receipt = await self._file(user, request, symbol=symbol, token=usdc, amount=assets)
        (event,) = gate.events.DepositRequest().process_receipt(receipt, errors=DISCARD)
        return DepositReceipt(**_place(event, receipt))

    async def redeem(
        self,
        user: Account,
        *,
        symbol: str,
        shares: int,
        controller: ChecksumAddress | None = None,
        min_out: int | None = None,
        max_fee: int | None = None,
    ) -> RedemptionReceipt:
        """Approve and request a redemption with the user's own key; waits for the receipt.

        With `min_out` or `max_fee` (dollars) the request carries price protection, otherwise it is the plain ERC-7540
        call without limits.

        Raises:
            TransactionFailedError: a transaction reverted.
            DevnetError: no such index.
        """
        gate = self.gate(symbol)
        receiver = controller or user.address
        request = gate.functions.requestRedeem(shares, receiver, user.address)
        if min_out is not None or max_fee is not None:
            limit = UNLIMITED if max_fee is None else max_fee
            request = gate.functions.redeem(shares, receiver, user.address, min_out or 0, limit)
        receipt = await self._file(user, request, symbol=symbol, token=self.token(symbol), amount=shares)
        (event,) = gate.events.RedeemRequest().process_receipt(receipt, errors=DISCARD)
        return RedemptionReceipt(**_place(event, receipt))

    async def cancel(self, user: Account, *, symbol: str, request_id: int) -> TxReceipt:
        """Take a pending request back with its controller's key; raises `TransactionFailedError`."""
        async with self._sending[addresses.ARBITRUM, user.address]:
            nonce = await self.arbitrum.w3.eth.get_transaction_count(user.address, "pending")
            transaction = await self._send_signed(self.gate(symbol).functions.cancel(request_id), user, nonce=nonce)
            return await self.arbitrum.receipt(transaction, name="cancel")

    async def find_index(self, symbol: str) -> GateContracts:
        """Learn of an index that was deployed after the network's start; raises `DevnetError` when there is none."""
        factory = self.arbitrum.contract("IndexFactory", self.manifest.contracts.arbitrum.index_factory)
        gate = await factory.functions.gateOf(symbol).call()
        if int(gate, 16) == 0:
            raise DevnetError(f"the factory has deployed no index {symbol!r}")
        token = await self.arbitrum.contract("IndexGate", gate).functions.token().call()
        self._gates[symbol] = GateContracts(gate=gate, token=token)
        return self._gates[symbol]

    async def request(self, symbol: str, request_id: int) -> RequestView:
        """A request's state."""
        view = await self.gate(symbol).functions.requests(request_id).call()
        controller, state, _kind, _requested_at, _committed_at, amount, max_fee, min_out, owed = view
        return RequestView(
            controller=controller,
            state=RequestState(state),
            amount=amount,
            max_fee=max_fee,
            min_out=min_out,
            owed=owed,
        )

    async def usdc_balance(self, address: ChecksumAddress, *, chain_id: int = addresses.ARBITRUM) -> int:
        """Dollars of an account on a chain."""
        balance: int = await self.usdc(chain_id).functions.balanceOf(address).call()
        return balance

    async def index_balance(self, address: ChecksumAddress, *, symbol: str) -> int:
        """Index tokens of an account."""
        balance: int = await self.token(symbol).functions.balanceOf(address).call()
        return balance

    def usdc(self, chain_id: int) -> AsyncContract:
        """The dollar contract of a chain."""
        contracts = self.manifest.contracts
        address = contracts.arbitrum.usdc if chain_id == addresses.ARBITRUM else contracts.base.usdc
        return self.chain(chain_id).contract("TestUSDC", address)

    def gate(self, symbol: str) -> AsyncContract:
        """An index's gate."""
        return self._of_index("IndexGate", symbol)

    def token(self, symbol: str) -> AsyncContract:
        """An index's token."""
        return self._of_index("IndexToken", symbol)

    def _of_index(self, name: ContractName, symbol: str) -> AsyncContract:
        if symbol not in self._gates:
            raise DevnetError(f"no index {symbol!r} on the network: it has {', '.join(self._gates)}")
        address = self._gates[symbol].gate if name == "IndexGate" else self._gates[symbol].token
        return self.arbitrum.contract(name, address)

    async def _file(
        self, user: Account, request: AsyncContractFunction, *, symbol: str, token: AsyncContract, amount: int
    ) -> TxReceipt:
        """Send a request, after the approval that its gate needs, and wait for it."""
        gate = self.gate(symbol).address
        async with self._sending[addresses.ARBITRUM, user.address]:
            nonce = await self.arbitrum.w3.eth.get_transaction_count(user.address, "pending")
            if await token.functions.allowance(user.address, gate).call() < amount:
                await self._send_signed(token.functions.approve(gate, amount), user, nonce=nonce)
                nonce = Nonce(nonce + 1)
            transaction = await self._send_signed(request, user, nonce=nonce)
            return await self.arbitrum.receipt(transaction, name=request.fn_name)

    async def _send_signed(self, call: AsyncContractFunction, user: Account, *, nonce: Nonce) -> HexBytes:
        """Gas is fixed: an estimate would not see the approval that waits in the same block."""
        parameters: TxParams = {"from": user.address, "nonce": nonce, "gas": REQUEST_GAS}
        transaction = await call.build_transaction(parameters)
        signed = EthAccount.sign_transaction(transaction, user.private_key())
        return await self.arbitrum.w3.eth.send_raw_transaction(signed.raw_transaction)


def _place(event: EventData, receipt: TxReceipt) -> dict[str, Any]:
    return {
        "chain_id": addresses.ARBITRUM,
        "transaction_hash": receipt["transactionHash"].to_0x_hex(),
        "log_index": event["logIndex"],
        "request_id": event["args"]["requestId"],
        "block_number": receipt["blockNumber"],
    }
