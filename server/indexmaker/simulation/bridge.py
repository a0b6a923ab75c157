"""The simulated bridge and its connector: collateral from the gates to the venue, and proceeds back to the keeper."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from indexmaker.money import ATOMS, floor_to_step, format_atoms
from indexmaker.simulation.chain import Chain
from indexmaker.simulation.chance import Chance
from indexmaker.simulation.link import Link
from indexmaker.simulation.listings import COLLATERAL, SECOND, UNIT
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.venue import Venue
from indexmaker.simulation.violation import Violation
from indexmaker.solver import events as ev
from indexmaker.solver.commands import ConfirmArrival, QuoteRoute, StartTransfer
from indexmaker.solver.vocabulary import FeeAmount, TransferState

__all__ = ["Bridge", "BridgeCommand"]

BridgeCommand = QuoteRoute | StartTransfer | ConfirmArrival

_PICKUP = "0x" + "9c" * 20
_FIXED_FEE = ATOMS // 4
_WITHDRAWAL_FEE = ATOMS
_QUOTE_LIFE = 120 * SECOND
_LATE = "late"
_SHORT = "short"
_OPERATOR = "operator"
_REFUND = "refund"


@dataclass(slots=True)
class _Transfer:
    command: StartTransfer
    state: TransferState = TransferState.ACCEPTED
    trouble: str = ""
    delay: int = 0
    amount_out: int = 0
    reason: str = ""


class Bridge:
    """Routes in both directions. `moving` is what has left one end and not reached the other, by transfer."""

    def __init__(self, scheduler: Scheduler, chance: Chance, link: Link, *, chain: Chain, venue: Venue) -> None:
        self._scheduler = scheduler
        self._chance = chance
        self._link = link
        self._chain = chain
        self._venue = venue
        self._transfers: dict[str, _Transfer] = {}
        self.returned: dict[str, int] = {}
        """Money of refunded transfers that waits for its operator."""
        self.armed: deque[tuple[str, int]] = deque()
        self.armed_quotes: deque[str] = deque()

    @property
    def quiet(self) -> bool:
        """No transfer is on its way."""
        over = (TransferState.COMPLETED, TransferState.REFUNDED)
        return all(transfer.state in over for transfer in self._transfers.values())

    def calm(self) -> None:
        """Leave out the trouble that has not begun."""
        self.armed.clear()
        self.armed_quotes.clear()

    def handle(self, command: BridgeCommand) -> None:
        """Take a command of the core."""
        match command:
            case QuoteRoute():
                self._quote(command)
            case StartTransfer():
                self._start(command)
            case ConfirmArrival():
                self._confirm(command)

    def unanswered(self, command: BridgeCommand) -> None:
        """The call is made again; the id makes that harmless."""
        self._link.command(command)

    def resync(self) -> None:
        """A new stream tells how every transfer stands that is not over."""
        for transfer in self._transfers.values():
            if transfer.state is not TransferState.COMPLETED:
                self._tell(transfer)

    def _quote(self, command: QuoteRoute) -> None:
        transfer_id = command.transfer_id
        if self.armed_quotes:
            retryable = self.armed_quotes.popleft() == "busy"
            refusal = ev.RouteRefused(transfer_id=transfer_id, reason="no liquidity", retryable=retryable)
            self._link.answer(command, refusal)
            return
        share = command.amount * self._chance.between(1, 25, "fee", transfer_id) // 10_000
        fee = floor_to_step(_FIXED_FEE + share, UNIT)
        fees = [FeeAmount(kind="bridge", asset=COLLATERAL, amount=fee)]
        inbound = command.source.startswith("EVM")
        if not inbound:
            fees.append(FeeAmount(kind="withdrawal", asset=COLLATERAL, amount=_WITHDRAWAL_FEE))
            fee += _WITHDRAWAL_FEE
        if fee >= command.amount:
            self._link.answer(command, ev.RouteRefused(transfer_id=transfer_id, reason="too little for its fees"))
            return
        quoted = ev.RouteQuoted(
            transfer_id=transfer_id,
            amount_in=command.amount,
            amount_out=command.amount - fee,
            fees=tuple(fees),
            expires_at=self._scheduler.now + _QUOTE_LIFE,
            pickup_network="" if inbound else "BASE",
            pickup_address="" if inbound else _PICKUP,
        )
        self._link.answer(command, quoted)

    def _start(self, command: StartTransfer) -> None:
        known = self._transfers.get(command.transfer_id)
        if known is not None:
            self._link.answer(command, self._update(known))
            return
        trouble, delay = self.armed.popleft() if self.armed else ("", 0)
        transfer = _Transfer(command, trouble=trouble, delay=delay)
        self._transfers[command.transfer_id] = transfer
        self._tell(transfer)
        wait = self._chance.between(SECOND, 4 * SECOND, "pickup", command.transfer_id)
        self._scheduler.after(wait, self._pick_up, transfer)

    def _pick_up(self, transfer: _Transfer) -> None:
        """Take the money at its source; it may not be there yet, or not be there at the moment."""
        command = transfer.command
        present = self._chain.contracts.carried.get(command.transfer_id)
        if not command.source.startswith("EVM"):
            present = self._venue.received.get(command.commit_tx.removeprefix("0xw"))
        if present is None:
            self._scheduler.after(2 * SECOND, self._pick_up, transfer)
            return
        if present != command.amount:
            text = f"{format_atoms(command.amount)} to carry, {format_atoms(present)} there"
            raise Violation("TRANSFER_AMOUNT", f"{command.transfer_id}: {text}")
        self._move(transfer, TransferState.IN_FLIGHT)
        wait = transfer.delay + self._chance.between(2 * SECOND, 8 * SECOND, "bridge", command.transfer_id)
        if transfer.trouble == _REFUND:
            self._scheduler.after(wait, self._refund, transfer)
            return
        if transfer.trouble == _OPERATOR:
            self._scheduler.after(SECOND, self._move, transfer, TransferState.NEEDS_OPERATOR)
        self._scheduler.after(wait, self._arrive, transfer)

    def _refund(self, transfer: _Transfer) -> None:
        self.returned[transfer.command.transfer_id] = transfer.command.amount
        transfer.reason = "the filler never came"
        self._move(transfer, TransferState.REFUNDED)

    def _arrive(self, transfer: _Transfer) -> None:
        command = transfer.command
        transfer.amount_out = command.min_out
        if transfer.trouble == _SHORT:
            transfer.amount_out -= floor_to_step(command.min_out // 200, UNIT)
        elif self._chance.happens(20, "cheaper", command.transfer_id):
            transfer.amount_out += floor_to_step((command.amount - command.min_out) // 2, UNIT)
        if command.source.startswith("EVM"):
            self._venue.deposit(transfer.amount_out, f"0xh{command.transfer_id}")
            self._move(transfer, TransferState.ARRIVED)
        else:
            contracts = self._chain.contracts
            contracts.wallet += transfer.amount_out
            contracts.keeper.outside(command.transfer_id, transfer.amount_out, now=self._scheduler.now)
            self._move(transfer, TransferState.COMPLETED)

    def _confirm(self, command: ConfirmArrival) -> None:
        transfer = self._transfers.get(command.transfer_id)
        if transfer is None or transfer.state not in (TransferState.ARRIVED, TransferState.COMPLETED):
            raise Violation("ARRIVAL", f"{command.transfer_id} is called arrived and is not")
        transfer.state = TransferState.COMPLETED
        self._link.answer(command, self._update(transfer))

    def _move(self, transfer: _Transfer, state: TransferState) -> None:
        transfer.state = state
        self._tell(transfer)

    def _update(self, transfer: _Transfer) -> ev.TransferUpdated:
        command = transfer.command
        over = transfer.state in (TransferState.ARRIVED, TransferState.COMPLETED)
        return ev.TransferUpdated(
            transfer_id=command.transfer_id,
            state=transfer.state,
            amount_out=transfer.amount_out,
            hop_tx_hashes=(f"0xs{command.transfer_id}", f"0xh{command.transfer_id}") if over else (),
            reason=transfer.reason,
        )

    def _tell(self, transfer: _Transfer) -> None:
        self._link.tell(self._update(transfer), subject=transfer.command.transfer_id)
