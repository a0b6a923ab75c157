"""`indexmaker index weights|delist|rebalances`: what an index shall hold, and how it gets there."""

from __future__ import annotations

import sys
import time
from typing import Annotated

from cyclopts import App, Parameter

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app", "delist", "rebalances"]

app = App(name="weights", help="The curator's weights: set.")

Proposal = Annotated[
    str, Parameter(help="Name of this call, made from the time when left out; the same again has no second effect.")
]
Delay = Annotated[int, Parameter(help="Seconds from now on until it holds.")]
OffChain = Annotated[
    bool, Parameter(name="--off-chain", help="Hold by this call alone, without the gate.", negative="")
]


@app.command(name="set")
def set_(
    symbol: str,
    /,
    *weights: str,
    proposal_id: Proposal = "",
    after: Delay = 0,
    off_chain: OffChain = False,
    core: Core = "unix:run/core.sock",
) -> int:
    """Publish weights on the index's gate; they hold from their time, and the difference is traded.

    Parameters
    ----------
    symbol
        Such as TOP20.
    weights
        ASSET=SHARE for each asset, 1 in sum, such as BTC=0.6 ETH=0.4.
    """
    shares: dict[str, str] = {}
    for text in weights:
        asset, equals, share = text.partition("=")
        if not asset or not equals or not share or asset in shares:
            print(f"{text}: write ASSET=SHARE, each asset once, such as BTC=0.6", file=sys.stderr)
            return 2
        shares[asset] = share

    async def work(client: Client) -> int:
        index = await client.management.set_weights(
            symbol,
            shares,
            proposal_id=proposal_id or _name(),
            effective_at=_time(after),
            off_chain=off_chain,
        )
        place = "taken" if off_chain else f"sent to the gate {index.gate}"
        print(f"{index.symbol}: weights {place}; follow them by `indexmaker index rebalances {index.symbol}`")
        return 0

    return run_client(core, work)


def delist(
    symbol: str,
    asset: str,
    *,
    proposal_id: Proposal = "",
    after: Delay = 0,
    off_chain: OffChain = False,
    core: Core = "unix:run/core.sock",
) -> int:
    """Take an asset out of an index: it is sold, and its weight goes to the others pro rata.

    Parameters
    ----------
    symbol
        Such as TOP20.
    asset
        Such as BTC.
    """

    async def work(client: Client) -> int:
        weights = await client.management.delist(
            symbol,
            asset,
            proposal_id=proposal_id or _name(),
            effective_at=_time(after),
            off_chain=off_chain,
        )
        print_table(("asset", "new weight"), sorted(weights.items()))
        return 0

    return run_client(core, work)


def rebalances(symbol: str = "", *, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List the changes of baskets, newest first: what waits, what is traded, and what it cost.

    Parameters
    ----------
    symbol
        Such as TOP20; all indices when left out.
    """

    async def work(client: Client) -> int:
        found = await client.management.rebalances(symbol)
        if json:
            print_json(found)
            return 0
        for one in found:
            _print(one)
        return 0

    return run_client(core, work)


def _print(one: pb.Rebalance) -> None:
    state = pb.Rebalance.State.Name(one.state).removeprefix("STATE_")
    print(f"{one.index} {one.rebalance_id} {state}, weights {one.weights_version or 'by call'}", end="")
    if not one.assets:
        print(": " + " ".join(f"{weight.asset}={weight.weight}" for weight in one.weights))
        return
    print(f", basket {one.basket_version or '-'}, {one.supply} units")
    rows = [(a.asset, a.before, a.target, a.traded, a.value, a.fee, a.delayed) for a in one.assets]
    print_table(("asset", "before", "target", "traded", "value", "fee", "delayed"), rows)
    print(f"fees {one.fees}, slippage {one.slippage}, by unit {one.cost_per_unit}, cash left {one.cash} USDC")


def _name() -> str:
    return f"cli-{time.time_ns() // 1_000_000}"


def _time(after: int) -> int:
    return time.time_ns() + after * 1_000_000_000 if after else 0
