"""`indexmaker index`: indices and their values."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="index", help="Indices: what one token holds, its value, limits and fees.")
app.command("indexmaker.cli.index_create:create", name="create", help="Create an index as a TOML file defines it.")
app.command("indexmaker.cli.index_weights:app", name="weights", help="The curator's weights: set.")
app.command("indexmaker.cli.index_weights:delist", name="delist", help="Take an asset out of an index.")
app.command("indexmaker.cli.index_weights:rebalances", name="rebalances", help="List the changes of baskets.")
app.command("indexmaker.cli.index_limits:limits", name="limits", help="Show or set the bounds of an index.")

Watch = Annotated[bool, Parameter(name="--watch", help="Go on, whenever it changes; Ctrl-C ends it.", negative="")]


@app.command(name="list")
def list_(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List all indices, those that are being deployed included."""

    async def work(client: Client) -> int:
        indices = await client.indices()
        if json:
            print_json(indices)
        else:
            columns = ("index", "name", "assets", "units", "chain", "token", "state", "note")
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
            return 0
        print(f"{index.symbol}: {index.name}, basket version {index.basket_version}, {_state(index)} {index.note}")
        basket = [(c.asset, c.weight, c.quantity) for c in index.constituents]
        print_table(("asset", "weight", f"in one {index.symbol}"), basket)
        terms = [
            ("units", index.supply),
            ("least order", index.min_order),
            ("greatest order", index.max_order),
            ("fee of a deposit", index.management_fee),
            ("fee of a year", index.annual_fee),
            ("most units", index.limits.max_supply),
            ("most units a day", index.limits.daily_issuance),
            ("accounts", " ".join(f"{one.chain_id}:{one.address}" for one in index.limits.allowed) or "all"),
        ]
        print_table(("term", ""), terms)
        return 0

    return run_client(core, work)


@app.command
def nav(
    symbol: str = "", *, watch: Watch = False, history: int = 0, core: Core = "unix:run/core.sock", json: Json = False
) -> int:
    """Show the value of a unit at mid prices, with the age of the oldest price in it.

    Parameters
    ----------
    symbol
        Such as TOP20; all indices when left out.
    history
        Show so many recorded values instead, newest first (one a minute, and one for each new basket).
    """

    async def work(client: Client) -> int:
        if history:
            _print_navs(await client.management.nav_history(symbol, limit=history), json=json)
            return 0
        symbols = [symbol] if symbol else []
        left = len(symbols) or len(await client.indices())
        if not left:
            return 0
        async for one in client.management.watch_nav(symbols):
            _print_navs([one], json=json, heading=False)
            left -= 1
            if not watch and left <= 0:
                break
        return 0

    return run_client(core, work)


@app.command
def pause(symbol: str, *, core: Core = "unix:run/core.sock") -> int:
    """Take no new orders until it is resumed; those that were taken go on."""
    return _set_state(symbol, pb.INDEX_STATE_PAUSED, core)


@app.command
def resume(symbol: str, *, core: Core = "unix:run/core.sock") -> int:
    """Take orders again."""
    return _set_state(symbol, pb.INDEX_STATE_ACTIVE, core)


@app.command
def retire(symbol: str, *, core: Core = "unix:run/core.sock") -> int:
    """End an index for ever: waiting buys end, only redemptions are taken from now on."""
    return _set_state(symbol, pb.INDEX_STATE_RETIRED, core)


def _set_state(symbol: str, state: pb.IndexState.ValueType, core: str) -> int:
    async def work(client: Client) -> int:
        index = await client.management.set_state(symbol, state)
        print(f"{index.symbol}: {_state(index)}")
        return 0

    return run_client(core, work)


def _state(index: pb.Index) -> str:
    return pb.IndexState.Name(index.state).removeprefix("INDEX_STATE_")


def _row(index: pb.Index) -> tuple[str, ...]:
    return (
        index.symbol,
        index.name,
        str(len(index.constituents)),
        index.supply,
        str(index.chain_id),
        index.token,
        _state(index),
        index.note,
    )


def _print_navs(navs: list[pb.Nav], *, json: bool, heading: bool = True) -> None:
    if json:
        print_json(navs)
    elif heading:
        rows = [(str(one.computed_at), one.value, str(one.basket_version), str(one.oldest_price_ms)) for one in navs]
        print_table(("at", "value", "basket", "oldest price, ms"), rows)
    else:
        for one in navs:
            value = one.value or f"no price of {' '.join(one.missing)}"
            age = one.oldest_price_ms / 1000
            print(f"{one.symbol:<12} {value} (basket {one.basket_version}, oldest price {age:g} s)", flush=True)
