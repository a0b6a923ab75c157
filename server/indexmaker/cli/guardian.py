"""`indexmaker guardian`: the process that recomputes and signs invoices."""

from __future__ import annotations

import asyncio
import json
import sys
import uuid
from pathlib import Path

import uvloop
from cyclopts import App

from indexmaker.config import ConfigurationFault, load_settings
from indexmaker.connectors.errors import DataDirBusyError
from indexmaker.connectors.host import EXIT_UNUSABLE
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker.runtime import RuntimeFault
from indexmaker.storage import StorageError

__all__ = ["app"]

_EXIT_FAILED = 1
_EXIT_BUSY = 75

app = App(name="guardian", help="The guardian: recomputes invoices independently and signs what is right.")


@app.command
def serve(*, config: Path = Path("indexmaker.toml")) -> int:
    """Serve the guardian until SIGTERM; prints one JSON line when it can be asked.

    It reads the journal's database without ever writing to it, and speaks to the plugins on connections of its own.
    Exit codes: 0 stopped on request, 1 the journal contradicts itself, 75 another guardian works in its data directory
    or the database cannot be used, 78 the configuration must be mended.

    Parameters
    ----------
    config
        The configuration file, the same as the core's; the core needs no access to the guardian's key.
    """
    from indexmaker.services.guardian.process import GuardianProcess

    configure_plugin_logging(plugin="guardian", instance_id=uuid.uuid4().hex)
    try:
        settings = load_settings(config)
        process = GuardianProcess(settings, announce=lambda facts: print(json.dumps(facts), flush=True))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(process.run())
    except ConfigurationFault as fault:
        print(fault, file=sys.stderr)
        return EXIT_UNUSABLE
    except (DataDirBusyError, StorageError) as fault:
        print(fault, file=sys.stderr)
        return _EXIT_BUSY
    except RuntimeFault as fault:
        print(fault, file=sys.stderr)
        return _EXIT_FAILED
    return 0
