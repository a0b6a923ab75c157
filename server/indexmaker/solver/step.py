"""One application of an event: the state it may change, its time, and what it says."""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Ledger, Movement
from indexmaker.solver.commands import Alert, IndexOrderReport, SolverCommand, SolverReport
from indexmaker.solver.state import AssetOrder, Batch, Index, IndexOrder, SolverState, Waiting
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side

__all__ = ["Step"]

_TRADING = (
    OrderState.PENDING_COLLATERAL,
    OrderState.PENDING_TOKENS,
    OrderState.ROUTING,
    OrderState.READY,
    OrderState.ENGAGED,
)


class Step:
    """Passed through the handlers of one event; `outputs` is what the engine returns."""

    def __init__(self, state: SolverState, ledger: Ledger, *, sequence: int, at: int) -> None:
        self.state = state
        self.ledger = ledger
        self.sequence = sequence
        self.at = at
        self.outputs: list[SolverCommand | SolverReport] = []

    def send(self, command: SolverCommand) -> None:
        """Say a command and keep it in the outbox until confirmed; one that is there already is not said
        again.
        """
        if self.await_answer(command):
            self.outputs.append(command)

    def await_answer(self, command: SolverCommand) -> bool:
        """Keep a command for after a restart without saying it now; False when it is there already."""
        if command.command_id in self.state.outbox:
            return False
        self.state.commands += 1
        self.state.outbox[command.command_id] = Waiting(number=self.state.commands, command=command)
        return True

    def confirm(self, command_id: str) -> None:
        """The command was answered."""
        self.state.outbox.pop(command_id, None)

    def waiting(self, command_id: str) -> SolverCommand | None:
        """The command of this id, while it waits for its answer."""
        waiting = self.state.outbox.get(command_id)
        return waiting.command if waiting is not None else None

    def report(self, report: SolverReport) -> None:
        """Say a report."""
        self.outputs.append(report)

    def alert(self, kind: str, subject: str, text: str, *orders: str, age_ns: int = 0) -> None:
        """Say something to a person."""
        self.report(Alert(kind=kind, subject=subject, text=text, order_ids=orders, age_ns=age_ns, at=self.at))

    def name(self, prefix: str, *parts: object) -> str:
        """An id that only this event can make."""
        return derived_id(prefix, self.sequence, *parts)

    def post(self, *movements: Movement) -> None:
        """Post movements together."""
        self.ledger.post(Movement.of(movements))

    def index_of(self, order: IndexOrder) -> Index:
        """The index of an order that passed the door."""
        return self.state.indices[order.index]

    def enter(self, order: IndexOrder, state: OrderState) -> None:
        """Put an order into a state and start its age."""
        order.state = state
        if state.final:
            self.state.open_orders.discard(order.order_id)
        else:
            self.state.open_orders.add(order.order_id)
        order.state_since = self.at
        order.stuck_told = False

    def tell(
        self,
        order: IndexOrder,
        exec_type: ExecType,
        *,
        reason: RejectReason = RejectReason.NONE,
        text: str = "",
        last_units: int = 0,
        last_value: int = 0,
        amend_id: str = "",
    ) -> IndexOrderReport:
        """Report an order as it is now."""
        invoice = order.invoice
        paid = order.redemption
        report = IndexOrderReport(
            order_id=order.order_id,
            account=order.account,
            client_order_id=order.client_order_id,
            index=order.index,
            side=order.side,
            exec_type=exec_type,
            state=order.state,
            amount=order.amount,
            spent=order.spent,
            leaves=_leaves(order),
            units=order.units,
            last_units=last_units,
            last_value=last_value,
            fees=invoice.fee if invoice else paid.fee if paid else order.routing_fee,
            refund=invoice.refund if invoice else 0,
            proceeds=order.proceeds,
            paid=paid.paid if paid else 0,
            returned=paid.returned if paid else 0,
            reason=reason,
            text=text,
            tx_hash=order.settle_tx,
            amend_id=amend_id,
            at=self.at,
        )
        self.report(report)
        return report

    def orders_in(self, *states: OrderState) -> list[IndexOrder]:
        """Orders in these (not final) states, oldest first."""
        orders = self.state.orders
        found = [order for order_id in self.state.open_orders if (order := orders[order_id]).state in states]
        return sorted(found, key=lambda order: order.sequence)

    def batches_open(self) -> list[Batch]:
        """Batches that are not closed, oldest first."""
        found = [self.state.batches[batch_id] for batch_id in self.state.open_batches]
        return sorted(found, key=lambda batch: (batch.sequence, batch.batch_id))

    def asset_orders_live(self) -> list[AssetOrder]:
        """Venue orders of which more is expected, by name."""
        return [self.state.asset_orders[name] for name in sorted(self.state.live_asset_orders)]


def _leaves(order: IndexOrder) -> int:
    """Collateral that may still be spent; of a sell, units that may still be sold."""
    if order.state not in _TRADING:
        return 0
    return max(0, (order.tradable or order.amount) - (order.units if order.side is Side.SELL else order.spent))
