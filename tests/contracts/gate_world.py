"""One gate with its bridge route on a node, and the moves of everybody who touches them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from eth_account import Account
from eth_utils.conversions import to_hex
from web3 import Web3
from web3.contract import Contract
from web3.exceptions import ContractCustomError, ContractLogicError
from web3.types import TxReceipt

from indexmaker_evm.contracts import ContractName, Invoice, artifact, digest, invoice_message, role
from indexmaker_evm.devnet.accounts import MNEMONIC

USDC = 10**6
TOKEN = 10**18
HOUR = 3_600
BASE = 8453
ROUTE_ID = 1
LOTS_ROOT = bytes(range(32))
MAX = 2**256 - 1
NOBODY = "0x" + "0" * 40


def key_of(index: int) -> str:
    Account.enable_unaudited_hdwallet_features()
    return to_hex(Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}").key)


def padded(address: str) -> bytes:
    return bytes.fromhex(address[2:]).rjust(32, b"\0")


@contextmanager
def reverts(contract: ContractName, error: str) -> Iterator[None]:
    """The block must revert with this custom error of this contract."""
    names = {selector: entry["name"] for selector, entry in artifact(contract).errors().items()}
    with pytest.raises((ContractCustomError, ContractLogicError)) as caught:
        yield
    data = str(caught.value.data)
    assert names.get(bytes.fromhex(data[2:10])) == error


def gate_config(usdc: str, admin: str, **changes: Any) -> tuple[Any, ...]:
    config = {
        "asset": usdc,
        "name": "Top Ten",
        "symbol": "TOP10",
        "admin": admin,
        "adminDelay": 0,
        "routeDelay": 0,
        "weightsDelay": HOUR,
        "settleWindow": HOUR,
        "maxFeeBps": 500,
        "capWindow": HOUR,
        "outflowCap": 100_000 * USDC,
        "mintCap": 100_000 * TOKEN,
        "keeper": NOBODY,
        "issuer": NOBODY,
        "curator": NOBODY,
        "guardian": NOBODY,
        "route": NOBODY,
    }
    return tuple((config | changes).values())


@dataclass
class GateWorld:
    w3: Web3
    usdc: Contract
    pool: Contract
    route: Contract
    gate: Contract
    token: Contract
    accounts: list[str]

    @property
    def admin(self) -> str:
        return self.accounts[0]

    @property
    def keeper(self) -> str:
        return self.accounts[1]

    @property
    def router(self) -> str:
        return self.accounts[2]

    @property
    def issuer(self) -> str:
        return self.accounts[3]

    @property
    def dataworker(self) -> str:
        return self.accounts[4]

    @property
    def user(self) -> str:
        return self.accounts[5]

    @property
    def other(self) -> str:
        return self.accounts[6]

    @classmethod
    def build(cls, w3: Web3) -> GateWorld:
        accounts = list(w3.eth.accounts)
        admin, keeper, router, issuer, dataworker = accounts[:5]
        usdc = deploy(w3, "TestUSDC", admin)
        pool = deploy(w3, "MiniSpokePool", dataworker)
        route_config = (usdc.address, pool.address, BASE, router, usdc.address, 100, router, admin, 0)
        route = deploy(w3, "AcrossRoute", route_config)
        gate = deploy(w3, "IndexGate", gate_config(usdc.address, admin))
        for name, holder in {"KEEPER": keeper, "ISSUER": issuer, "CURATOR": admin, "GUARDIAN": dataworker}.items():
            gate.functions.grantRole(role(name), holder).transact({"from": admin})  # type: ignore[arg-type]
        gate.functions.setRoute(ROUTE_ID, route.address).transact({"from": admin})
        route.functions.allowGate(gate.address).transact({"from": admin})
        for holder in (keeper, *accounts[5:8]):
            usdc.functions.mint(holder, 1_000_000 * USDC).transact({"from": admin})
            usdc.functions.approve(gate.address, MAX).transact({"from": holder})
        token = w3.eth.contract(address=gate.functions.token().call(), abi=artifact("IndexToken").abi)
        return cls(w3, usdc, pool, route, gate, token, accounts)

    def now(self) -> int:
        return self.w3.eth.get_block("latest")["timestamp"]

    def pass_time(self, seconds: int) -> None:
        rpc(self.w3, "evm_increaseTime", seconds)
        rpc(self.w3, "evm_mine")

    def balance(self, holder: str) -> int:
        return int(self.usdc.functions.balanceOf(holder).call())

    def send(self, call: Any, sender: str) -> TxReceipt:
        receipt = self.w3.eth.wait_for_transaction_receipt(call.transact({"from": sender}))
        assert receipt["status"] == 1
        return receipt

    def request(self, assets: int, *, user: str | None = None, min_out: int = 0, max_fee: int | None = None) -> int:
        user = user or self.user
        fee = self.gate.functions.feeLimit(assets).call() if max_fee is None else max_fee
        self.send(self.gate.functions.request(assets, user, user, min_out, fee), user)
        return int(self.gate.functions.lastRequestId().call())

    def commit(self, *ids: int, route_id: int = ROUTE_ID, sender: str | None = None) -> TxReceipt:
        return self.send(self.gate.functions.commit(list(ids), route_id), sender or self.keeper)

    def committed(self, assets: int, *, min_out: int = 0, max_fee: int | None = None) -> int:
        request_id = self.request(assets, min_out=min_out, max_fee=max_fee)
        self.commit(request_id)
        return request_id

    def invoice(self, request_id: int, **changes: Any) -> Invoice:
        values: Mapping[str, Any] = {
            "request_id": request_id,
            "spent": 0,
            "fee": 0,
            "back": 0,
            "out": 0,
            "lots_root": LOTS_ROOT,
            "deadline": self.now() + HOUR,
        }
        return Invoice(**{**values, **changes})

    def sign(self, invoice: Invoice, *, signer: int = 3, gate: str | None = None) -> bytes:
        message = invoice_message(invoice, chain_id=self.w3.eth.chain_id, gate=gate or self.gate.address)
        return bytes(Account.sign_message(message, key_of(signer)).signature)

    def digest(self, invoice: Invoice) -> bytes:
        return digest(invoice_message(invoice, chain_id=self.w3.eth.chain_id, gate=self.gate.address))

    def settle(self, invoice: Invoice, *, carrier: str | None = None, signature: bytes | None = None) -> TxReceipt:
        call = self.gate.functions.settle(invoice.as_tuple(), self.issuer, signature or self.sign(invoice))
        return self.send(call, carrier or self.keeper)

    def state(self, request_id: int) -> int:
        return int(self.gate.functions.requests(request_id).call()[1])

    def pause(self) -> None:
        self.send(self.gate.functions.pause(), self.dataworker)


def deploy(w3: Web3, name: ContractName, *arguments: Any) -> Contract:
    compiled = artifact(name)
    factory = w3.eth.contract(abi=compiled.abi, bytecode=compiled.bytecode)  # type: ignore[call-overload]
    transaction = factory.constructor(*arguments).transact({"from": w3.eth.accounts[0]})
    address = w3.eth.wait_for_transaction_receipt(transaction)["contractAddress"]
    return w3.eth.contract(address=address, abi=compiled.abi)  # type: ignore[no-any-return, call-overload]


def rpc(w3: Web3, method: str, *parameters: Any) -> Any:
    reply = w3.provider.make_request(method, list(parameters))  # type: ignore[arg-type]
    assert "error" not in reply, reply
    return reply["result"]
