"""`indexmaker bench`: speed on this machine, as ratios against a named peer of the same run."""

from __future__ import annotations

import json as jsonlib
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec
import structlog
from cyclopts import App
from rich.console import Console
from rich.table import Table

from indexmaker.bench.figures import Figure
from indexmaker.cli.client_options import Json

__all__ = ["app"]

app = App(
    name="bench",
    help="""Measure speed on this machine.

    Figures of different machines cannot be compared; the ratios, against a peer measured in the same run, can.
    """,
)

What = Literal["allocation", "core", "intake", "growth"]


@app.command
def solver(*, what: tuple[What, ...] = (), quick: bool = False, json: Json = False) -> int:
    """Measure the solver: allocation, fills, replay, orders through gRPC, memory, and how they grow.

    Parameters
    ----------
    what
        Parts to measure; all when left out. May be repeated.
    quick
        Smaller sizes: half a minute instead of several.
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    from indexmaker.bench.solver_allocation import allocation_figures
    from indexmaker.bench.solver_core import batch_figures, growth_figures
    from indexmaker.bench.solver_intake import intake_figures

    sizes = (100, 1_000) if quick else (100, 1_000, 10_000)
    parts: dict[str, Callable[[], Iterable[Figure]]] = {
        "allocation": lambda: allocation_figures((*sizes, *(() if quick else (100_000,)))),
        "core": batch_figures,
        "intake": lambda: intake_figures(orders=500 if quick else 4_000),
        "growth": lambda: growth_figures(sizes=sizes),
    }
    figures: list[Figure] = []
    names: tuple[str, ...] = what or tuple(parts)
    for name in names:
        print(f"measuring {name} …", file=sys.stderr)
        figures += parts[name]()
    _print(figures, json=json)
    return 0


def _print(figures: list[Figure], *, json: bool) -> None:
    if json:
        print(jsonlib.dumps({"figures": [msgspec.to_builtins(figure) for figure in figures]}, indent=1))
        return
    table = Table(title="Figures of this run")
    for column in ("what", "value", "unit", "times", "peer"):
        table.add_column(column, justify="right" if column in ("value", "times") else "left")
    for figure in figures:
        ratio = f"{figure.ratio:.3g}" if figure.peer else ""
        table.add_row(figure.name, f"{figure.value:,.1f}", figure.unit, ratio, figure.peer)
    Console().print(table)
