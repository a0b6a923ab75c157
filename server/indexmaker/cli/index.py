"""`indexmaker index`: indices."""

from __future__ import annotations

from cyclopts import App

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="index", help="Indices: what one token holds, limits and fees.")


@app.command(name="list")
def list_(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List all indices."""

    async def work(client: Client) -> int:
        indices = await client.indices()
        if json:
            print_json(indices)
        else:
            columns = ("index", "name", "assets", "chain", "token", "state")
            print_table(columns, [_row(index) for index in indices])
        return 0

    return run_client(core, work)


@app.command
def show(symbol: str, *, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Show an index with its basket.

    Parameters
    ----------
    symbol
        Such as TOP20.
    """

    async def work(client: Client) -> int:
        index = await client.index(symbol)
        if json:
            print_json([index])
        else:
            print_table(("asset", f"in one {index.symbol}"), [(c.asset, c.quantity) for c in index.constituents])
        return 0

    return run_client(core, work)


def _row(index: pb.Index) -> tuple[str, ...]:
    state = pb.IndexState.Name(index.state).removeprefix("INDEX_STATE_")
    return index.symbol, index.name, str(len(index.constituents)), str(index.chain_id), index.token, state
