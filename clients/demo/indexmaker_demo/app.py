"""`indexmaker demo`."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import sys
import tempfile
from pathlib import Path

from cyclopts import App
from rich.console import Console

from indexmaker.config import ConfigurationFault
from indexmaker.connectors.errors import PluginError
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker_demo.files import DemoFiles
from indexmaker_demo.progress import Progress
from indexmaker_demo.report import print_checks, print_invoice, print_orders
from indexmaker_demo.run import Demo, Outcome
from indexmaker_evm.devnet.errors import DevnetError

__all__ = ["app"]

_EXPECTED = (PluginError, ConfigurationFault, DevnetError, TimeoutError)
"""Errors whose message says all; anything else is a defect and shows its traceback."""

_FILE_WIDTH = 140
"""Columns in a file or a pipe, where nothing need be cut."""

app = App(name="demo", help="Run the whole system on this machine, from deposit to mint and back.")


@app.default
def demo(
    *,
    report: Path | None = None,
    folder: Path | None = None,
    keep: bool = False,
    seed: int = 7,
    also_kill: tuple[str, ...] = (),
    stay: bool = False,
) -> int:
    """Start two local chains, a venue, the core, five plugins; deposit, order, crash, recover, mint, sell; check all.

    Takes about a minute. Exit code 0 only if every check holds; 1 if one does not, 2 if it could not be run.

    Parameters
    ----------
    report
        File to write what happened to, as JSON.
    folder
        Where to work; otherwise a temporary folder, which is removed if all went well.
    keep
        Do not remove the temporary folder.
    seed
        Seed of the market makers.
    also_kill
        A plugin to kill too while the orders are under way, such as across. May be repeated.
    stay
        Keep everything running after the sale, for commands in another terminal; Ctrl-C goes on with the checks.
    """
    console = Console(width=None if sys.stdout.isatty() else _FILE_WIDTH)
    if folder is not None and folder.exists() and any(folder.iterdir()):
        console.print(f"[red]{folder} is not empty: choose a new folder, or remove it[/]", highlight=False)
        return 2
    root = folder or Path(tempfile.mkdtemp(prefix="indexmaker-"))
    files = DemoFiles(root.absolute())
    progress = Progress(console)
    root.mkdir(parents=True, exist_ok=True)
    with files.log.open("w") as log:
        configure_plugin_logging(plugin="demo", instance_id="demo", level=logging.INFO, stream=log)
        try:
            with progress.shown():
                outcome = asyncio.run(Demo(files, progress, seed=seed, also_kill=also_kill, stay=stay).run())
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130
        except (BaseExceptionGroup, *_EXPECTED) as failure:
            causes = _leaves(failure)
            if not all(isinstance(cause, _EXPECTED) for cause in causes):
                raise
            for cause in causes:
                console.print(f"[red]{cause or 'it took too long'}[/]", highlight=False)
            console.print(f"everything that was logged: {files.log}", highlight=False)
            return 2
    kept = keep or folder is not None or not outcome.report["ok"]
    _show(console, outcome, files, kept=kept)
    if report is not None:
        report.write_text(json.dumps(outcome.report, indent=1) + "\n")
        console.print(f"report: {report}", highlight=False)
    if not kept:
        shutil.rmtree(root)
    return 0 if outcome.report["ok"] else 1


def _show(console: Console, outcome: Outcome, files: DemoFiles, *, kept: bool) -> None:
    print_orders(console, outcome.report["orders"])
    for invoice in outcome.shown:
        print_invoice(console, invoice)
    print_checks(console, outcome.checks)
    if kept:
        console.print(f"files: {files.root}; log: {files.log}", highlight=False)
    else:
        console.print("the files were removed; --keep or --folder keeps them", highlight=False)
    console.print("next: docs/tutorial/first-order.md, README.md for your own configuration", highlight=False)


def _leaves(failure: BaseException) -> list[BaseException]:
    if not isinstance(failure, BaseExceptionGroup):
        return [failure]
    return [leaf for one in failure.exceptions for leaf in _leaves(one)]


if __name__ == "__main__":
    sys.exit(app())
