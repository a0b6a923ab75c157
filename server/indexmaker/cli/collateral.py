"""`indexmaker collateral`: deposits, transfers and the ledger."""

from __future__ import annotations

from cyclopts import App

from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(name="collateral", help="Deposits, transfers and the ledger.")


@app.command
def deposits(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List deposits with the buckets that their money is in."""

    async def work(client: Client) -> int:
        found = await client.deposits()
        if json:
            print_json(found)
        else:
            rows = [
                (
                    f"{one.account.chain_id}:{one.account.address}",
                    one.index,
                    one.amount,
                    " ".join(f"{bucket}={amount}" for bucket, amount in sorted(one.buckets.items())),
                    one.client_order_id,
                    one.id.tx_hash,
                )
                for one in found
            ]
            print_table(("account", "index", "amount", "buckets", "order", "transaction"), rows)
        return 0

    return run_client(core, work)


@app.command
def redemptions(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List index tokens that were given into gates for sale, with the buckets that they are in."""

    async def work(client: Client) -> int:
        found = await client.redemptions()
        if json:
            print_json(found)
        else:
            rows = [
                (
                    f"{one.account.chain_id}:{one.account.address}",
                    one.index,
                    one.units,
                    " ".join(f"{bucket}={amount}" for bucket, amount in sorted(one.buckets.items())),
                    one.client_order_id,
                    one.id.tx_hash,
                )
                for one in found
            ]
            print_table(("account", "index", "index tokens", "buckets", "order", "transaction"), rows)
        return 0

    return run_client(core, work)


@app.command
def transfers(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List transfers of collateral."""

    async def work(client: Client) -> int:
        found = await client.transfers()
        if json:
            print_json(found)
        else:
            rows = [
                (
                    t.transfer_id,
                    t.source,
                    t.destination,
                    t.state,
                    t.amount_in,
                    t.amount_out,
                    " ".join(t.client_order_ids),
                )
                for t in found
            ]
            print_table(("transfer", "from", "to", "state", "in", "out", "orders"), rows)
        return 0

    return run_client(core, work)


@app.command
def ledger(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Show every balance of the ledger; exit code 1 when it does not balance."""

    async def work(client: Client) -> int:
        found = await client.ledger()
        if json:
            print_json([found])
        else:
            print_table(("account", "asset", "balance"), [(b.account, b.asset, b.balance) for b in found.balances])
            print(f"{found.postings} postings, {'balanced' if found.balanced else 'NOT BALANCED'}")
        return 0 if found.balanced else 1

    return run_client(core, work)
