"""The gRPC face of funding."""

from __future__ import annotations

import asyncio
from typing import Any

import grpc.aio
import structlog

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.errors import RejectedError, TransientError
from indexmaker_binance.errors import BinanceError, EnvironmentRefusedError
from indexmaker_binance.funding import DepositWatch
from indexmaker_binance.order_service import Account
from indexmaker_binance.wire_errors import wire_error

__all__ = ["FundingServicer"]

_log = structlog.get_logger(__name__)

_Deposits = grpc.aio.ServicerContext[pb.StreamDepositsRequest, pb.StreamDepositsResponse]


class FundingServicer(rpc.FundingServiceServicer):
    """Serves one account's wallet."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def GetDepositAddress(  # noqa: N802
        self, request: pb.GetDepositAddressRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> pb.GetDepositAddressResponse:
        """Where to send an asset on a chain."""
        session = await self._account.session()
        try:
            return await session.funding.deposit_address(request.asset, request.chain_id)
        except BinanceError as error:
            raise wire_error(error) from error

    async def StreamDeposits(  # type: ignore[override]  # noqa: N802 - writes instead of generating
        self, request: pb.StreamDepositsRequest, context: _Deposits
    ) -> None:
        """Deposits, new or changed; the venue is asked at the configured interval."""
        session = await self._account.session()
        watch = DepositWatch(request.since_at)
        while not session.closed.is_set():
            try:
                found = await session.funding.deposits(watch.read_from, until=session.api.venue_now())
            except EnvironmentRefusedError as error:
                raise RejectedError(str(error)) from error
            except BinanceError as error:
                _log.warning("deposits not read", error=str(error))
                found = []
            if news := watch.changed(found):
                await context.write(pb.StreamDepositsResponse(instance_id=self._account.instance_id, deposits=news))
            try:
                async with asyncio.timeout(session.config.deposits_every_ms / 1_000):
                    await session.closed.wait()
            except TimeoutError:
                continue
        raise TransientError("the configuration was replaced; call again")
