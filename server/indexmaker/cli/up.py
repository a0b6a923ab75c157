"""`indexmaker up`: the processes of a configuration, kept running."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import uuid
from contextlib import ExitStack
from pathlib import Path

import uvloop
from cyclopts import App

from indexmaker.config import ConfigurationFault, Settings, load_settings
from indexmaker.connectors.errors import PluginError, ProcessFailedError
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker.connectors.run_lock import run_lock
from indexmaker.connectors.supervision_service import serve_supervision
from indexmaker.connectors.supervisor import Supervisor
from indexmaker.services.system import CORE, system_processes

__all__ = ["app"]

app = App(name="up", help="Start the processes of a configuration and keep them running.")


@app.default
def up(*, config: Path = Path("indexmaker.toml")) -> int:
    """Start plugins and core in order, restart what dies, stop everything on Ctrl-C or SIGTERM.

    Prints one JSON line when the core takes orders; logs of all processes go to stderr as JSON lines.
    Exit codes: 0 stopped on request, 1 a process was given up, 2 the configuration cannot be used.

    Parameters
    ----------
    config
        The configuration file; docs/reference/configuration.md lists every key.
    """
    configure_plugin_logging(plugin="supervisor", instance_id=uuid.uuid4().hex)
    with ExitStack() as stack:
        try:
            settings = load_settings(config)
            stack.enter_context(run_lock(settings.run_directory))
            supervisor = Supervisor(
                system_processes(settings, configuration=config),
                run_dir=settings.run_directory,
                data_root=settings.run_directory / "data",
            )
        except (ConfigurationFault, PluginError) as fault:
            print(fault, file=sys.stderr)
            return 2
        runner = stack.enter_context(asyncio.Runner(loop_factory=uvloop.new_event_loop))
        return runner.run(_run(supervisor, settings))


async def _run(supervisor: Supervisor, settings: Settings) -> int:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervisor.stop)
    async with serve_supervision(supervisor), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(supervisor.run())
        starting = tasks.create_task(_announce(supervisor, settings))
        await running
        starting.cancel()
    return 1 if starting.done() and not starting.cancelled() and not starting.result() else 0


async def _announce(supervisor: Supervisor, settings: Settings) -> bool:
    """Say when all is ready; when a process was given up before that, say why and stop everything."""
    try:
        await supervisor.wait_ready()
    except ProcessFailedError as failure:
        print(failure, file=sys.stderr)
        supervisor.stop()
        return False
    print(json.dumps({"ready": True, "core": settings.socket(CORE)}), flush=True)
    return True
