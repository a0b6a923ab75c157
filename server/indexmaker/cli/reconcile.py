"""`indexmaker reconcile`: the ledger beside what venues and chains say."""

from __future__ import annotations

import sys

from cyclopts import App

from indexmaker.api.operations.v1 import operations_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="reconcile", help="Compare the ledger with venues and chains now.")

_COLUMNS = ("place", "asset", "ledger", "outside", "result", "why")


@app.default
def reconcile(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Compare the ledger with venues and chains now.

    Differences are explained by what is on its way, or they halt trading until `operator resume`. Ends with 0 when all
    is equal or explained, 1 when something is not, 4 when a place could not be asked.
    """

    async def work(client: Client) -> int:
        found = await client.reconcile()
        if json:
            print_json([found])
        else:
            print_table(_COLUMNS, [_row(check) for check in found.checks])
            for place in found.unasked:
                print(f"not asked: {place}", file=sys.stderr)
            if found.halted:
                print(f"trading is halted ({found.halted}); look, mend, then `indexmaker operator resume`")
        bad = any(check.status == pb.PositionCheck.STATUS_UNEXPLAINED for check in found.checks)
        return 1 if bad else 4 if found.unasked else 0

    return run_client(core, work)


def _row(check: pb.PositionCheck) -> tuple[str, ...]:
    result = pb.PositionCheck.Status.Name(check.status).removeprefix("STATUS_").lower()
    return check.place, check.asset, check.ledger, check.outside, result, check.explanation
