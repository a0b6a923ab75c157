"""`indexmaker index limits`: bounds that orders are judged by."""

from __future__ import annotations

import sys
from typing import Annotated

from cyclopts import Parameter

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.cli.client_options import Core, print_table, run_client
from indexmaker.identifiers import AccountId, IdentifierError
from indexmaker_client import Client

__all__ = ["limits"]


def limits(
    symbol: str,
    *,
    min_order: str | None = None,
    max_order: str | None = None,
    max_supply: str | None = None,
    daily_issuance: str | None = None,
    allow: Annotated[list[str] | None, Parameter(help="CHAIN_ID:0xADDRESS that may order; may be repeated.")] = None,
    everybody: Annotated[bool, Parameter(help="Let every account order.", negative="")] = False,
    core: Core = "unix:run/core.sock",
) -> int:
    """Show the bounds of an index, or set those that are given; "0" takes a bound away.

    Parameters
    ----------
    symbol
        Such as TOP20.
    min_order
        Least USDC of an order.
    max_order
        Greatest USDC of an order.
    max_supply
        Units outstanding, those of open buy orders included.
    daily_issuance
        Units minted in one UTC day, those of open buy orders included.
    """
    try:
        accounts = [AccountId.parse(text) for text in allow or ()]
    except IdentifierError as error:
        print(f"--allow: {error}", file=sys.stderr)
        return 2

    async def work(client: Client) -> int:
        index = await client.index(symbol)
        wanted = pb.IndexLimits()
        wanted.CopyFrom(index.limits)
        if max_supply is not None:
            wanted.max_supply = max_supply
        if daily_issuance is not None:
            wanted.daily_issuance = daily_issuance
        if everybody or accounts:
            del wanted.allowed[:]
            wanted.allowed.extend(common_pb2.AccountId(chain_id=one.chain_id, address=one.address) for one in accounts)
        changed = wanted if wanted != index.limits else None
        if changed is not None or min_order is not None or max_order is not None:
            index = await client.management.set_limits(symbol, min_order=min_order, max_order=max_order, limits=changed)
        rows = [
            ("least order", index.min_order),
            ("greatest order", index.max_order),
            ("most units", index.limits.max_supply),
            ("most units a day", index.limits.daily_issuance),
            ("accounts", " ".join(f"{one.chain_id}:{one.address}" for one in index.limits.allowed) or "all"),
        ]
        print_table(("bound", index.symbol), rows)
        return 0

    return run_client(core, work)
