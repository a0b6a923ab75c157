"""What venues and chains say is there, for a comparison with the ledger."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from typing import TypeVar

import grpc
import grpc.aio

from indexmaker.api.bridge.v1 import bridge_pb2 as bridge_pb
from indexmaker.api.bridge.v1 import bridge_pb2_grpc as bridge_rpc
from indexmaker.api.chain.v1 import chain_pb2 as chain_pb
from indexmaker.api.chain.v1 import chain_pb2_grpc as chain_rpc
from indexmaker.api.orderentry.v1 import order_entry_pb2 as order_pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as order_rpc
from indexmaker.connectors.errors import NotFoundError
from indexmaker.connectors.status import error_of
from indexmaker.money import parse_atoms
from indexmaker.services.solver.reconciliation import Source
from indexmaker.solver.accounts import gate_place, index_token
from indexmaker.solver.reconciliation import supply_place
from indexmaker.solver.state import Index

__all__ = ["bridge_source", "chain_sources", "venue_source"]

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
    """What waits in each gate, the keeper's collateral on each chain, and the units of each index."""
    stub = chain_rpc.ChainServiceStub(channel)
    sources: dict[str, Source] = {}
    for index in indices:
        sources[gate_place(index.chain_id, index.gate)] = _collateral(stub, index, keeper=False)
        sources[f"keeper:{index.chain_id}"] = _collateral(stub, index, keeper=True)
        sources[supply_place(index.symbol)] = _supply(stub, index)
    return sources


def bridge_source(channel: grpc.aio.Channel, transfers: Iterable[tuple[str, str]]) -> Source:
    """What a bridge carries of these transfers (id and asset); one that it does not know carries nothing."""
    stub = bridge_rpc.BridgeServiceStub(channel)
    wanted = tuple(transfers)

    async def ask() -> Mapping[str, int]:
        carried = {asset: 0 for _, asset in wanted}
        for transfer_id, asset in wanted:
            try:
                answer = await _asked(
                    stub.GetTransfer(bridge_pb.GetTransferRequest(transfer_id=transfer_id), timeout=_SECONDS)
                )
            except NotFoundError:
                continue
            carried[asset] += parse_atoms(answer.transfer.amount_in)
        return carried

    return ask


def _supply(stub: chain_rpc.ChainServiceAsyncStub, index: Index) -> Source:
    async def ask() -> Mapping[str, int]:
        view = chain_pb.View(token_supply=chain_pb.TokenSupplyView(token=index.token))
        answer = await _asked(
            stub.Query(chain_pb.QueryRequest(chain_id=index.chain_id, views=[view]), timeout=_SECONDS)
        )
        return {index_token(index.symbol): parse_atoms(answer.values[0])}

    return ask


def _collateral(stub: chain_rpc.ChainServiceAsyncStub, index: Index, *, keeper: bool) -> Source:
    async def ask() -> Mapping[str, int]:
        holder = await _sender(stub, index.chain_id) if keeper else ""
        if keeper and not holder:
            return {}
        views = [chain_pb.View(gate_collateral=chain_pb.GateCollateralView(gate=index.gate, holder=holder))]
        assets = [index.collateral]
        if not keeper:
            views.append(chain_pb.View(token_balance=chain_pb.TokenBalanceView(token=index.token, holder=index.gate)))
            assets.append(index_token(index.symbol))
        request = chain_pb.QueryRequest(chain_id=index.chain_id, views=views)
        answer = await _asked(stub.Query(request, timeout=_SECONDS))
        return {asset: parse_atoms(value) for asset, value in zip(assets, answer.values, strict=True)}

    return ask


async def _sender(stub: chain_rpc.ChainServiceAsyncStub, chain_id: int) -> str:
    chains = await _asked(stub.ListChains(chain_pb.ListChainsRequest(), timeout=_SECONDS))
    return next((chain.sender for chain in chains.chains if chain.chain_id == chain_id), "")


async def _asked(call: Awaitable[T]) -> T:
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise error_of(error) from error
