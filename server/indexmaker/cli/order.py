"""`indexmaker order`: index orders."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Literal

from cyclopts import App, Parameter

from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker.cli.keys import KeyFile, read_signer
from indexmaker.identifiers import AccountId, IdentifierError
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="order", help="Index orders, signed with the key of the account that places them.")

Account = Annotated[str, Parameter(help="CHAIN_ID:0xADDRESS; all accounts when left out.")]
_COLUMNS = (
    "order",
    "side",
    "index",
    "amount",
    "state",
    "index tokens",
    "assets",
    "refund",
    "paid",
    "invoice",
    "account",
)


@app.command
def submit(
    index: str,
    amount: str,
    *,
    side: Literal["buy", "sell"] = "buy",
    client_order_id: str = "",
    chain_id: int = 42161,
    key_file: KeyFile = None,
    limit_price: str = "",
    max_fee: str = "",
    expires_in: int = 3600,
    quote_id: str = "",
    core: Core = "unix:run/core.sock",
    json: Json = False,
) -> int:
    """Buy index tokens for USDC that was, or will be, deposited in the index's gate; or sell tokens that were, or will
    be, given into it.

    Parameters
    ----------
    index
        Symbol, such as TOP20.
    amount
        Buy: USDC to spend, all costs included. Sell: index tokens.
    side
        buy or sell.
    client_order_id
        1 to 36 of A-Z a-z 0-9 - _; made from the time when left out. The same id again gives the first answer.
    chain_id
        Chain of the account.
    limit_price
        Buy: highest price of one token in USDC. Sell: lowest, after the venue's fees.
    max_fee
        Highest sum of routing and management (or redemption) fees in USDC.
    expires_in
        Seconds until the order ends by itself; 0 for never.
    quote_id
        A binding quote of the account: its price and fees become limits of the order.
    """
    signer = read_signer(chain_id, key_file)
    if signer is None:
        return 2
    now = time.time_ns()
    order_id = client_order_id or f"cli-{now // 1_000_000}"

    async def work(client: Client) -> int:
        ends = now + expires_in * 1_000_000_000 if expires_in else 0
        if side == "sell":
            order = await client.sell(
                signer,
                client_order_id=order_id,
                index=index,
                units=amount,
                limit_price=limit_price,
                max_fee=max_fee,
                expires_at=ends,
                quote_id=quote_id,
            )
        else:
            order = await client.submit(
                signer,
                client_order_id=order_id,
                index=index,
                amount=amount,
                limit_price=limit_price,
                max_fee=max_fee,
                expires_at=ends,
                quote_id=quote_id,
            )
        _print([order], json=json)
        return 1 if order.state == pb.INDEX_ORDER_STATE_REJECTED else 0

    return run_client(core, work)


@app.command
def cancel(
    client_order_id: str,
    *,
    chain_id: int = 42161,
    key_file: KeyFile = None,
    core: Core = "unix:run/core.sock",
    json: Json = False,
) -> int:
    """Ask to end an order. What is engaged is finished first: the filled part is minted, the rest refunded.

    Parameters
    ----------
    client_order_id
        The order.
    chain_id
        Chain of the account.
    """
    signer = read_signer(chain_id, key_file)
    if signer is None:
        return 2

    async def work(client: Client) -> int:
        order = await client.cancel(signer, client_order_id=client_order_id)
        _print([order], json=json)
        return 0

    return run_client(core, work)


@app.command
def amend(
    client_order_id: str,
    *,
    amount: str = "",
    limit_price: str = "",
    max_fee: str = "",
    expires_in: int = 0,
    amend_id: str = "",
    chain_id: int = 42161,
    key_file: KeyFile = None,
    core: Core = "unix:run/core.sock",
    json: Json = False,
) -> int:
    """Change the terms of an open order, all of the named ones or none. What is spent already cannot be taken back.

    Parameters
    ----------
    client_order_id
        The order.
    amount
        The amount from now on; left out, it stays.
    limit_price
        The price limit from now on; 0 takes it away.
    max_fee
        The limit of all fees from now on; 0 takes it away. It is fixed once the collateral has left its gate.
    expires_in
        Seconds from now until the order ends by itself; left out, its end stays.
    amend_id
        Your name of this change, made from the time when left out. The same id again gives the first answer.
    chain_id
        Chain of the account.
    """
    signer = read_signer(chain_id, key_file)
    if signer is None:
        return 2
    now = time.time_ns()

    async def work(client: Client) -> int:
        order = await client.amend(
            signer,
            client_order_id=client_order_id,
            amend_id=amend_id or f"amend-{now // 1_000_000}",
            amount=amount,
            limit_price=limit_price,
            max_fee=max_fee,
            expires_at=now + expires_in * 1_000_000_000 if expires_in else 0,
        )
        _print([order], json=json)
        return 0

    return run_client(core, work)


@app.command(name="list")
def list_(
    *, account: Account = "", open_only: bool = False, core: Core = "unix:run/core.sock", json: Json = False
) -> int:
    """List orders, newest first.

    Parameters
    ----------
    open_only
        Leave ended orders out.
    """
    try:
        owner = AccountId.parse(account) if account else None
    except IdentifierError as error:
        print(f"--account: {error}", file=sys.stderr)
        return 2

    async def work(client: Client) -> int:
        _print(await client.orders(account=owner, open_only=open_only), json=json)
        return 0

    return run_client(core, work)


@app.command
def watch(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Follow the reports of all orders from the beginning; goes on over restarts of the core. Ctrl-C ends it."""

    async def work(client: Client) -> int:
        async for report in client.watch():
            if json:
                print_json([report])
            else:
                kind = pb.IndexOrderReport.Kind.Name(report.kind).removeprefix("KIND_")
                state = pb.IndexOrderState.Name(report.order.state).removeprefix("INDEX_ORDER_STATE_")
                order = report.order
                print(f"{order.terms.client_order_id:<24} {kind:<14} {state:<18} {order.units or '0'} {report.text}")
        return 0

    return run_client(core, work)


def _print(orders: list[pb.IndexOrder], *, json: bool) -> None:
    if json:
        print_json(orders)
        return
    print_table(_COLUMNS, [_row(order) for order in orders])
    for order in orders:
        if order.reason:
            print(f"{order.terms.client_order_id}: {order.reason}")


def _row(order: pb.IndexOrder) -> tuple[str, ...]:
    terms = order.terms
    state = pb.IndexOrderState.Name(order.state).removeprefix("INDEX_ORDER_STATE_")
    account = f"{terms.account.chain_id}:{terms.account.address}"
    return (
        terms.client_order_id,
        pb.IndexSide.Name(terms.side).removeprefix("INDEX_SIDE_"),
        terms.index,
        terms.amount,
        state,
        order.units,
        order.assets_value,
        order.refund,
        order.paid,
        order.invoice_id,
        account,
    )
