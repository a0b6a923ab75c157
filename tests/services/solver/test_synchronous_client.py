"""The read services as a plain, blocking gRPC client of any language sees them (real server mode of pytest-grpc)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from indexmaker.api.solver.v1 import collateral_pb2, collateral_pb2_grpc
from indexmaker.money import parse_atoms
from indexmaker.services.solver.read_services import CollateralService
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import DepositSeen, HouseCapital
from indexmaker.solver.vocabulary import Finality

USER = "0x" + "ab" * 20


class Blocking(collateral_pb2_grpc.CollateralServiceServicer):
    """Runs each asynchronous handler to its end, for a server of threads."""

    def __init__(self, inner: CollateralService) -> None:
        self._inner = inner

    def ListDeposits(self, request: Any, context: Any) -> Any:  # noqa: N802
        return asyncio.run(self._inner.ListDeposits(request, context))

    def GetLedger(self, request: Any, context: Any) -> Any:  # noqa: N802
        return asyncio.run(self._inner.GetLedger(request, context))


@pytest.fixture(scope="module")
def grpc_add_to_server() -> Callable[..., None]:
    return collateral_pb2_grpc.add_CollateralServiceServicer_to_server


@pytest.fixture(scope="module")
def grpc_servicer() -> Blocking:
    engine = SolverEngine()
    events = [
        HouseCapital(place="venue:binance", asset="USDC", amount=parse_atoms("2000"), reference="opening"),
        DepositSeen(
            chain_id=42161,
            tx_hash="0x01",
            log_index=2,
            request_id=7,
            gate="0x" + "11" * 20,
            account=f"42161:{USER}",
            amount=parse_atoms("12.5"),
            finality=Finality.CONFIRMED,
        ),
    ]
    for sequence, event in enumerate(events, start=1):
        engine.apply(event, sequence=sequence, at=sequence)
    return Blocking(CollateralService(engine))


@pytest.fixture(scope="module")
def grpc_stub_cls(grpc_channel: grpc.Channel) -> type:
    return collateral_pb2_grpc.CollateralServiceStub


def test_a_deposit_is_shown_with_its_key_and_bucket(grpc_stub: Any) -> None:
    (deposit,) = grpc_stub.ListDeposits(collateral_pb2.ListDepositsRequest()).deposits
    assert (deposit.id.chain_id, deposit.id.tx_hash, deposit.id.log_index) == (42161, "0x01", 2)
    assert deposit.account.address == USER
    assert dict(deposit.buckets) == {"confirmed": "12.5"}


def test_the_ledger_balances_and_names_whose_money_it_is(grpc_stub: Any) -> None:
    ledger = grpc_stub.GetLedger(collateral_pb2.GetLedgerRequest())
    assert ledger.balanced
    assert ledger.postings == 3  # capital, deposit seen, deposit confirmed
    balances = {balance.account: balance.balance for balance in ledger.balances}
    assert balances["house/house/cash@venue:binance"] == "2000"
    assert sum(map(float, balances.values())) == 0


def test_what_is_not_served_is_told_so(grpc_stub: Any) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        grpc_stub.ListTransfers(collateral_pb2.ListTransfersRequest())
    assert refused.value.code() is grpc.StatusCode.UNIMPLEMENTED
