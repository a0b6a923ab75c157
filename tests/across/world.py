"""Two chains, a relayer and a venue in memory, which do only what the contracts allow, with faults on order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import msgspec
from eth_abi.abi import decode

from indexmaker.connectors.errors import TransientError
from indexmaker.connectors.secrets import SecretRef
from indexmaker_across.config import AcrossConfig, DestinationConfig, OriginConfig
from indexmaker_across.driver import Driver
from indexmaker_across.ends import Addresses, DestinationView, OriginView
from indexmaker_across.journal import TransferJournal
from indexmaker_across.relay import Fill, Refund, Relay, deposit_id
from indexmaker_evm.rpc import to_hex
from indexmaker_evm.transactions.commands import PreparedCall
from indexmaker_evm.transactions.model import Attempt, Transaction, TxState

ADDRESSES = Addresses(
    route="0x" + "01" * 20,
    origin_usdc="0x" + "02" * 20,
    origin_pool="0x" + "03" * 20,
    destination_usdc="0x" + "04" * 20,
    destination_pool="0x" + "05" * 20,
    wallet="0x" + "06" * 20,
)
CONFIG = AcrossConfig(
    origin=OriginConfig(chain_id=1, rpc=("http://o",), usdc="", spoke_pool="", route=""),
    destination=DestinationConfig(chain_id=2, rpc=("http://d",), usdc="", spoke_pool=""),
    router_key=SecretRef("env:NO_KEY"),
)
START = 1_800_000_000


class Killed(BaseException):
    """The process died here."""


@dataclass
class OpenDeposit:
    relay: Relay
    filled: bool = False
    refunded: bool = False

    @property
    def owed(self) -> int:
        return 0 if self.filled or self.refunded else self.relay.input_amount


@dataclass
class World:
    """What is true, whatever the router believes. Amounts in units."""

    route: int = 0
    wallet: int = 0
    venue: int = 0
    spent: int = 0
    """What relayers keep."""
    time: int = START
    block: int = 1
    deposits: dict[str, OpenDeposit] = field(default_factory=dict)
    nonces: set[int] = field(default_factory=set)
    records: dict[str, Transaction] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    """What happens at the next submits, in order."""
    payments: int = 0
    on_look: Callable[[], object] = lambda: None
    """Happens while the chains are asked."""
    on_submit: Callable[[], object] = lambda: None

    @property
    def total(self) -> int:
        owed = sum(deposit.owed for deposit in self.deposits.values())
        return self.route + owed + self.wallet + self.venue + self.spent

    def now(self) -> int:
        return self.time * 10**9

    # ---- the transaction manager ----------------------------------------------------------------------------------

    def get(self, command_id: str) -> Transaction | None:
        return self.records.get(command_id)

    async def submit(self, command_id: str, call: PreparedCall, *, digest: bytes) -> Transaction:
        assert command_id not in self.records, "an id is submitted once"
        self.on_submit()
        fault = self.faults.pop(0) if self.faults else ""
        if fault == "transient":
            raise TransientError("no node answers")
        if fault == "killed_before":
            raise Killed
        refused = fault == "refused" or self._would_revert(call)
        attempt = Attempt(tx_hash=f"0x{len(self.records)}", raw=b"", max_fee=1, priority_fee=1, at=1)
        record = Transaction(
            command_id=command_id,
            chain_id=1,
            digest=digest,
            sender=ADDRESSES.wallet,
            to=call.to,
            data=call.data,
            state=TxState.REVERTED if refused else TxState.BROADCAST,
            nonce=None if refused else len(self.records),
            attempts=() if refused else (attempt,),
            error="refused" if refused else "",
            open=not refused,
        )
        self.records[command_id] = record
        if fault == "killed_after":
            raise Killed
        return record

    def mine(self, *, revert: bool = False) -> None:
        """All that was sent is mined, and final."""
        self.block += 1
        self.time += 1
        for command_id, record in self.records.items():
            if record.state is not TxState.BROADCAST:
                continue
            call = PreparedCall(to=record.to, data=record.data)
            fails = revert or self._would_revert(call)
            if not fails:
                self._execute(call)
            state = TxState.REVERTED if fails else TxState.FINAL
            self.records[command_id] = msgspec.structs.replace(
                record, state=state, error="reverted" * fails, open=False
            )

    def _would_revert(self, call: PreparedCall) -> bool:
        if call.to == ADDRESSES.route:
            amount, _, _, deadline, nonce = self._bridge(call)
            return nonce in self.nonces or self.route < amount or deadline <= self.time
        return self.wallet < self._transfer(call)[1]

    def _execute(self, call: PreparedCall) -> None:
        if call.to != ADDRESSES.route:
            _, amount = self._transfer(call)
            self.wallet -= amount
            self.venue += amount
            self.payments += 1
            return
        amount, output, _, deadline, nonce = self._bridge(call)
        relay = Relay(
            depositor=ADDRESSES.route,
            recipient=ADDRESSES.wallet,
            input_token=ADDRESSES.origin_usdc,
            output_token=ADDRESSES.destination_usdc,
            input_amount=amount,
            output_amount=output,
            origin_chain_id=1,
            destination_chain_id=2,
            deposit_id=deposit_id(ADDRESSES.route, nonce=nonce),
            fill_deadline=deadline,
        )
        self.nonces.add(nonce)
        self.route -= amount
        self.deposits[to_hex(relay.hash())] = OpenDeposit(relay)

    @staticmethod
    def _bridge(call: PreparedCall) -> tuple[int, ...]:
        return decode(["uint256", "uint256", "uint32", "uint32", "uint256"], call.data[4:])

    @staticmethod
    def _transfer(call: PreparedCall) -> tuple[Any, ...]:
        return decode(["address", "uint256"], call.data[4:])

    # ---- Across -----------------------------------------------------------------------------------------------------

    def fill(self) -> None:
        for relay_hash, deposit in self.deposits.items():
            if deposit.owed and self.time <= deposit.relay.fill_deadline:
                deposit.filled = True
                self.wallet += deposit.relay.output_amount
                self.spent += deposit.relay.input_amount - deposit.relay.output_amount
                fill = Fill(
                    relay_hash=bytes.fromhex(relay_hash[2:]),
                    recipient=ADDRESSES.wallet,
                    amount=deposit.relay.output_amount,
                    tx_hash=f"0xfill{len(self.fills)}",
                    block_number=self.block,
                )
                self.fills.append(fill)

    def refund(self, *, together: bool = False) -> None:
        """Pay back what expired; Across may sum it up."""
        expired = [d for d in self.deposits.values() if d.owed and d.relay.fill_deadline < self.time]
        amounts = [deposit.relay.input_amount for deposit in expired]
        for deposit in expired:
            deposit.refunded = True
        self.route += sum(amounts)
        for amount in [sum(amounts)] if together and amounts else amounts:
            number = len(self.refunds)
            self.refunds.append(Refund(key=f"r{number}", amount=amount, tx_hash=f"0xrefund{number}", deferred=False))

    # ---- what the driver reads --------------------------------------------------------------------------------------

    def driver(self, journal: TransferJournal) -> Driver:
        origin, destination = _OriginOf(self), _DestinationOf(self)
        transactions: Any = self
        return Driver(journal, transactions, origin, destination, ADDRESSES, config=CONFIG, clock=self)  # type: ignore[arg-type]


class _End:
    def __init__(self, world: World) -> None:
        self.world = world
        self.chain = SimpleNamespace(config=SimpleNamespace(confirmations=1), manager=world)


class _OriginOf(_End):
    async def look(self) -> OriginView:
        self.world.on_look()
        return OriginView(number=self.world.block, timestamp=self.world.time, collateral=self.world.route)

    async def refunds(self, first: int, last: int) -> list[Refund]:
        return list(self.world.refunds)


class _DestinationOf(_End):
    async def look(self, relay_hashes: Sequence[str]) -> DestinationView:
        known = {h for h in relay_hashes if h in self.world.deposits and self.world.deposits[h].filled}
        return DestinationView(number=self.world.block, timestamp=self.world.time, filled=frozenset(known))

    async def fill(self, deposit_id: str, *, relay_hash: str, first: int, last: int) -> Fill | None:
        fills = [fill for fill in self.world.fills if to_hex(fill.relay_hash) == relay_hash]
        return fills[0] if fills else None
