"""The people of the simulated house: they resolve what needs a person, a while after they were told."""

from __future__ import annotations

from indexmaker.money import ATOMS
from indexmaker.runtime import Committed
from indexmaker.simulation.bridge import Bridge
from indexmaker.simulation.chain import Chain
from indexmaker.simulation.core import Core
from indexmaker.simulation.link import Link
from indexmaker.simulation.listings import CHAIN, COLLATERAL, POINTS, SECOND
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine
from indexmaker.solver import events as ev
from indexmaker.solver.commands import Alert, SolverCommand, SolverReport
from indexmaker.solver.vocabulary import OrderState, TransferState

__all__ = ["Operators"]

_REACTION = 8 * SECOND
_ROUND = 10 * SECOND
_LONG = 400 * SECOND
_NAME = "ann"
_SETTLING = (OrderState.MINTABLE, OrderState.PAYABLE, OrderState.PAYOUT_ROUTING)


class Operators:
    """They read alerts, and look around every few seconds."""

    def __init__(self, scheduler: Scheduler, link: Link, core: Core, *, chain: Chain, bridge: Bridge) -> None:
        self._scheduler = scheduler
        self._link = link
        self._core = core
        self._chain = chain
        self._bridge = bridge
        self._collected: set[str] = set()
        self.decisions = 0
        scheduler.after(_ROUND, self._look_around)

    def take(self, committed: Committed[ev.SolverEvent, SolverCommand | SolverReport]) -> None:
        """Read the alerts of an event."""
        for output in committed.outputs:
            if isinstance(output, Alert) and output.kind == "FEE_UNVALUED":
                self._scheduler.after(_REACTION, self._value_points)
            elif isinstance(output, Alert) and output.kind == "INVOICE_VETOED":
                review = ev.InvoiceReviewed(operator=_NAME, reason="looked at", invoice_id=output.subject)
                self._scheduler.after(_REACTION, self._decide, review)

    def halt(self, duration: int) -> None:
        """Halt trading for a while."""
        self._decide(ev.TradingHalted(operator=_NAME, reason="a drill"))
        self._scheduler.after(duration, self._decide, ev.TradingResumed(operator=_NAME, reason="the drill is over"))

    def handle(self, command: object) -> None:
        """Nobody commands operators."""

    def unanswered(self, command: object) -> None:
        """Nobody commands operators."""

    def resync(self) -> None:
        """What they decided and nobody heard is said again by the link."""

    def _decide(self, event: ev.SolverEvent) -> None:
        self.decisions += 1
        self._link.tell(event, subject="desk")

    def _value_points(self) -> None:
        self._decide(ev.PriceStated(operator=_NAME, reason="bought at", asset=POINTS, price=ATOMS))

    def _look_around(self) -> None:
        self._scheduler.after(_ROUND, self._look_around)
        engine = self._core.engine
        if not self._core.up or self._link.knows("desk") or not isinstance(engine, SolverEngine):
            return
        self._retry_settlements(engine)
        self._write_off(engine)
        self._check_orders(engine)
        self._restart_payouts(engine)

    def _restart_payouts(self, engine: SolverEngine) -> None:
        for payout in engine.state.payouts.values():
            if payout.stage == "FAILED":
                self._bridge.returned.pop(payout.transfer_id, None)
                self._decide(ev.PayoutRestarted(operator=_NAME, reason="it came back", payout_id=payout.payout_id))

    def _retry_settlements(self, engine: SolverEngine) -> None:
        most = engine.state.config.settlement_attempts
        for order_id in sorted(engine.state.open_orders):
            order = engine.state.orders[order_id]
            given_up = order.state in _SETTLING and order.retry_at and order.invoice_attempts >= most
            waiting = order.settle_command or order.vetoed
            if given_up and not waiting and order.retry_at <= self._scheduler.now - _REACTION:
                self._decide(ev.SettlementRetried(operator=_NAME, reason="gas was topped up", order_id=order_id))

    def _write_off(self, engine: SolverEngine) -> None:
        for transfer_id, amount in list(self._bridge.returned.items()):
            transfer = engine.state.transfers.get(transfer_id)
            if transfer is None:
                continue
            if transfer.last is TransferState.REFUNDED and transfer.stage == "MOVING":
                self._decide(ev.TransferWrittenOff(operator=_NAME, reason="it came back", transfer_id=transfer_id))
            elif transfer.stage == "WRITTEN_OFF" and transfer_id not in self._collected:
                self._collect(transfer_id, amount)

    def _collect(self, transfer_id: str, amount: int) -> None:
        """The refund goes to the keeper's wallet, and is booked there."""
        self._collected.add(transfer_id)
        del self._bridge.returned[transfer_id]
        contracts = self._chain.contracts
        contracts.wallet += amount
        contracts.keeper.outside(f"claim:{transfer_id}", amount, now=self._scheduler.now)
        self._decide(
            ev.ClaimCollected(
                operator=_NAME,
                reason="refund of the route",
                place=f"keeper:{CHAIN}",
                asset=COLLATERAL,
                amount=amount,
                reference=transfer_id,
            )
        )

    def _check_orders(self, engine: SolverEngine) -> None:
        """A venue that answers needs no operator: an order that hangs was not asked about."""
        for name in sorted(engine.state.live_asset_orders):
            order = engine.state.asset_orders[name]
            age = self._scheduler.now - engine.state.batches[order.batch_id].opened_at
            if age > _LONG:
                raise Violation("HANGING", f"venue order {name} is {order.state} after {age // SECOND} s")
