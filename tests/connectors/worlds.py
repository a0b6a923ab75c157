"""A supervisor with real child processes, for the tests."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path

from indexmaker.connectors.lifecycle import Policy
from indexmaker.connectors.specs import ProcessSpec, plugin_process
from indexmaker.connectors.supervisor import Supervisor

TESTS = Path(__file__).parent.parent
MS = 10**6
QUICK = Policy(backoff_first=MS, backoff_cap=20 * MS, stop_grace=5_000 * MS)


def toy(name="toy", *, policy=QUICK, requires=(), env=None, **configuration):
    return plugin_process(
        name,
        plugin="connectors.toy:Toy",
        configuration=configuration,
        policy=policy,
        requires=requires,
        env={"PYTHONPATH": str(TESTS), **(env or {})},
    )


def script(name, code, *, policy=QUICK, **more):
    return ProcessSpec(name=name, kind="service", argv=(sys.executable, "-S", "-c", code), policy=policy, **more)


@asynccontextmanager
async def world(*specs, **options):
    """A running supervisor with the list of all its news; stopped in order at the end."""
    with tempfile.TemporaryDirectory(prefix="im-") as scratch:
        root = Path(scratch)
        supervisor = Supervisor(specs, run_dir=root / "run", data_root=root / "data", probe_interval=0.05, **options)
        news = []
        supervisor.subscribe(news.append)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(supervisor.run())
            try:
                async with asyncio.timeout(30):
                    yield supervisor, news
            finally:
                supervisor.stop()
                await running


async def happened(supervisor, predicate):
    """The first news that fits, from now on; call `create_task` on it before the cause."""
    async for event in supervisor.events():
        if predicate(event):
            return event
    raise AssertionError("the supervisor stopped")
