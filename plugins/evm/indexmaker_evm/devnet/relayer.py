"""A bridge relayer for the development network: fills deposits of one chain on another, well or badly as told.

It is also the SpokePool's dataworker: what expires unfilled is refunded to its depositor.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec
import structlog
from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from indexmaker_evm.contracts import artifact
from indexmaker_evm.devnet.chain import Chain
from indexmaker_evm.devnet.errors import TransactionFailedError

__all__ = ["BridgeDeposit", "BridgeEnd", "FaultPlan", "Relayer", "Treatment", "fill_at_once"]

FILLED = 2
REORG_BLOCKS = 64  # read again each time, so that a deposit that moved is not missed
_RELAY_DATA = (
    "(bytes32,bytes32,bytes32,bytes32,bytes32,uint256,uint256,uint256,uint256,uint32,uint32,bytes)",
    "uint256",
)

log = structlog.get_logger(__name__)


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """What the relayer does with one deposit.

    `delay_seconds` passes before the first fill, `fills` counts the attempts (0 drops the deposit, 2 is a double
    fill), `late` makes them wait for the fill deadline, after which the pool refuses them. A refund is transferred, or
    left to be claimed when it is `deferred`.
    """

    delay_seconds: float = 0.0
    fills: int = 1
    late: bool = False
    deferred: bool = False


class BridgeDeposit(msgspec.Struct, frozen=True, kw_only=True):
    """A deposit seen on the origin chain; the fields of Across's `V3RelayData`, and where it goes."""

    depositor: bytes
    recipient: bytes
    exclusive_relayer: bytes
    input_token: bytes
    output_token: bytes
    input_amount: int
    output_amount: int
    origin_chain_id: int
    deposit_id: int
    fill_deadline: int
    exclusivity_deadline: int
    message: bytes
    destination_chain_id: int

    def relay_data(self) -> tuple[object, ...]:
        """The `V3RelayData` tuple."""
        return msgspec.structs.astuple(self)[:-1]

    def relay_hash(self) -> bytes:
        """The name of this relay on the destination chain."""
        return keccak(encode(_RELAY_DATA, [self.relay_data(), self.destination_chain_id]))


FaultPlan = Callable[[BridgeDeposit], Treatment]
"""Decides how each deposit is treated."""


def fill_at_once(deposit: BridgeDeposit) -> Treatment:
    """The plan of an honest relayer."""
    del deposit
    return Treatment()


class BridgeEnd(msgspec.Struct, frozen=True, kw_only=True):
    """One end of the bridge: a chain with its SpokePool."""

    chain: Chain
    pool: ChecksumAddress
    chain_id: int


class Relayer:
    """Watches `FundsDeposited` on `origin` and serves each deposit once."""

    def __init__(
        self,
        *,
        origin: BridgeEnd,
        destination: BridgeEnd,
        account: ChecksumAddress,
        plan: FaultPlan = fill_at_once,
        poll_seconds: float = 0.2,
    ) -> None:
        self._origin = origin.chain
        self._destination = destination.chain
        self._origin_pool = origin.chain.contract("MiniSpokePool", origin.pool)
        self._destination_pool = destination.chain.contract("MiniSpokePool", destination.pool)
        self._destination_chain_id = destination.chain_id
        self._account = account
        self._plan = plan
        self._poll_seconds = poll_seconds
        self._next_block = 0
        self._seen: set[tuple[int, bytes]] = set()

    async def run(self) -> None:
        """Serve deposits until cancelled; those of earlier runs are looked at again and filled if they are open."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    deposits = await self._new_deposits()
                except (aiohttp.ClientError, TimeoutError) as error:
                    log.warning("relayer_cannot_read", error=str(error))
                    deposits = []
                for deposit in deposits:
                    group.create_task(self._serve(deposit))
                await asyncio.sleep(self._poll_seconds)

    async def _new_deposits(self) -> list[BridgeDeposit]:
        latest = await self._origin.w3.eth.block_number
        logs = await self._origin.w3.eth.get_logs(
            {
                "address": self._origin_pool.address,
                "topics": [
                    HexBytes(artifact("MiniSpokePool").topic("FundsDeposited")),
                    HexBytes(self._destination_chain_id.to_bytes(32, "big")),
                ],
                "fromBlock": max(0, min(self._next_block, latest) - REORG_BLOCKS),
                "toBlock": latest,
            }
        )
        self._next_block = latest + 1
        event = self._origin_pool.events.FundsDeposited()
        origin_chain_id = await self._origin.w3.eth.chain_id
        deposits = [_read(event.process_log(entry)["args"], origin_chain_id) for entry in logs]
        return [deposit for deposit in deposits if self._is_new(deposit)]

    def _is_new(self, deposit: BridgeDeposit) -> bool:
        key = (deposit.deposit_id, deposit.relay_hash())
        new = key not in self._seen
        self._seen.add(key)
        return new

    async def _serve(self, deposit: BridgeDeposit) -> None:
        treatment = self._plan(deposit)
        bound = log.bind(deposit_id=hex(deposit.deposit_id))
        if await self._is_filled(deposit):
            return
        if treatment.delay_seconds:
            await asyncio.sleep(treatment.delay_seconds)
        if treatment.late:
            await self._deadline(deposit)
        for _ in range(treatment.fills):
            try:
                await self._fill(deposit)
            except TransactionFailedError as error:
                bound.info("fill_refused", error=str(error))
            else:
                bound.info("deposit_filled", output_amount=deposit.output_amount)
        if await self._is_filled(deposit):
            return
        await self._deadline(deposit)
        if not await self._is_filled(deposit):
            await self._refund(deposit, deferred=treatment.deferred)
            bound.info("deposit_refunded", input_amount=deposit.input_amount)

    async def _is_filled(self, deposit: BridgeDeposit) -> bool:
        status: int = await self._destination_pool.functions.fillStatuses(deposit.relay_hash()).call()
        return status == FILLED

    async def _fill(self, deposit: BridgeDeposit) -> None:
        repayment = bytes.fromhex(self._account.removeprefix("0x")).rjust(32, b"\0")
        call = self._destination_pool.functions.fillRelay(deposit.relay_data(), deposit.origin_chain_id, repayment)
        await self._destination.send(call, sender=self._account)

    async def _deadline(self, deposit: BridgeDeposit) -> None:
        """Wait until the fill deadline is over on both chains: their clocks may be moved."""
        for chain in (self._destination, self._origin):
            while (await chain.w3.eth.get_block("latest"))["timestamp"] <= deposit.fill_deadline:  # noqa: ASYNC110
                await asyncio.sleep(self._poll_seconds)

    async def _refund(self, deposit: BridgeDeposit, *, deferred: bool) -> None:
        refund = self._origin_pool.functions.refundExpired
        call = refund(deposit.relay_data(), deposit.destination_chain_id, deferred)
        await self._origin.send(call, sender=self._account)


def _read(args: dict[str, Any], origin_chain_id: int) -> BridgeDeposit:
    return BridgeDeposit(
        depositor=bytes(args["depositor"]),
        recipient=bytes(args["recipient"]),
        exclusive_relayer=bytes(args["exclusiveRelayer"]),
        input_token=bytes(args["inputToken"]),
        output_token=bytes(args["outputToken"]),
        input_amount=args["inputAmount"],
        output_amount=args["outputAmount"],
        origin_chain_id=origin_chain_id,
        deposit_id=args["depositId"],
        fill_deadline=args["fillDeadline"],
        exclusivity_deadline=args["exclusivityDeadline"],
        message=bytes(args["message"]),
        destination_chain_id=args["destinationChainId"],
    )
