"""`indexmaker solver`: the core process."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from pathlib import Path

import uvloop
from cyclopts import App

from indexmaker.config import ConfigurationFault, load_settings
from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.logging import configure_plugin_logging

__all__ = ["app"]

app = App(name="solver", help="The core: takes index orders, makes batches, mints.")


@app.command
def serve(*, config: Path = Path("indexmaker.toml")) -> int:
    """Serve the solver until SIGTERM; prints one JSON line when clients may come.

    The plugins must be running, or come up, at their sockets in the run directory; `indexmaker up` starts everything.

    Parameters
    ----------
    config
        The configuration file.
    """
    from indexmaker.services.solver.process import SolverProcess

    configure_plugin_logging(plugin="core", instance_id=uuid.uuid4().hex)
    try:
        settings = load_settings(config)
        process = SolverProcess(settings, announce=lambda facts: print(json.dumps(facts), flush=True))
    except (ConfigurationFault, ConfigurationError) as fault:
        print(fault, file=sys.stderr)
        return 2
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(process.run())
    return 0
