"""The solver as an engine: events in, commands and reports out, the whole state in and out as bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from indexmaker.ledger import Ledger, LedgerState
from indexmaker.solver import events as ev
from indexmaker.solver.commands import SolverCommand, SolverReport
from indexmaker.solver.errors import StateError
from indexmaker.solver.handlers.orders import order_id_of
from indexmaker.solver.handlers.rebalancing import wanted_assets
from indexmaker.solver.handlers.table import HANDLERS
from indexmaker.solver.house_work import house_assets
from indexmaker.solver.state import Index, IndexOrder, SolverState
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import OrderState

__all__ = ["SolverEngine"]


class _Dump(msgspec.Struct):
    version: int
    state: SolverState
    ledger: LedgerState


class SolverEngine:
    """Deterministic: the same events at the same times give the same state and the same outputs."""

    name = "solver"
    schema_version = 1
    event_type: Any = ev.SolverEvent

    def __init__(self) -> None:
        self._state = SolverState()
        self._ledger = Ledger()

    @property
    def state(self) -> SolverState:
        """Everything but the ledger, to be read only."""
        return self._state

    @property
    def ledger(self) -> Ledger:
        """The books, to be read only."""
        return self._ledger

    def apply(self, event: ev.SolverEvent, *, sequence: int, at: int) -> Sequence[SolverCommand | SolverReport]:
        """Change the state by one event that happened at `at` (UTC ns); odd input is answered, never raised."""
        step = Step(self._state, self._ledger, sequence=sequence, at=at)
        handler = HANDLERS.get(type(event))
        if handler is not None:
            handler(step, event)
        return step.outputs

    def pending(self) -> Sequence[SolverCommand]:
        """Commands not answered yet, oldest first; after a restart they are sent again as they are."""
        waiting = sorted(self._state.outbox.values(), key=lambda one: one.number)
        return tuple(one.command for one in waiting)

    def dump(self) -> bytes:
        """The state as canonical JSON: equal states, equal bytes."""
        dump = _Dump(version=self.schema_version, state=self._state, ledger=self._ledger.state())
        return msgspec.json.encode(dump, order="deterministic")

    def load(self, data: bytes) -> None:
        """Take over a dumped state.

        Raises:
            StateError: the bytes are not a dump of this version.
        """
        try:
            dump = msgspec.json.decode(data, type=_Dump)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise StateError(f"the snapshot cannot be read ({error}): replay the journal instead") from error
        if dump.version != self.schema_version:
            raise StateError(f"snapshot version {dump.version}, wanted {self.schema_version}: replay the journal")
        self._state = dump.state
        self._ledger = Ledger(dump.ledger)

    def wanted_books(self) -> tuple[tuple[str, str], ...]:
        """(venue, symbol) of the books that a `BatchSolve` needs now; empty when nothing waits for a batch."""
        wanted: set[tuple[str, str]] = set()
        for order_id in self._state.open_orders:
            order = self._state.orders[order_id]
            if order.state is OrderState.READY:
                index = self._state.indices[order.index]
                quantities = order.quantities if order.units else index.quantities
                wanted.update(self._symbols(index, {asset for asset, _ in quantities}))
        for index in self._state.indices.values():
            wanted.update(self._symbols(index, wanted_assets(self._state.rebalances, index)))
        for demand in self._state.demands.values():
            if not demand.ended:
                wanted.update(self._symbols(self._state.indices[demand.index], {demand.asset}))
        wanted.update((rules.venue, rules.symbol) for rules in house_assets(self._state))
        return tuple(sorted(wanted))

    def _symbols(self, index: Index, assets: set[str]) -> set[tuple[str, str]]:
        return {
            (i.venue, i.symbol)
            for i in self._state.instruments.values()
            if i.quote == index.collateral and i.base in assets
        }

    def order(self, account: str, client_order_id: str) -> IndexOrder | None:
        """A client's order, to be read only."""
        return self._state.orders.get(order_id_of(account, client_order_id))

    def indices(self) -> tuple[Index, ...]:
        """All indices by symbol, to be read only."""
        return tuple(index for _, index in sorted(self._state.indices.items()))
