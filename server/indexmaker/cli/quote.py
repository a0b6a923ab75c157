"""`indexmaker quote`: what an order would get now."""

from __future__ import annotations

import time
from typing import Annotated

from cyclopts import App, Parameter

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import quotes_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker.cli.keys import KeyFile, read_signer
from indexmaker_client import Client, Signer

__all__ = ["app"]

app = App(name="quote", help="What an order would get on the books of this moment, fees and slippage included.")

Binding = Annotated[
    bool, Parameter(name="--binding", help="Have capacity held for an order of the account.", negative="")
]
Name = Annotated[
    str,
    Parameter(help="1 to 36 of A-Z a-z 0-9 - _; made from the time when left out. The same again, the same answer."),
]


@app.command
def buy(
    index: str,
    amount: str,
    *,
    binding: Binding = False,
    client_quote_id: Name = "",
    chain_id: int = 42161,
    key_file: KeyFile = None,
    core: Core = "unix:run/core.sock",
    json: Json = False,
) -> int:
    """Quote the purchase of index tokens for an amount of USDC, all costs included.

    Parameters
    ----------
    index
        Such as TOP20.
    amount
        USDC to spend.
    chain_id
        Chain of the account, for a binding quote.
    """
    if not binding:
        return _indicative("BUY", index, amount, core=core, json=json)
    signer = read_signer(chain_id, key_file)
    return 2 if signer is None else _binding("BUY", index, amount, signer, client_quote_id, core=core, json=json)


@app.command
def sell(
    index: str,
    amount: str,
    *,
    binding: Binding = False,
    client_quote_id: Name = "",
    chain_id: int = 42161,
    key_file: KeyFile = None,
    core: Core = "unix:run/core.sock",
    json: Json = False,
) -> int:
    """Quote the sale of index tokens.

    Parameters
    ----------
    index
        Such as TOP20.
    amount
        Index tokens to sell.
    chain_id
        Chain of the account, for a binding quote.
    """
    if not binding:
        return _indicative("SELL", index, amount, core=core, json=json)
    signer = read_signer(chain_id, key_file)
    return 2 if signer is None else _binding("SELL", index, amount, signer, client_quote_id, core=core, json=json)


def _indicative(side: str, index: str, amount: str, *, core: str, json: bool) -> int:
    async def work(client: Client) -> int:
        quote = await client.quotes.indicative(side=side, index=index, amount=amount)
        if json:
            print_json([quote])
        else:
            _print(quote)
        return 0 if quote.possible else 1

    return run_client(core, work)


def _binding(side: str, index: str, amount: str, signer: Signer, name: str, *, core: str, json: bool) -> int:
    client_quote_id = name or f"cli-{time.time_ns() // 1_000_000}"

    async def work(client: Client) -> int:
        held = await client.quotes.binding(
            signer, client_quote_id=client_quote_id, side=side, index=index, amount=amount
        )
        if json:
            print_json([held])
            return 0 if held.quote.possible else 1
        if held.quote.possible:
            state = pb.QuoteState.Name(held.state).removeprefix("QUOTE_STATE_")
            print(f"{held.quote_id}: {state}; an order names it by --quote-id {held.quote_id}")
        _print(held.quote)
        return 0 if held.quote.possible else 1

    return run_client(core, work)


def _print(quote: pb.Quote) -> None:
    if not quote.possible:
        print(f"not possible: {quote.reason}: {'; '.join(quote.obstacles)}")
        return
    fees = [
        (f"{common_pb2.FeeKind.Name(fee.kind).removeprefix('FEE_KIND_').lower()} fee", fee.amount) for fee in quote.fees
    ]
    rows = [
        (f"{quote.index} tokens", quote.units),
        ("average price", quote.price),
        ("worst price", quote.limit_price),
        ("price at mid", quote.mid_price),
        ("assets", quote.assets_value),
        *fees,
        ("slippage against mid", quote.slippage),
        ("refund", quote.refund),
        ("paid out", quote.payout),
        ("batches", str(quote.batches)),
        ("good for, s", f"{max(0, quote.expires_at - quote.quoted_at) / 1_000_000_000:g}"),
    ]
    print_table(("", "USDC"), [(name, value) for name, value in rows if value])
