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
from indexmaker_across.config import AcrossConfig, DestinationConfig, OriginConfig, ReturnsConfig
from indexmaker_across.driver import Driver
from indexmaker_across.ends import DepartureView, LandingView, Receipt
from indexmaker_across.journal import TransferJournal
from indexmaker_across.lanes import Lane, Lanes
from indexmaker_across.quotes import LocalQuotes
from indexmaker_across.relay import Fill, Payment, Refund, Relay, call_claim, deposit_id
from indexmaker_evm.rpc import to_hex
from indexmaker_evm.transactions.commands import PreparedCall
from indexmaker_evm.transactions.model import Attempt, Transaction, TxState

WALLET, KEEPER = "0x" + "06" * 20, "0x" + "08" * 20
_SIDE: dict[str, Any] = {"rpc": ("http://node",)}
CONFIG = AcrossConfig(
    origin=OriginConfig(
        chain_id=1, usdc="0x" + "02" * 20, spoke_pool="0x" + "03" * 20, route="0x" + "01" * 20, **_SIDE
    ),
    destination=DestinationConfig(chain_id=2, usdc="0x" + "04" * 20, spoke_pool="0x" + "05" * 20, **_SIDE),
    returns=ReturnsConfig(route="0x" + "09" * 20, recipient=KEEPER),
    router_key=SecretRef("env:NO_KEY"),
)
LANES = Lanes.read(CONFIG, wallet=WALLET)
assert LANES.back is not None
OUT, BACK = LANES.out, LANES.back
START = 1_800_000_000


class Killed(BaseException):
    """The process died here."""


@dataclass
class OpenDeposit:
    relay: Relay
    lane: Lane
    filled: bool = False
    refunded: bool = False

    @property
    def owed(self) -> int:
        return 0 if self.filled or self.refunded else self.relay.input_amount


@dataclass
class World:
    """What is true, whatever the router believes. Amounts in units."""

    route: int = 0
    back_route: int = 0
    wallet: int = 0
    venue: int = 0
    keeper: int = 0
    spent: int = 0
    """What relayers keep."""
    time: int = START
    block: int = 1
    deposits: dict[str, OpenDeposit] = field(default_factory=dict)
    nonces: set[int] = field(default_factory=set)
    records: dict[str, Transaction] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    refunds: dict[bool, list[Refund]] = field(default_factory=lambda: {False: [], True: []})
    unclaimed: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    """Refunds that the SpokePools keep, by lane."""
    receipts: dict[str, Receipt] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What happens at the next submits, in order."""
    payments: int = 0
    on_look: Callable[[], object] = lambda: None
    """Happens while the chains are asked."""
    on_submit: Callable[[], object] = lambda: None

    @property
    def total(self) -> int:
        owed = sum(deposit.owed for deposit in self.deposits.values())
        kept = sum(self.unclaimed.values())
        here = self.route + self.back_route + self.wallet + self.venue + self.keeper
        return here + owed + kept + self.spent

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
            sender=WALLET,
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
        lane = self._lane(call)
        if lane is None:
            return self.wallet < self._transfer(call)[1]
        if call.data == call_claim():
            return self.unclaimed[lane.returns] == 0
        amount, _, _, deadline, nonce = self._bridge(call)
        return nonce in self.nonces or self.at_route(lane) < amount or deadline <= self.time

    def _execute(self, call: PreparedCall) -> None:
        lane = self._lane(call)
        if lane is None:
            _, amount = self._transfer(call)
            self.wallet -= amount
            self.venue += amount
            self.payments += 1
            return
        if call.data == call_claim():
            self.claim(lane)
            return
        amount, output, _, deadline, nonce = self._bridge(call)
        relay = Relay(
            depositor=lane.route,
            recipient=lane.recipient,
            input_token=lane.token,
            output_token=lane.output_token,
            input_amount=amount,
            output_amount=output,
            origin_chain_id=lane.departure_chain_id,
            destination_chain_id=lane.landing_chain_id,
            deposit_id=deposit_id(lane.route, nonce=nonce),
            fill_deadline=deadline,
        )
        self.nonces.add(nonce)
        self._add(lane, -amount)
        self.deposits[to_hex(relay.hash())] = OpenDeposit(relay, lane)

    def at_route(self, lane: Lane) -> int:
        return self.back_route if lane.returns else self.route

    def claim(self, lane: Lane) -> None:
        """Anybody may do it."""
        self._add(lane, self.unclaimed[lane.returns])
        self.unclaimed[lane.returns] = 0

    def _add(self, lane: Lane, amount: int) -> None:
        if lane.returns:
            self.back_route += amount
        else:
            self.route += amount

    @staticmethod
    def _lane(call: PreparedCall) -> Lane | None:
        return next((lane for lane in (OUT, BACK) if lane.route == call.to), None)

    def withdraw(self, tx_hash: str, *amounts: int, failed: bool = False) -> None:
        """A venue's withdrawal is mined, with these payments to the return route."""
        payments = () if failed else amounts
        self.receipts[tx_hash] = Receipt(
            block_number=self.block,
            succeeded=not failed,
            payments=tuple(
                Payment(tx_hash=tx_hash, log_index=index, amount=amount) for index, amount in enumerate(payments)
            ),
        )
        self.back_route += sum(payments)

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
                output = deposit.relay.output_amount
                if deposit.lane.returns:
                    self.keeper += output
                else:
                    self.wallet += output
                self.spent += deposit.relay.input_amount - output
                fill = Fill(
                    relay_hash=bytes.fromhex(relay_hash[2:]),
                    recipient=deposit.lane.recipient,
                    amount=output,
                    tx_hash=f"0xfill{len(self.fills)}",
                    block_number=self.block,
                )
                self.fills.append(fill)

    def refund(self, *, together: bool = False, deferred: bool = False) -> None:
        """Pay back what expired; Across may sum it up, and may keep it until it is claimed."""
        for lane in (OUT, BACK):
            expired = [
                deposit
                for deposit in self.deposits.values()
                if deposit.lane is lane and deposit.owed and deposit.relay.fill_deadline < self.time
            ]
            amounts = [deposit.relay.input_amount for deposit in expired]
            for deposit in expired:
                deposit.refunded = True
            if deferred:
                self.unclaimed[lane.returns] += sum(amounts)
            else:
                self._add(lane, sum(amounts))
            for amount in [sum(amounts)] if together and amounts else amounts:
                name = f"{lane.returns}{len(self.refunds[lane.returns])}"
                refund = Refund(
                    key=f"r{name}",
                    amount=amount,
                    tx_hash=f"0xrefund{name}",
                    deferred=deferred,
                    block_number=self.block,
                )
                self.refunds[lane.returns].append(refund)

    # ---- what the driver reads --------------------------------------------------------------------------------------

    def drivers(self, journal: TransferJournal) -> list[Driver]:
        return [self._driver(journal, lane) for lane in (OUT, BACK)]

    def _driver(self, journal: TransferJournal, lane: Lane) -> Driver:
        departure: Any = _DepartureOf(self, lane)
        landing: Any = _LandingOf(self, lane)
        transactions: Any = self
        quotes = LocalQuotes(CONFIG.fees)
        return Driver(journal, transactions, departure, landing, lane, quotes=quotes, config=CONFIG, clock=self)


class _End:
    def __init__(self, world: World, lane: Lane) -> None:
        self.world = world
        self.lane = lane
        self.chain = SimpleNamespace(config=SimpleNamespace(confirmations=1), manager=world)


class _DepartureOf(_End):
    async def look(self) -> DepartureView:
        self.world.on_look()
        return DepartureView(
            number=self.world.block,
            timestamp=self.world.time,
            collateral=self.world.at_route(self.lane),
            owed=self.world.unclaimed[self.lane.returns],
        )

    async def receipt(self, tx_hash: str) -> Receipt | None:
        return self.world.receipts.get(tx_hash)

    async def refunds(self, first: int, last: int) -> list[Refund]:
        return [refund for refund in self.world.refunds[self.lane.returns] if refund.block_number <= last]


class _LandingOf(_End):
    async def look(self, relay_hashes: Sequence[str]) -> LandingView:
        known = {h for h in relay_hashes if h in self.world.deposits and self.world.deposits[h].filled}
        return LandingView(number=self.world.block, timestamp=self.world.time, filled=frozenset(known))

    async def fill(self, deposit_id: str, *, relay_hash: str, first: int, last: int) -> Fill | None:
        fills = [fill for fill in self.world.fills if to_hex(fill.relay_hash) == relay_hash]
        return fills[0] if fills else None
