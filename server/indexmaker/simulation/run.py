"""One run: actions until enough steps were made, then peace until everything has ended, then the last comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from indexmaker.money import format_atoms
from indexmaker.runtime import Engine, Entry
from indexmaker.simulation.actions import Action
from indexmaker.simulation.gate import RequestState
from indexmaker.simulation.listings import SECOND
from indexmaker.simulation.violation import Violation
from indexmaker.simulation.world import START, World
from indexmaker.solver import SolverEngine

__all__ = ["Run"]

_PATIENCE = 3 * 3600 * SECOND
"""How long everything may take to end once nothing goes wrong any more."""
_WHOLE_UP_TO = 50_000
"""Steps up to which the whole journal is kept, to be replayed from the start."""

_LAST = 12
_LONGEST_LINE = 220

Watch = Callable[[int], None]


class Run:
    """A run of at least `steps` events with the actions given, which are recorded."""

    def __init__(
        self,
        seed: int,
        actions: Iterable[Action],
        *,
        steps: int,
        factory: Callable[[], Engine[Any, Any]] = SolverEngine,
        strategy: str = "water-filling",
        snapshot_every: int = 1_000,
        check_every: int = 20_000,
        whole_journal: bool | None = None,
    ) -> None:
        self._actions: Iterator[Action] = iter(actions)
        self._steps = steps
        self._check_every = check_every
        self.performed: list[Action] = []
        self.violation: Violation | None = None
        self.world = World(
            seed,
            factory=factory,
            strategy=strategy,
            whole_journal=steps <= _WHOLE_UP_TO if whole_journal is None else whole_journal,
            snapshot_every=snapshot_every,
        )

    @property
    def last_events(self) -> list[str]:
        """The newest journaled events, a line each."""
        return [_line(entry) for entry in self.world.core.journal.tail(_LAST)]

    def execute(self, watch: Watch | None = None) -> Violation | None:
        """Run to the end; the violation that ended it, if one did. `watch` hears of the steps now and then."""
        try:
            self._act(watch)
            self._end(watch)
        except Violation as violation:
            self.violation = violation
        return self.violation

    def _act(self, watch: Watch | None) -> None:
        world, scheduler = self.world, self.world.scheduler
        checked = told = 0
        for action in self._actions:
            due = START + action.at
            while (next_at := scheduler.next_at) is not None and next_at <= due:
                scheduler.run_next()
            scheduler.now = max(scheduler.now, due)
            self.performed.append(action)
            world.perform(action)
            steps = world.core.steps
            if watch is not None and steps - told >= 1_000:
                told = steps
                watch(steps)
            if steps - checked >= self._check_every and world.core.up:
                checked = steps
                world.core.check_replay()
            if steps >= self._steps:
                return

    def _end(self, watch: Watch | None) -> None:
        world, scheduler = self.world, self.world.scheduler
        world.calm()
        give_up = scheduler.now + _PATIENCE
        told = world.core.steps
        while not self._over():
            if scheduler.now > give_up:
                raise Violation("NOT_ENDED", self._what_is_open())
            scheduler.run_next()
            if watch is not None and world.core.steps - told >= 1_000:
                told = world.core.steps
                watch(told)
        self._take_everything_back()
        world.core.check_replay()
        world.books.check_end(world.engine)
        world.trades.check_end(world.engine)

    def _over(self) -> bool:
        world, state = self.world, self.world.engine.state
        if state.open_orders or state.open_batches or state.live_asset_orders or state.outbox:
            return False
        quiet = world.chain.quiet and world.bridge.quiet and world.venue.quiet and not world.bridge.returned
        return world.core.up and quiet and all(link.quiet for link in world.links.values())

    def _take_everything_back(self) -> None:
        """Users take back what no order used; then the gates are empty."""
        world, scheduler = self.world, self.world.scheduler
        for number, request in world.chain.requests.items():
            if request.state is RequestState.PENDING:
                world.chain.cancel(number)
        calm_at = scheduler.now + 60 * SECOND
        while scheduler.now < calm_at or not self._over():
            if scheduler.now > calm_at + _PATIENCE:
                raise Violation("NOT_ENDED", self._what_is_open())
            scheduler.run_next()

    def _what_is_open(self) -> str:
        engine, world = self.world.engine, self.world
        parts = []
        for order_id in sorted(engine.state.open_orders)[:3]:
            order = engine.state.orders[order_id]
            age = (world.scheduler.now - order.state_since) // SECOND
            parts.append(
                f"order {order_id} ({order.side}) is {order.state} for {age} s, {format_atoms(order.units)} units"
            )
        parts += [f"batch {one}" for one in sorted(engine.state.open_batches)[:3]]
        parts += [f"venue order {one}" for one in sorted(engine.state.live_asset_orders)[:3]]
        parts += [f"command {type(one).__name__} {one.command_id}" for one in list(engine.pending())[:3]]
        parts += [f"link {name}" for name, link in world.links.items() if not link.quiet]
        for name, quiet in (("chain", world.chain.quiet), ("bridge", world.bridge.quiet), ("venue", world.venue.quiet)):
            if not quiet:
                parts.append(name)
        return "still open: " + ", ".join(parts)


def _line(entry: Entry) -> str:
    text = entry.payload.decode()
    if len(text) > _LONGEST_LINE:
        text = text[:_LONGEST_LINE] + " ..."
    return f"{entry.sequence:>7} {(entry.at - START) / SECOND:>12.3f}s {text}"
