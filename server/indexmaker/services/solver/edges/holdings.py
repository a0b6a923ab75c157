"""What venues and chains say is there, for a comparison with the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from typing import TypeVar

import grpc
import grpc.aio

from indexmaker.api.chain.v1 import chain_pb2 as chain_pb
from indexmaker.api.chain.v1 import chain_pb2_grpc as chain_rpc
from indexmaker.api.orderentry.v1 import order_entry_pb2 as order_pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as order_rpc
from indexmaker.connectors.status import error_of
from indexmaker.money import parse_atoms
from indexmaker.services.solver.reconciliation import Source
from indexmaker.solver.accounts import gate_place
from indexmaker.solver.state import Index

__all__ = ["chain_sources", "venue_source"]

T = TypeVar("T")

_SECONDS = 20


def venue_source(channel: grpc.aio.Channel) -> Source:
    """All that the venue holds for us, by asset."""
    stub = order_rpc.OrderEntryServiceStub(channel)

    async def ask() -> Mapping[str, int]:
        answer = await _asked(stub.ListBalances(order_pb.ListBalancesRequest(), timeout=_SECONDS))
        return {one.asset: parse_atoms(one.free) + parse_atoms(one.locked) for one in answer.balances}

    return ask


def chain_sources(channel: grpc.aio.Channel, indices: Iterable[Index]) -> dict[str, Source]:
    """The collateral that waits in each gate, and the keeper's on each chain."""
    stub = chain_rpc.ChainServiceStub(channel)
    sources: dict[str, Source] = {}
    for index in indices:
        sources[gate_place(index.chain_id, index.gate)] = _collateral(stub, index, keeper=False)
        sources[f"keeper:{index.chain_id}"] = _collateral(stub, index, keeper=True)
    return sources


def _collateral(stub: chain_rpc.ChainServiceAsyncStub, index: Index, *, keeper: bool) -> Source:
    async def ask() -> Mapping[str, int]:
        holder = await _sender(stub, index.chain_id) if keeper else ""
        if keeper and not holder:
            return {}
        view = chain_pb.View(gate_collateral=chain_pb.GateCollateralView(gate=index.gate, holder=holder))
        request = chain_pb.QueryRequest(chain_id=index.chain_id, views=[view])
        answer = await _asked(stub.Query(request, timeout=_SECONDS))
        return {index.collateral: parse_atoms(answer.values[0])}

    return ask


async def _sender(stub: chain_rpc.ChainServiceAsyncStub, chain_id: int) -> str:
    chains = await _asked(stub.ListChains(chain_pb.ListChainsRequest(), timeout=_SECONDS))
    return next((chain.sender for chain in chains.chains if chain.chain_id == chain_id), "")


async def _asked(call: Awaitable[T]) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise error_of(error) from error
