"""Pays withdrawals from the hot wallet, through a chain connector that sends each command id once.

The connector writes nonce and signed transaction down before it broadcasts, raises the fee of what is stuck and
tells how final a transfer is. Here is only decided what is given to it, and what its word means for the exchange.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import grpc
import grpc.aio
import structlog

from indexmaker.api.chain.v1 import chain_pb2, chain_pb2_grpc
from indexmaker.connectors.channel import open_channel
from indexmaker.exchange.commands import ReportWithdrawal
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import SendWithdrawal, WithdrawalChanged
from indexmaker.exchange.vocabulary import WithdrawalStatus
from indexmaker.exchange.withdrawals import number_in
from indexmaker.gateways.binance.venue import ExchangeCommitted, ExchangeSequencer
from indexmaker.money import format_atoms, parse_atoms, units_to_atoms
from indexmaker.services.exchange.settings import ChainSetting
from indexmaker.services.exchange.wallet_reports import is_unmined, report_of

__all__ = ["HotWallet"]

_log = structlog.get_logger(__name__)

_RETRY_SECONDS = 1.0
_CALL_SECONDS = 30.0


class HotWallet:
    """A client of the chain connector that holds the wallet's key.

    Subscribe `observe` before the sequencer recovers; `run` begins with what was under way before the restart.
    """

    def __init__(
        self,
        engine: ExchangeEngine,
        sequencer: ExchangeSequencer,
        *,
        address: str,
        chains: Sequence[ChainSetting],
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._address = address
        self._confirmations = {chain.chain_id: chain.confirmations for chain in chains}
        self._retry_seconds = retry_seconds
        self._orders: dict[str, SendWithdrawal] = {}
        self._unmined: dict[str, SendWithdrawal] = {}
        self._troubles: dict[str, str] = {}
        self._news = asyncio.Event()
        self._sequence = 0

    def observe(self, committed: ExchangeCommitted) -> None:
        """Take the orders of a committed command."""
        if not committed.replayed:
            self._take([output for output in committed.outputs if isinstance(output, SendWithdrawal)])

    async def run(self) -> None:
        """Pay until cancelled; a connector that is away is waited for."""
        self._take([order for order in self._engine.pending() if isinstance(order, SendWithdrawal)])
        async with open_channel(self._address) as channel:
            stub: chain_pb2_grpc.ChainServiceAsyncStub = chain_pb2_grpc.ChainServiceStub(channel)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pay(stub))
                group.create_task(self._follow(stub))

    def _take(self, orders: Sequence[SendWithdrawal]) -> None:
        self._orders |= {order.command_id: order for order in orders}
        if orders:
            self._news.set()

    async def _pay(self, stub: chain_pb2_grpc.ChainServiceAsyncStub) -> None:
        while True:
            self._news.clear()
            for command_id, order in list(self._orders.items()):
                try:
                    settled = await self._advance(stub, order)
                except grpc.aio.AioRpcError as error:
                    settled = await self._troubled(order, error)
                if settled:
                    self._orders.pop(command_id, None)
                    self._troubles.pop(command_id, None)
            try:
                async with asyncio.timeout(self._retry_seconds if self._orders else None):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _advance(self, stub: chain_pb2_grpc.ChainServiceAsyncStub, order: SendWithdrawal) -> bool:
        """Bring an order one step on; False when it must be looked at again."""
        withdrawal = self._engine.withdrawal(order.withdrawal_id)
        if withdrawal is None or not withdrawal.in_wallet:
            return True
        known = await self._known(stub, order.command_id)
        if known is not None:
            return await self._tell(known)
        if withdrawal.status is WithdrawalStatus.SENT:
            # Sending it anew could pay twice: the connector has lost its journal, and people must look.
            _log.error("withdrawal_forgotten", command_id=order.command_id, tx_hash=withdrawal.tx_hash)
            return True
        sender = await self._sender(stub, order.chain_id)
        if order.address == sender:
            await self._fail(order, "the address is the exchange's own wallet")
            return True
        if not await self._can_pay(stub, order, sender=sender):
            return False
        self._unmined[order.command_id] = order
        response = await stub.Submit(_transfer(order), timeout=_CALL_SECONDS)
        return await self._tell(response.transaction)

    async def _known(self, stub: chain_pb2_grpc.ChainServiceAsyncStub, command_id: str) -> chain_pb2.Transaction | None:
        try:
            response = await stub.GetTransaction(
                chain_pb2.GetTransactionRequest(command_id=command_id), timeout=_CALL_SECONDS
            )
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.NOT_FOUND:
                return None
            raise
        return response.transaction

    async def _sender(self, stub: chain_pb2_grpc.ChainServiceAsyncStub, chain_id: int) -> str:
        """The wallet's address; empty when the connector has no key for the chain, which it will say itself."""
        chains = (await stub.ListChains(chain_pb2.ListChainsRequest(), timeout=_CALL_SECONDS)).chains
        return next((chain.sender.lower() for chain in chains if chain.chain_id == chain_id), "")

    async def _can_pay(self, stub: chain_pb2_grpc.ChainServiceAsyncStub, order: SendWithdrawal, *, sender: str) -> bool:
        """Whether the wallet holds the amount besides what it has promised; if not, operators are told."""
        if not sender:
            return True
        view = chain_pb2.View(token_balance=chain_pb2.TokenBalanceView(token=order.contract, holder=sender))
        request = chain_pb2.QueryRequest(chain_id=order.chain_id, views=[view])
        held = parse_atoms((await stub.Query(request, timeout=_CALL_SECONDS)).values[0])
        promised = sum(
            _atoms(other)
            for other in self._unmined.values()
            if other.chain_id == order.chain_id and other.command_id != order.command_id
        )
        free = held - promised
        if free >= _atoms(order):
            return True
        reason = (
            f"the hot wallet {sender} has {format_atoms(max(free, 0))} to pay {format_atoms(_atoms(order))}; fund it"
        )
        await self._delay(order, reason)
        return False

    async def _follow(self, stub: chain_pb2_grpc.ChainServiceAsyncStub) -> None:
        """Take the connector's word on its transactions, from where it broke off."""
        while True:
            request = chain_pb2.StreamTransactionsRequest(from_sequence=self._sequence)
            try:
                async for response in stub.StreamTransactions(request, wait_for_ready=True):
                    for transaction in response.transactions:
                        if not await self._tell(transaction):
                            self._look_again(transaction.command_id)
                    self._sequence = response.next_sequence
                _log.warning("wallet_stream_ended", address=self._address)
            except grpc.aio.AioRpcError as error:
                _log.warning("wallet_stream_broken", code=error.code().name, why=error.details())
            await asyncio.sleep(self._retry_seconds)

    def _look_again(self, command_id: str) -> None:
        """A failed transfer's confirmations make no news; it is asked for until they are enough."""
        order = next((one for one in self._engine.pending() if _is(one, command_id)), None)
        if isinstance(order, SendWithdrawal):
            self._take([order])

    async def _tell(self, transaction: chain_pb2.Transaction) -> bool:
        """Report a transaction of ours; False when its outcome must be asked for again."""
        withdrawal = self._engine.withdrawal(number_in(transaction.command_id))
        if withdrawal is None or withdrawal.command_id != transaction.command_id:
            return True
        if is_unmined(transaction):
            self._unmined[transaction.command_id] = withdrawal.order(self._engine.assets[withdrawal.asset])
        else:
            self._unmined.pop(transaction.command_id, None)
        confirmations = self._confirmations.get(transaction.chain_id, 1)
        report = report_of(transaction, withdrawal_id=withdrawal.withdrawal_id, confirmations=confirmations)
        if report is not None:
            await self._report(report)
        return report is not None or transaction.state != chain_pb2.Transaction.STATE_REVERTED

    async def _troubled(self, order: SendWithdrawal, error: grpc.aio.AioRpcError) -> bool:
        """An order that the connector refuses as such fails; anything else may pass, and the order waits."""
        if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
            self._unmined.pop(order.command_id, None)
            await self._fail(order, error.details() or "the wallet refused the transfer")
            return True
        details = error.details() or ""
        if self._troubles.get(order.command_id) != details:
            self._troubles[order.command_id] = details
            _log.warning("wallet_cannot_send", command_id=order.command_id, code=error.code().name, why=details)
        await self._delay(order, f"the wallet cannot send now: {error.code().name}")
        return False

    async def _fail(self, order: SendWithdrawal, reason: str) -> None:
        await self._report(
            ReportWithdrawal(withdrawal_id=order.withdrawal_id, status=WithdrawalStatus.FAILED, reason=reason)
        )

    async def _delay(self, order: SendWithdrawal, reason: str) -> None:
        withdrawal = self._engine.withdrawal(order.withdrawal_id)
        if withdrawal is None or withdrawal.reason != reason:
            await self._report(
                ReportWithdrawal(withdrawal_id=order.withdrawal_id, status=WithdrawalStatus.PROCESSING, reason=reason)
            )

    async def _report(self, report: ReportWithdrawal) -> None:
        answer = (await self._sequencer.submit(report)).outputs[0]
        if isinstance(answer, WithdrawalChanged) and answer.changed:
            waits = answer.status is WithdrawalStatus.PROCESSING or answer.status is WithdrawalStatus.FAILED
            (_log.error if waits else _log.info)(
                "withdrawal_changed",
                withdrawal_id=answer.withdrawal_id,
                account=answer.account,
                status=str(answer.status),
                tx_hash=answer.tx_hash,
                why=answer.reason,
            )


def _transfer(order: SendWithdrawal) -> chain_pb2.SubmitRequest:
    amount = format_atoms(_atoms(order))
    transfer = chain_pb2.TransferTokens(token=order.contract, recipient=order.address, amount=amount)
    return chain_pb2.SubmitRequest(command_id=order.command_id, chain_id=order.chain_id, transfer=transfer)


def _atoms(order: SendWithdrawal) -> int:
    return units_to_atoms(order.units, order.decimals)


def _is(output: object, command_id: str) -> bool:
    return isinstance(output, SendWithdrawal) and output.command_id == command_id
