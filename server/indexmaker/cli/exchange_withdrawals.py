"""`indexmaker exchange withdrawals`: what waits for an operator of the exchange, and the decision."""

from __future__ import annotations

import asyncio
import getpass
import sys
from pathlib import Path
from typing import Annotated

import aiohttp
import msgspec
from cyclopts import App, Parameter

from indexmaker.cli.client_options import print_table
from indexmaker.services.exchange.operators import SOCKET, Decision, ShownWithdrawal

__all__ = ["app"]

app = App(name="withdrawals", help="Withdrawals from the exchange: list, approve, reject. Run it where it is served.")

_REFUSED, _NOT_SERVED = 1, 2


class _OperatorError(Exception):
    """Says what the exchange answered."""


@app.command(name="list")
def list_(
    *,
    data: Path,
    all_: Annotated[bool, Parameter(name="--all", negative="")] = False,
    json: Annotated[bool, Parameter(name="--json", negative="")] = False,
) -> int:
    """Show withdrawals that have not ended.

    Parameters
    ----------
    data
        The --data directory of the exchange that is running.
    all_
        Show those that have ended, too.
    json
        Print JSON, one object a line.
    """
    return _run(data, "GET", "/withdrawals?all=1" if all_ else "/withdrawals", json=json)


@app.command
def approve(withdrawal_id: int, *, data: Path, operator: str = "") -> int:
    """Let a waiting withdrawal be sent.

    Parameters
    ----------
    withdrawal_id
        Its number in the list.
    data
        The --data directory of the exchange that is running.
    operator
        Who decides, for the journal; by default the user of this shell.
    """
    decision = Decision(operator=operator or getpass.getuser())
    return _run(data, "POST", f"/withdrawals/{withdrawal_id}/approve", decision)


@app.command
def reject(withdrawal_id: int, *, data: Path, reason: str, operator: str = "") -> int:
    """Refuse a waiting withdrawal; the money goes back to its owner.

    Parameters
    ----------
    withdrawal_id
        Its number in the list.
    data
        The --data directory of the exchange that is running.
    reason
        Why; its owner can read it.
    operator
        Who decides, for the journal; by default the user of this shell.
    """
    decision = Decision(operator=operator or getpass.getuser(), reason=reason)
    return _run(data, "POST", f"/withdrawals/{withdrawal_id}/reject", decision)


def _run(data: Path, method: str, path: str, decision: Decision | None = None, *, json: bool = False) -> int:
    try:
        answer = asyncio.run(_ask(data / SOCKET, method, path, decision))
    except _OperatorError as error:
        print(error, file=sys.stderr)
        return _REFUSED
    except aiohttp.ClientError:
        print(f"no exchange is served from {data}: is it the --data of one that is running?", file=sys.stderr)
        return _NOT_SERVED
    if decision is not None:
        decided = msgspec.json.decode(answer, type=ShownWithdrawal)
        print(f"withdrawal {decided.withdrawal_id} of {decided.amount} {decided.asset} is now {decided.status}")
        return 0
    shown = msgspec.json.decode(answer, type=list[ShownWithdrawal])
    if json:
        for one in shown:
            print(msgspec.json.encode(one).decode())
    else:
        _print_table(shown)
    return 0


async def _ask(socket: Path, method: str, path: str, decision: Decision | None) -> bytes:
    body = msgspec.json.encode(decision) if decision is not None else None
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(socket))) as session,
        session.request(method, f"http://exchange{path}", data=body) as answer,
    ):
        content = await answer.read()
        if answer.status != 200:
            raise _OperatorError(msgspec.json.decode(content, type=dict[str, str]).get("error", str(answer.status)))
        return content


def _print_table(shown: list[ShownWithdrawal]) -> None:
    columns = ("no.", "account", "amount", "fee", "network", "address", "status", "why")
    rows = (
        (
            str(one.withdrawal_id),
            str(one.account),
            f"{one.amount} {one.asset}",
            one.fee,
            one.network,
            one.address,
            one.status,
            one.reason,
        )
        for one in shown
    )
    print_table(columns, rows)
