"""`indexmaker devnet`: two local chains with the contracts."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cyclopts import App

__all__ = ["app"]

app = App(name="devnet", help="Two anvil chains (42161 and 8453) with the contracts, a relayer and funded accounts.")


@app.default
def devnet(*, run_dir: Path = Path("run/devnet"), indices: Path | None = None) -> None:
    """Start the development network and print one JSON line when it is ready; Ctrl-C ends it.

    The addresses and key files are written to `devnet.json` in the run directory.

    Parameters
    ----------
    run_dir
        Where keys and the manifest go; made private.
    indices
        JSON list of {"symbol", "name"}: the indices whose gates and tokens are deployed.
    """
    arguments = ["--run-dir", str(run_dir)]
    if indices is not None:
        arguments += ["--indices", str(indices)]
    os.execv(sys.executable, [sys.executable, "-m", "indexmaker_evm.devnet", *arguments])
