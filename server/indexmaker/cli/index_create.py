"""`indexmaker index create`: an index from a file, its contracts included."""

from __future__ import annotations

import asyncio
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, run_client
from indexmaker_client import Client

__all__ = ["create", "index_from"]

_TEXTS = ("symbol", "name", "gate", "token", "management_fee", "annual_fee", "min_order", "max_order")
_KEYS = (
    *_TEXTS,
    "chain_id",
    "weights",
    "quantities",
    "reference_prices",
    "target_price",
    "max_supply",
    "daily_issuance",
)
_POLL = 1.0


def create(
    file: Path,
    *,
    deploy: Annotated[bool, Parameter(help="Have the chain's factory make the gate and the token.")] = False,
    curator: str = "",
    wait: Annotated[bool, Parameter(help="Wait until the contracts are there.", negative="")] = False,
    core: Core = "unix:run/core.sock",
    json: Json = False,
) -> int:
    """Create an index as a TOML file defines it. The same file again changes nothing; another one is refused.

    The file: symbol, name, chain_id, target_price, a table [weights] (asset = "0.5", 1 in sum), a table
    [reference_prices] (asset = "100000") or [quantities] (asset = "0.001" in one token), and, if wanted,
    management_fee, annual_fee, min_order, max_order, max_supply, daily_issuance. Without --deploy: gate and token too.

    Parameters
    ----------
    file
        The definition.
    curator
        Address that may publish weights on the new gate; the factory's own choice when left out.
    """
    try:
        with file.open("rb") as handle:
            table = tomllib.load(handle)
        index, target_price = index_from(table)
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return 2
    except ValueError as error:  # a TOML fault is one too
        print(f"{file}: {error}", file=sys.stderr)
        return 2

    async def work(client: Client) -> int:
        made = await client.management.create(index, target_price=target_price, deploy=deploy, curator=curator)
        while wait and made.state == pb.INDEX_STATE_DEPLOYING:
            await asyncio.sleep(_POLL)
            made = await client.index(index.symbol)
        if json:
            print_json([made])
        else:
            state = pb.IndexState.Name(made.state).removeprefix("INDEX_STATE_")
            places = f", gate {made.gate}, token {made.token}" if made.gate else ""
            print(f"{made.symbol}: {state}{places} {made.note}".rstrip())
        return 1 if made.state == pb.INDEX_STATE_DEPLOYMENT_FAILED else 0

    return run_client(core, work)


def index_from(table: dict[str, Any]) -> tuple[pb.Index, str]:
    """The definition in a file, and its target price; raises `ValueError` naming the key that is wrong."""
    for key in table:
        if key not in _KEYS:
            raise ValueError(f"{key}: unknown key; known are {', '.join(_KEYS)}")
    weights = _amounts(table, "weights")
    if not weights:
        raise ValueError('weights: name each asset with its share, such as BTC = "0.5"')
    prices, quantities = _amounts(table, "reference_prices"), _amounts(table, "quantities")
    chain_id = table.get("chain_id")
    if not isinstance(chain_id, int):
        raise ValueError("chain_id: the number of the chain, such as 42161")
    index = pb.Index(
        chain_id=chain_id,
        constituents=[
            pb.Constituent(
                asset=asset,
                weight=weight,
                quantity=quantities.get(asset, ""),
                reference_price=prices.get(asset, ""),
            )
            for asset, weight in sorted(weights.items())
        ],
        limits=pb.IndexLimits(max_supply=_text(table, "max_supply"), daily_issuance=_text(table, "daily_issuance")),
    )
    for key in _TEXTS:
        setattr(index, key, _text(table, key))
    return index, _text(table, "target_price") or "100"


def _amounts(table: dict[str, Any], key: str) -> dict[str, str]:
    found = table.get(key, {})
    if not isinstance(found, dict) or not all(isinstance(amount, str) for amount in found.values()):
        raise ValueError(f'{key}: a table of assets with amounts written as strings, such as BTC = "0.5"')
    return found


def _text(table: dict[str, Any], key: str) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f'{key}: write it as a string, such as "12.5"')
    return value
