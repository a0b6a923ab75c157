"""What curators and operators do with indices, as plain asynchronous calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence

import grpc
import grpc.aio

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.api.solver.v1 import indices_pb2_grpc as rpc

__all__ = ["IndexManagement"]

_TIMEOUT = 10.0
_CORE_GONE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


class IndexManagement:
    """Part of a `Client`: `client.management`. Amounts are decimal strings."""

    def __init__(self, channel: grpc.aio.Channel, metadata: tuple[tuple[str, str], ...]) -> None:
        self._stub = rpc.IndexServiceStub(channel)
        self._metadata = metadata

    async def create(self, index: pb.Index, *, target_price: str, deploy: bool = False, curator: str = "") -> pb.Index:
        """Make an index known, and its contracts with `deploy`; the same definition again changes nothing."""
        request = pb.CreateIndexRequest(index=index, target_price=target_price, deploy=deploy, curator=curator)
        response = await self._stub.CreateIndex(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.index

    async def set_state(self, symbol: str, state: pb.IndexState.ValueType) -> pb.Index:
        """Pause, resume or retire an index."""
        request = pb.SetIndexStateRequest(symbol=symbol, state=state)
        response = await self._stub.SetIndexState(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.index

    async def set_limits(
        self,
        symbol: str,
        *,
        min_order: str | None = None,
        max_order: str | None = None,
        limits: pb.IndexLimits | None = None,
    ) -> pb.Index:
        """Bound an index anew; None leaves a bound as it is."""
        request = pb.SetIndexLimitsRequest(symbol=symbol, min_order=min_order, max_order=max_order, limits=limits)
        response = await self._stub.SetIndexLimits(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.index

    async def set_weights(
        self,
        symbol: str,
        weights: Mapping[str, str],
        *,
        proposal_id: str,
        effective_at: int = 0,
        off_chain: bool = False,
    ) -> pb.Index:
        """Publish weights on the index's gate; once for each proposal id."""
        request = pb.SetWeightsRequest(
            symbol=symbol,
            proposal_id=proposal_id,
            weights=[pb.Weight(asset=asset, weight=weight) for asset, weight in weights.items()],
            effective_at=effective_at,
            off_chain=off_chain,
        )
        response = await self._stub.SetWeights(request, timeout=_TIMEOUT, metadata=self._metadata)
        return response.index

    async def delist(
        self, symbol: str, asset: str, *, proposal_id: str, effective_at: int = 0, off_chain: bool = False
    ) -> dict[str, str]:
        """Take an asset out of an index; the weights that follow."""
        request = pb.DelistAssetRequest(
            symbol=symbol, asset=asset, proposal_id=proposal_id, effective_at=effective_at, off_chain=off_chain
        )
        response = await self._stub.DelistAsset(request, timeout=_TIMEOUT, metadata=self._metadata)
        return {one.asset: one.weight for one in response.weights}

    async def rebalances(self, symbol: str = "") -> list[pb.Rebalance]:
        """Changes of baskets, newest first; those that wait too."""
        request = pb.ListRebalancesRequest(symbol=symbol)
        response = await self._stub.ListRebalances(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.rebalances)

    async def watch_nav(self, symbols: Sequence[str] = (), *, interval_ms: int = 0) -> AsyncIterator[pb.Nav]:
        """Values of a unit whenever they change; reconnects by itself."""
        while True:
            request = pb.WatchNavRequest(symbols=symbols, interval_ms=interval_ms)
            call = self._stub.WatchNav(request, wait_for_ready=True, metadata=self._metadata)
            try:
                while isinstance(response := await call.read(), pb.WatchNavResponse):
                    for nav in response.navs:
                        yield nav
            except grpc.aio.AioRpcError as error:
                if error.code() not in _CORE_GONE:
                    raise
            finally:
                call.cancel()

    async def nav_history(self, symbol: str, *, since_at: int = 0, limit: int = 0) -> list[pb.Nav]:
        """Recorded values of a unit, newest first."""
        request = pb.ListNavHistoryRequest(symbol=symbol, since_at=since_at, limit=limit)
        response = await self._stub.ListNavHistory(request, timeout=_TIMEOUT, metadata=self._metadata)
        return list(response.navs)
