"""Watches the chains for money sent to deposit addresses, and reports it to the exchange."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

import grpc
import grpc.aio
import structlog

from indexmaker.api.chain.v1 import chain_pb2, chain_pb2_grpc
from indexmaker.connectors.channel import open_channel
from indexmaker.exchange.commands import CreditDeposit, DropDeposit
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import DepositChanged, Rejected
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.vocabulary import DepositStatus
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.money import MoneyError, atoms_to_units, parse_atoms
from indexmaker.services.exchange.cursors import ChainCursor, CursorFile
from indexmaker.services.exchange.settings import ChainSetting

__all__ = ["DepositWatcher"]

_log = structlog.get_logger(__name__)

_COIN = "USDC"
_RETRY_SECONDS = 1.0

_Key = tuple[int, str, int]


class DepositWatcher:
    """A client of one chain connector.

    Events are delivered at least once and each report is idempotent, so the cursors are written after the reports.
    They never pass a deposit that still waits for confirmations. A new stream therefore tells of each such deposit
    again, unless its block has left the chain meanwhile; until it does, the deposit counts as gone.
    """

    def __init__(
        self,
        engine: ExchangeEngine,
        sequencer: ExchangeSequencer,
        *,
        address: str,
        chains: Sequence[ChainSetting],
        cursors: CursorFile,
        retry_seconds: float = _RETRY_SECONDS,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._address = address
        self._chains = {chain.chain_id: chain for chain in chains}
        self._cursors = cursors
        self._retry_seconds = retry_seconds
        self._waiting: dict[_Key, int] = {}

    async def run(self) -> None:
        """Follow the connector until cancelled; after a broken stream go on where it broke."""
        async with open_channel(self._address) as channel:
            stub: chain_pb2_grpc.ChainServiceAsyncStub = chain_pb2_grpc.ChainServiceStub(channel)
            while True:
                try:
                    await self._follow(stub)
                    _log.warning("deposit_stream_ended", address=self._address)
                except grpc.aio.AioRpcError as error:
                    _log.warning("deposit_stream_broken", code=error.code().name, why=error.details())
                await asyncio.sleep(self._retry_seconds)

    async def _follow(self, stub: chain_pb2_grpc.ChainServiceAsyncStub) -> None:
        call = stub.StreamEvents(wait_for_ready=True)
        await call.write(self._request())
        await self._forget_waiting()
        _log.info("deposits_watched", address=self._address, chains=sorted(self._chains))
        async for response in call:
            for event in response.events:
                await self._report(event)
            self._remember(response.cursors)

    async def _forget_waiting(self) -> None:
        self._waiting.clear()
        for number in self._engine.accounts:
            for deposit in self._engine.deposits(number):
                if deposit.status is DepositStatus.PENDING and deposit.chain_id in self._chains:
                    key = (deposit.chain_id, deposit.tx_hash, deposit.log_index)
                    drop = DropDeposit(chain_id=key[0], tx_hash=key[1], log_index=key[2])
                    _say((await self._sequencer.submit(drop)).outputs[0], key)

    def _request(self) -> chain_pb2.StreamEventsRequest:
        known = self._cursors.all()
        recipients: dict[str, list[str]] = {}
        for number in self._engine.accounts:
            for network, address in self._engine.deposit_addresses(number):
                recipients.setdefault(network, []).append(address)
        return chain_pb2.StreamEventsRequest(
            cursors=[
                chain_pb2.Cursor(chain_id=chain_id, block_number=cursor.block_number, block_hash=cursor.block_hash)
                for chain_id, cursor in known.items()
                if chain_id in self._chains
            ],
            watches=[
                chain_pb2.Watch(
                    chain_id=chain.chain_id,
                    from_block=0 if chain.chain_id in known else chain.from_block,
                    transfers=chain_pb2.TransferWatch(token=chain.token, recipients=recipients.get(chain.network, [])),
                )
                for chain in self._chains.values()
            ],
        )

    async def _report(self, event: chain_pb2.ChainEvent) -> None:
        chain = self._chains.get(event.id.chain_id)
        if chain is None or event.WhichOneof("body") != "token_transfer":
            return
        key = (event.id.chain_id, event.id.tx_hash, event.id.log_index)
        if event.kind == chain_pb2.ChainEvent.KIND_RETRACT:
            self._waiting.pop(key, None)
            drop = DropDeposit(chain_id=key[0], tx_hash=key[1], log_index=key[2])
            answer = (await self._sequencer.submit(drop)).outputs[0]
        else:
            credit = self._credit(chain, event)
            if credit is None:
                return
            if credit.confirmations < chain.confirmations:
                self._waiting[key] = event.block_number
            else:
                self._waiting.pop(key, None)
            answer = (await self._sequencer.submit(credit)).outputs[0]
        _say(answer, key)

    def _credit(self, chain: ChainSetting, event: chain_pb2.ChainEvent) -> CreditDeposit | None:
        transfer = event.token_transfer
        network = self._engine.assets[_COIN].networks[chain.network]
        try:
            units = atoms_to_units(parse_atoms(transfer.amount), network.decimals)
        except MoneyError as error:
            _log.error("deposit_unreadable", tx_hash=event.id.tx_hash, why=str(error))
            return None
        confirmed = event.finality >= chain_pb2.FINALITY_CONFIRMED
        return CreditDeposit(
            network=chain.network,
            asset=_COIN,
            chain_id=chain.chain_id,
            tx_hash=event.id.tx_hash,
            log_index=event.id.log_index,
            address=transfer.recipient,
            units=units,
            confirmations=chain.confirmations if confirmed else 1,
        )

    def _remember(self, cursors: Iterable[chain_pb2.Cursor]) -> None:
        known = self._cursors.all()
        moved = {}
        for cursor in cursors:
            oldest = min(
                (block for (chain_id, _, _), block in self._waiting.items() if chain_id == cursor.chain_id),
                default=cursor.block_number + 1,
            )
            if oldest <= cursor.block_number:
                place = ChainCursor(max(oldest - 1, 0))
            else:
                place = ChainCursor(cursor.block_number, cursor.block_hash)
            if place != known.get(cursor.chain_id):
                moved[cursor.chain_id] = place
        if moved:
            self._cursors.put(moved)


def _say(answer: object, key: _Key) -> None:
    if isinstance(answer, DepositChanged):
        if answer.changed:
            _log.info(
                "deposit_changed",
                chain_id=key[0],
                tx_hash=key[1],
                account=answer.account,
                status=str(answer.status),
                confirmations=answer.confirmations,
            )
    elif isinstance(answer, Rejected) and answer.code is not RejectCode.UNKNOWN_DEPOSIT:
        # A credited deposit that left the chain is a loss that people must settle.
        _log.error("deposit_refused", chain_id=key[0], tx_hash=key[1], code=answer.code.name, why=answer.message)
