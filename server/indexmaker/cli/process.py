"""`indexmaker process`: processes under the supervisor."""

from __future__ import annotations

from cyclopts import App

from indexmaker.api.connector.v1 import connector_pb2
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="process", help="Processes under the supervisor.")


@app.command(name="list")
def list_(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List processes with their state and restarts."""

    async def work(client: Client) -> int:
        found = await client.processes()
        if json:
            print_json(found)
        else:
            rows = [
                (
                    one.name,
                    one.kind,
                    str(one.pid or ""),
                    connector_pb2.State.Name(one.state).removeprefix("STATE_"),
                    str(one.restarts),
                    one.reason,
                )
                for one in found
            ]
            print_table(("process", "kind", "pid", "state", "restarts", "reason"), rows)
        return 0

    return run_client(core, work)


@app.command
def restart(name: str, *, core: Core = "unix:run/core.sock") -> int:
    """Restart a process in an orderly way.

    Parameters
    ----------
    name
        As `process list` shows it.
    """

    async def work(client: Client) -> int:
        process = await client.restart_process(name)
        print(f"{process.name}: {connector_pb2.State.Name(process.state).removeprefix('STATE_')}")
        return 0

    return run_client(core, work)
