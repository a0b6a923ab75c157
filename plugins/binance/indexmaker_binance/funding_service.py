"""The gRPC face of funding."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import grpc.aio
import structlog
from google.protobuf.message import Message

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.errors import RejectedError, TransientError
from indexmaker_binance.errors import BinanceError, EnvironmentRefusedError
from indexmaker_binance.funding import deposit_watch
from indexmaker_binance.history_watch import HistoryWatch
from indexmaker_binance.order_service import Account
from indexmaker_binance.orders_session import OrdersSession
from indexmaker_binance.wire_errors import wire_error
from indexmaker_binance.withdrawal_messages import is_pending

__all__ = ["FundingServicer"]

_log = structlog.get_logger(__name__)

M = TypeVar("M", bound=Message)

_Context = grpc.aio.ServicerContext[Any, Any]


class FundingServicer(rpc.FundingServiceServicer):
    """Serves one account's wallet."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def GetDepositAddress(  # noqa: N802
        self, request: pb.GetDepositAddressRequest, context: _Context
    ) -> pb.GetDepositAddressResponse:
        """Where to send an asset on a chain."""
        session = await self._account.session()
        try:
            return await session.funding.deposit_address(request.asset, request.chain_id)
        except BinanceError as error:
            raise wire_error(error) from error

    async def QuoteWithdrawal(  # noqa: N802
        self, request: pb.QuoteWithdrawalRequest, context: _Context
    ) -> pb.QuoteWithdrawalResponse:
        """Fee and limits of a withdrawal now."""
        session = await self._account.session()
        try:
            return await session.withdrawals.quote(request.asset, request.chain_id)
        except BinanceError as error:
            raise wire_error(error) from error

    async def Withdraw(self, request: pb.WithdrawRequest, context: _Context) -> pb.WithdrawResponse:  # noqa: N802
        """Send money once for each id."""
        session = await self._account.session()
        try:
            outcome = await session.withdrawals.withdraw(request)
        except BinanceError as error:
            raise wire_error(error) from error
        if isinstance(outcome, pb.WithdrawalReject):
            return pb.WithdrawResponse(reject=outcome)
        return pb.WithdrawResponse(withdrawal=outcome)

    async def QueryWithdrawal(  # noqa: N802
        self, request: pb.QueryWithdrawalRequest, context: _Context
    ) -> pb.QueryWithdrawalResponse:
        """What became of a withdrawal."""
        session = await self._account.session()
        try:
            found = await session.withdrawals.query(request.withdrawal_id)
        except BinanceError as error:
            raise wire_error(error) from error
        return pb.QueryWithdrawalResponse(withdrawal=found)

    async def StreamDeposits(  # type: ignore[override]  # noqa: N802 - writes instead of generating
        self, request: pb.StreamDepositsRequest, context: _Context
    ) -> None:
        """Deposits, new or changed; the venue is asked at the configured interval."""
        session = await self._account.session()

        async def tell(news: list[pb.VenueDeposit]) -> None:
            await context.write(pb.StreamDepositsResponse(instance_id=self._account.instance_id, deposits=news))

        await _watch(
            session,
            deposit_watch(request.since_at),
            lambda since: session.funding.deposits(since, until=session.api.venue_now()),
            tell,
            every_ms=session.config.deposits_every_ms,
        )

    async def StreamWithdrawals(  # type: ignore[override]  # noqa: N802 - writes instead of generating
        self, request: pb.StreamWithdrawalsRequest, context: _Context
    ) -> None:
        """Withdrawals, new or changed; the venue is asked at the configured interval."""
        session = await self._account.session()
        watch = HistoryWatch[pb.VenueWithdrawal](
            request.since_at,
            key=lambda withdrawal: withdrawal.venue_withdrawal_id,
            at=lambda withdrawal: withdrawal.requested_at,
            pending=is_pending,
        )

        async def tell(news: list[pb.VenueWithdrawal]) -> None:
            await context.write(pb.StreamWithdrawalsResponse(instance_id=self._account.instance_id, withdrawals=news))

        await _watch(
            session,
            watch,
            lambda since: session.withdrawals.history(since, until=session.api.venue_now()),
            tell,
            every_ms=session.config.withdrawals_every_ms,
        )


async def _watch(
    session: OrdersSession,
    watch: HistoryWatch[M],
    read: Callable[[int], Awaitable[Sequence[M]]],
    tell: Callable[[list[M]], Awaitable[None]],
    *,
    every_ms: int,
) -> None:
    """Read a history again and again, and tell what is new in it, until the session ends."""
    while not session.closed.is_set():
        try:
            found = await read(watch.read_from)
        except EnvironmentRefusedError as error:
            raise RejectedError(str(error)) from error
        except BinanceError as error:
            _log.warning("history not read", error=str(error))
            found = []
        if news := watch.changed(found):
            await tell(news)
        try:
            async with asyncio.timeout(every_ms / 1_000):
                await session.closed.wait()
        except TimeoutError:
            continue
    raise TransientError("the configuration was replaced; call again")
