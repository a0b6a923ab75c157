"""A router on a world in memory, that dies and comes back, and everybody who acts on it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from across.world import BACK, CONFIG, OUT, Killed, World
from indexmaker_across import events as ev
from indexmaker_across.desk import Desk
from indexmaker_across.errors import ArrivalConflictError, CancelTooLateError, NotResolvableError
from indexmaker_across.journal import TransferJournal
from indexmaker_across.quotes import LocalQuotes, Tariff
from indexmaker_across.transfer import Phase, Position, Terms, Transfer, position

USDC = 10**6
OPERATOR = {"operator": "olga", "note": "looked at it"}
RECIPIENT = "0x" + "07" * 20


class DyingJournal(TransferJournal):
    """Dies at the next record, before or after its commit, when told."""

    death = ""

    def record_all(
        self, changes: Sequence[tuple[Transfer, ev.Event]], *, refund_key: str = "", withdrawal_key: str = ""
    ) -> None:
        death, self.death = self.death, ""
        if death == "before":
            raise Killed
        super().record_all(changes, refund_key=refund_key, withdrawal_key=withdrawal_key)
        if death == "after":
            raise Killed


class Session:
    """A router on a world, that dies and comes back."""

    def __init__(self, directory: Path) -> None:
        self.world = World()
        self._path = directory / "transfers.sqlite"
        self.started: list[str] = []
        self.open()

    def open(self) -> None:
        self.journal = DyingJournal(self._path)
        self.drivers = self.world.drivers(self.journal)
        records: Any = self.world
        tariff = Tariff(LocalQuotes(CONFIG.fees), lambda: None)
        self.desk = Desk(self.journal, records, tariff, back=tariff, config=CONFIG, clock=self.world)

    def restart(self) -> None:
        self.journal.close()
        self.open()

    async def start(self, transfer_id: str, *, dollars: int) -> None:
        """The core commits the collateral, then starts; both once."""
        if transfer_id in self.started:
            return
        self.world.route += dollars * USDC
        await self._start(transfer_id, dollars=dollars)

    async def start_return(self, transfer_id: str, *, dollars: int, tx_hash: str = "") -> None:
        """The core starts a return once the venue has told the withdrawal's transaction."""
        if transfer_id not in self.started:
            await self._start(transfer_id, dollars=dollars, source_tx=tx_hash or f"0x{transfer_id}")

    async def _start(self, transfer_id: str, *, dollars: int, source_tx: str = "") -> None:
        self.started.append(transfer_id)
        terms = Terms(
            transfer_id=transfer_id,
            source="a",
            destination="b",
            amount=dollars * USDC,
            min_out=dollars * USDC - USDC,
            recipient=RECIPIENT,
            source_tx=source_tx,
        )
        while True:
            try:
                await self.desk.start(terms)
                return
            except Killed:
                self.restart()

    def transfers(self) -> list[Transfer]:
        return [self.desk.get(transfer_id) for transfer_id in self.started]

    async def perform(self, operation: str) -> None:
        kind, _, fault = operation.partition(":")
        match kind:
            case "step":
                for driver in self.drivers:
                    await driver.step()
            case "second":
                await self.start("t-2", dollars=250)
            case "return":
                await self.start_return("b-1", dollars=70)
            case "restart":
                self.restart()
            case "fault":
                self.world.faults.append(fault)
            case "die_before" | "die_after":
                self.journal.death = kind.removeprefix("die_")
            case "retry" | "accept" | "cancel" | "arrive":
                self._decide(kind)
            case _:
                self._happen(kind)

    def _happen(self, kind: str) -> None:
        """Something outside of the router."""
        world = self.world
        match kind:
            case "mine":
                world.mine()
            case "revert":
                world.mine(revert=True)
            case "fill":
                world.fill()
            case "expire":
                world.time += CONFIG.limits.fill_s + 2
                world.block += 1
            case "refund" | "refund_sum" | "defer":
                world.refund(together=kind == "refund_sum", deferred=kind == "defer")
            case "claim":
                world.claim(OUT)
                world.claim(BACK)
            case "withdraw":
                if "0xb-1" not in world.receipts:
                    world.withdraw("0xb-1", 70 * USDC)

    def _decide(self, kind: str) -> None:
        for transfer in self.transfers():
            try:
                match kind:
                    case "retry":
                        self.desk.resolve(transfer.transfer_id, ev.Retried(**OPERATOR))
                    case "accept" if transfer.phase is Phase.REFUNDED:
                        self.desk.resolve(transfer.transfer_id, ev.RefundAccepted(**OPERATOR))
                    case "cancel":
                        self.desk.cancel(transfer.transfer_id)
                    case "arrive" if transfer.phase is Phase.SENT:
                        self.desk.confirm_arrival(transfer.transfer_id, external_id="d", amount=transfer.received)
            except (ArrivalConflictError, CancelTooLateError, NotResolvableError):
                continue

    async def settle(self) -> None:
        """No more faults: let everything come to rest, with an operator who retries what waits for one."""
        self.world.faults.clear()
        self.restart()
        for _ in range(30):
            for operation in ("withdraw", "step", "mine", "fill", "refund"):
                await self.perform(operation)
            self.world.time += 20
            for transfer in self.transfers():
                if transfer.alarm:
                    self.desk.resolve(transfer.transfer_id, ev.Retried(**OPERATOR))

    def where(self) -> Position:
        positions = [position(transfer) for transfer in self.transfers()]
        return Position(
            at_source=sum(p.at_source for p in positions),
            receivable=sum(p.receivable for p in positions),
            in_wallet=sum(p.in_wallet for p in positions),
            delivered=sum(p.delivered for p in positions),
            fees=sum(p.fees for p in positions),
        )
