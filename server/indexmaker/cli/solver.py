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
from indexmaker.connectors.host import EXIT_UNUSABLE
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker.runtime import LeaseHeldError
from indexmaker.storage import StorageError

__all__ = ["EXIT_BUSY", "app"]

EXIT_BUSY = 75
"""Another core works on this journal, or its database cannot be used: this may pass."""

app = App(name="solver", help="The core: takes index orders, makes batches, mints.")


@app.command
def serve(*, config: Path = Path("indexmaker.toml")) -> int:
    """Serve the solver until SIGTERM; prints one JSON line when clients may come.

    The plugins must be running, or come up, at their sockets in the run directory; `indexmaker up` starts everything.
    Exit codes: 0 stopped on request, 1 failed, 75 another core runs or the database cannot be used, 78 the
    configuration must be mended.

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
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(process.run())
    except ConfigurationFault as fault:
        print(fault, file=sys.stderr)
        return EXIT_UNUSABLE
    except (LeaseHeldError, StorageError) as fault:
        print(fault, file=sys.stderr)
        return EXIT_BUSY
    return 0
