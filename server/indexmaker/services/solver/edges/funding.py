"""The venue's side of funding: where to send collateral, what the venue says it received, and what it sends out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import grpc
import structlog

from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.api.orderentry.v1 import order_entry_pb2_grpc as rpc
from indexmaker.connectors.streams import BatchingQueue
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.services.solver.edges.calls import PAUSE, Post, keep_calling, keep_running
from indexmaker.solver.commands import WithdrawCollateral
from indexmaker.solver.events import VenueDepositSeen, WithdrawalUpdated
from indexmaker.solver.vocabulary import WithdrawalState

__all__ = ["FundingEdge", "WithdrawalTerms", "event_of_withdrawal"]

_log = structlog.get_logger(__name__)

_STATES = {
    pb.VenueWithdrawal.STATUS_PROCESSING: WithdrawalState.ACCEPTED,
    pb.VenueWithdrawal.STATUS_SENT: WithdrawalState.SENT,
    pb.VenueWithdrawal.STATUS_COMPLETED: WithdrawalState.COMPLETED,
    pb.VenueWithdrawal.STATUS_FAILED: WithdrawalState.FAILED,
    pb.VenueWithdrawal.STATUS_REJECTED: WithdrawalState.FAILED,
}
_TRY_AGAIN = (pb.REJECT_CLASS_AMBIGUOUS, pb.REJECT_CLASS_RATE)


class WithdrawalTerms(NamedTuple):
    """What the venue asks for sending money out now, in atoms; `refusal` says why it would not, `later` that it may."""

    fee: int
    refusal: str = ""
    later: bool = False


def event_of_withdrawal(withdrawal: pb.VenueWithdrawal) -> WithdrawalUpdated | None:
    """A withdrawal as the solver wants to hear of it; None for one that the venue says nothing about."""
    state = _STATES.get(withdrawal.status)
    if state is None:
        return None
    fee = parse_atoms(withdrawal.fee or "0")
    return WithdrawalUpdated(
        command_id=withdrawal.withdrawal_id,
        state=state,
        tx_hash=withdrawal.tx_hash.lower(),
        amount=parse_atoms(withdrawal.amount.amount or "0") - fee,
        fee=fee,
        reason=withdrawal.reason,
    )


class FundingEdge:
    """`since` gives the time from which deposits and withdrawals matter, asked each time a stream starts."""

    def __init__(
        self, venue: str, channel: grpc.aio.Channel, *, chain_id: int, post: Post, since: Callable[[], int]
    ) -> None:
        self._venue = venue
        self._stub = rpc.FundingServiceStub(channel)
        self._chain_id = chain_id
        self._post = post
        self._since = since
        self._waiting: BatchingQueue[WithdrawCollateral] = BatchingQueue(maxsize=100_000)

    @property
    def venue(self) -> str:
        """Whose account it is."""
        return self._venue

    @property
    def chain_id(self) -> int:
        """The chain on which collateral is sent to the venue."""
        return self._chain_id

    async def deposit_address(self, asset: str) -> str:
        """Where the venue wants the asset to be sent; asked anew each time, since venues rotate addresses."""
        request = pb.GetDepositAddressRequest(asset=asset, chain_id=self._chain_id)
        response = await keep_calling(
            "GetDepositAddress", lambda: self._stub.GetDepositAddress(request, wait_for_ready=True, timeout=30)
        )
        return response.address

    async def withdrawal_terms(self, asset: str, amount: int) -> WithdrawalTerms:
        """What sending `amount` (fee included) out to the funding chain would cost now."""
        request = pb.QuoteWithdrawalRequest(asset=asset, chain_id=self._chain_id)
        terms = await keep_calling(
            "QuoteWithdrawal", lambda: self._stub.QuoteWithdrawal(request, wait_for_ready=True, timeout=30)
        )
        fee = parse_atoms(terms.fee or "0")
        most, step = parse_atoms(terms.max_amount or "0"), parse_atoms(terms.amount_step or "0")
        if not terms.enabled:
            return WithdrawalTerms(fee, terms.reason or "the venue does not send over this network now", later=True)
        if amount < max(parse_atoms(terms.min_amount or "0"), fee + 1):
            return WithdrawalTerms(fee, f"the venue sends no less than {terms.min_amount} {asset}")
        if most and amount > most:
            return WithdrawalTerms(fee, f"the venue sends no more than {terms.max_amount} {asset} at once")
        if step and amount % step:
            return WithdrawalTerms(fee, f"the venue sends whole multiples of {terms.amount_step} {asset} only")
        return WithdrawalTerms(fee)

    def dispatch(self, command: WithdrawCollateral) -> None:
        """Take a withdrawal; the venue knows it by the command's id and pays it once."""
        self._waiting.put_nowait(command)

    async def run(self) -> None:
        """Keep the streams alive and send withdrawals until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_running(f"{self._venue}.StreamDeposits", self._session))
            tasks.create_task(keep_running(f"{self._venue}.StreamWithdrawals", self._follow_withdrawals))
            while True:
                for command in await self._waiting.take():
                    tasks.create_task(self._withdraw(command))

    async def _withdraw(self, command: WithdrawCollateral) -> None:
        request = pb.WithdrawRequest(
            withdrawal_id=command.command_id,
            asset=command.asset,
            chain_id=self._chain_id,
            address=command.address,
            amount=format_atoms(command.amount),
        )
        while True:
            try:
                response = await keep_calling(
                    "Withdraw", lambda: self._stub.Withdraw(request, wait_for_ready=True, timeout=60)
                )
            except grpc.aio.AioRpcError as error:
                await self._refused(command, error.details() or error.code().name)
                return
            reject = response.reject
            if response.WhichOneof("result") == "withdrawal":
                event = event_of_withdrawal(response.withdrawal)
                if event is not None:
                    await self._post(event)
                return
            if reject.reject_class not in _TRY_AGAIN:
                await self._refused(command, f"{reject.venue_code} {reject.detail}".strip())
                return
            _log.warning("withdrawal_tried_again", command_id=command.command_id, detail=reject.detail)
            await asyncio.sleep(max(PAUSE, reject.retry_after_ms / 1000))

    async def _refused(self, command: WithdrawCollateral, reason: str) -> None:
        _log.warning("withdrawal_refused", command_id=command.command_id, reason=reason)
        state = WithdrawalState.FAILED
        await self._post(WithdrawalUpdated(command_id=command.command_id, state=state, reason=reason))

    async def _follow_withdrawals(self) -> None:
        call = self._stub.StreamWithdrawals(pb.StreamWithdrawalsRequest(since_at=self._since()), wait_for_ready=True)
        while isinstance(response := await call.read(), pb.StreamWithdrawalsResponse):
            for withdrawal in response.withdrawals:
                event = event_of_withdrawal(withdrawal) if withdrawal.withdrawal_id else None
                if event is not None:
                    await self._post(event)

    async def _session(self) -> None:
        call = self._stub.StreamDeposits(pb.StreamDepositsRequest(since_at=self._since()), wait_for_ready=True)
        while isinstance(response := await call.read(), pb.StreamDepositsResponse):
            for deposit in response.deposits:
                await self._post(
                    VenueDepositSeen(
                        venue=self._venue,
                        asset=deposit.amount.asset,
                        amount=parse_atoms(deposit.amount.amount),
                        tx_hash=deposit.tx_hash.lower(),
                        deposit_id=deposit.deposit_id,
                        credited=deposit.status == pb.VenueDeposit.STATUS_CREDITED,
                    )
                )
