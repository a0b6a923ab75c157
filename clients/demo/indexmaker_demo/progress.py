"""What a person sees while the demonstration runs: stages with facts, and one line for each order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

__all__ = ["Progress"]

_TOLD = ("ROUTING", "ENGAGED", "MINTED", "PAYOUT_ROUTING", "PAID")
"""States that are worth a line where there is no live view."""

_DONE, _NOW = "[green]✓[/]", "[yellow]…[/]"


class Progress:
    """Stages in order, each with the fact that ended it; in a terminal a live view, elsewhere plain lines."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._begun = time.monotonic()
        self._stages: list[tuple[str, str, str]] = []
        self._orders: dict[str, tuple[str, str, str, str]] = {}

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the live view while the body runs."""
        if not self._console.is_terminal:
            yield
            return
        with Live(self._render(), console=self._console, refresh_per_second=8) as live:
            self._live = live
            try:
                yield
            finally:
                live.update(self._render())
                self._live = None

    def begin(self, stage: str) -> None:
        """A stage begins."""
        self._stages.append((_NOW, stage, ""))
        self._refresh()

    def end(self, fact: str) -> None:
        """The last stage ended with this fact."""
        _, stage, _ = self._stages.pop()
        self._note(_DONE, stage, fact)

    def fact(self, fact: str) -> None:
        """Something worth knowing within the stage that runs."""
        running = self._stages.pop() if self._stages and self._stages[-1][0] == _NOW else None
        self._note("[cyan]·[/]", fact, "")
        if running:
            self._stages.append(running)
            self._refresh()

    def order(self, name: str, *, what: str, state: str, units: str, tx_hash: str) -> None:
        """Where an order is now; units and hash are cut for people."""
        known = self._orders.get(name)
        whole, _, fraction = units.partition(".")
        shown = f"{whole}.{fraction[:6]}" if fraction else whole
        self._orders[name] = (what, state, shown, f"{tx_hash[:10]}…" if tx_hash else "")
        if self._live is None and state in _TOLD and (known is None or known[1] != state):
            self._line(f"  {self._elapsed()}  {name}: {state} {shown}")
        self._refresh()

    def _note(self, mark: str, stage: str, fact: str) -> None:
        told = f"{self._elapsed()}  {stage}"
        self._stages.append((mark, told, fact))
        if self._live is None:
            self._line(f"{mark} {told}" + (f": {fact}" if fact else ""))
        self._refresh()

    def _line(self, text: str) -> None:
        self._console.print(text, highlight=False, soft_wrap=True)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._begun:5.1f} s"

    def _refresh(self) -> None:
        if self._live is not None:
            self._live.update(self._render())

    def _render(self) -> RenderableType:
        stages = Table.grid(padding=(0, 1))
        for mark, stage, fact in self._stages:
            stages.add_row(mark, stage, Text.from_markup(fact))
        if not self._orders:
            return stages
        orders = Table("order", "what", "state", "index tokens", "transaction", box=None, padding=(0, 2, 0, 0))
        for name, row in sorted(self._orders.items()):
            orders.add_row(name, *row)
        return Group(stages, "", orders)
