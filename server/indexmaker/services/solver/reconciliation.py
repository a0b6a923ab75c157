"""Comparing the ledger with what venues and chains say, now and then and when asked.

The outside is read between two looks at the ledger, so what happens meanwhile is within the range of both. What is
still unexplained is looked at again, since a venue may tell its balance before it tells the trade; only what stays
unexplained is reported, and halts trading.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

import structlog

from indexmaker.connectors.errors import ConnectorError
from indexmaker.runtime import Sequencer, SequencerStoppedError
from indexmaker.services.solver.submitting import SolverOutput
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import PositionsCompared, SolverEvent
from indexmaker.solver.reconciliation import Expected, expected_positions, judge
from indexmaker.solver.vocabulary import PositionCheck, PositionStatus

__all__ = ["Comparison", "Holdings", "Reconciler", "Source"]

_log = structlog.get_logger(__name__)

Holdings = Mapping[str, int]
"""Asset to what there is of it, in atoms."""

Source = Callable[[], Awaitable[Holdings]]
"""Asks the outside about one place; raises `ConnectorError` when it cannot be asked."""

_LOOKS = 4
"""Times that a difference is looked at before it counts as unexplained."""
_PAUSE = 1.0
"""Seconds between two looks."""


class Comparison(NamedTuple):
    """What one comparison found; `unasked` are places that could not be asked, with the reason."""

    sequence: int
    checks: tuple[PositionCheck, ...]
    unasked: tuple[str, ...]


class Reconciler:
    """Compares every `interval` seconds while it runs. `sources` gives the places that can be asked at the moment."""

    def __init__(
        self,
        engine: SolverEngine,
        sequencer: Sequencer[SolverEvent, SolverOutput],
        *,
        sources: Callable[[], Mapping[str, Source]],
        interval: float,
        pause: float = _PAUSE,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._sources = sources
        self._interval = interval
        self._pause = pause
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Compare now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._interval)
            found = await self.compare()
            if found.unasked:
                _log.warning("reconciliation_incomplete", unasked=found.unasked)

    async def compare(self) -> Comparison:
        """Compare all that can be asked; a new finding is journaled."""
        async with self._turn:
            asked = dict(self._sources())
            settled: dict[tuple[str, str], PositionCheck] = {}
            unexplained: set[tuple[str, str]] = set()
            unasked: dict[str, str] = {}
            for look in range(_LOOKS):
                if look:
                    await asyncio.sleep(self._pause)
                found = await self._look(asked, unasked)
                settled |= {key: check for key, check in found.items() if not look or key in unexplained}
                unexplained = {k for k, check in settled.items() if check.status is PositionStatus.UNEXPLAINED}
                if not unexplained:
                    break
                asked = {place: asked[place] for place in sorted({place for place, _ in unexplained})}
            result = tuple(settled[key] for key in sorted(settled))
            await self._journal(result)
            reasons = tuple(f"{place}: {reason}" for place, reason in sorted(unasked.items()))
            return Comparison(self._sequencer.sequence, result, reasons)

    async def _look(
        self, sources: Mapping[str, Source], unasked: dict[str, str]
    ) -> dict[tuple[str, str], PositionCheck]:
        before = self._expected()
        answers: dict[str, Holdings] = {}
        for place, source in sources.items():
            try:
                answers[place] = await source()
                unasked.pop(place, None)
            except ConnectorError as error:
                unasked[place] = error.message
        after = self._expected()
        checks: dict[tuple[str, str], PositionCheck] = {}
        for place, holdings in answers.items():
            whole = place.startswith("venue:")  # of a chain, only the tokens that were asked for are known
            known = {asset for at, asset in (*before, *after) if at == place} if whole else set()
            for asset in sorted({*holdings, *known}):
                nothing = Expected(place=place, asset=asset, amount=0)
                first, second = before.get((place, asset), nothing), after.get((place, asset), nothing)
                checks[place, asset] = judge(_both(first, second), holdings.get(asset, 0))
        return checks

    def _expected(self) -> dict[tuple[str, str], Expected]:
        positions = expected_positions(self._engine.state, self._engine.ledger)
        return {(one.place, one.asset): one for one in positions}

    async def _journal(self, checks: tuple[PositionCheck, ...]) -> None:
        """An equal finding again is nothing new."""
        known = self._engine.state.reconciliation
        differences = tuple(check for check in checks if check.status is not PositionStatus.MATCHED)
        unexplained = [check for check in differences if check.status is PositionStatus.UNEXPLAINED]
        if known is not None and not unexplained and not known.differences:
            return
        if known is not None and known.differences == differences and self._engine.state.halted:
            return
        try:
            await self._sequencer.submit(PositionsCompared(sequence=self._sequencer.sequence, checks=checks))
        except SequencerStoppedError:
            _log.info("reconciliation_not_journaled", reason="the core is ending")


def _both(first: Expected, second: Expected) -> Expected:
    """The range of both looks, about the amount of the second."""
    lowest = min(first.amount - first.less, second.amount - second.less)
    highest = max(first.amount + first.more, second.amount + second.more)
    return Expected(
        place=second.place,
        asset=second.asset,
        amount=second.amount,
        less=second.amount - lowest,
        more=highest - second.amount,
        explanation=second.explanation or first.explanation or "events between two looks",
    )
