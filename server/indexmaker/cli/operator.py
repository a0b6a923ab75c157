"""`indexmaker operator`: what a person decides when something cannot go on by itself."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import App, Parameter

from indexmaker.api.operations.v1 import operations_pb2 as pb
from indexmaker.cli.client_options import Core, Json, print_json, print_table, run_client
from indexmaker_client import Client

__all__ = ["app"]

app = App(
    name="operator",
    help="""See what is stuck and decide what becomes of it. Every decision is journaled with a name and a reason.

    Begin with `operator status`, `operator alerts` and `operator stuck`.
    """,
)

Reason = Annotated[str, Parameter(help="Why; it is kept in the journal.")]
Operator = Annotated[str, Parameter(help="Who decides; the name of the user when left out.", env_var="INDEXMAKER_USER")]


@app.command
def status(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """Show where the core is, and whether trading is halted."""

    async def work(client: Client) -> int:
        found = await client.status()
        if json:
            print_json([found])
        else:
            print(f"journal   {found.sequence} events, {found.pending_commands} commands wait for an answer")
            print(f"trading   {'halted: ' + found.halted if found.halted else 'goes on'}")
        return 0

    return run_client(core, work)


@app.command
def stuck(*, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List orders that have been in a state for longer than they should, and who must act."""

    async def work(client: Client) -> int:
        found = await client.stuck_orders()
        if json:
            print_json(found)
        else:
            rows = [(one.client_order_id, one.state, _time(one.since_at), one.owner, one.account) for one in found]
            print_table(("order", "state", "since", "who must act", "account"), rows)
        return 0

    return run_client(core, work)


@app.command
def alerts(*, after: int = 0, watch: bool = False, core: Core = "unix:run/core.sock", json: Json = False) -> int:
    """List what a person should have seen.

    Parameters
    ----------
    after
        Journal sequence; only later alerts are shown.
    watch
        Go on with new ones until Ctrl-C.
    """

    async def work(client: Client) -> int:
        async for alert in client.alerts(after=after, follow=watch):
            if json:
                print_json([alert])
            else:
                print(f"{alert.sequence:>8} {_time(alert.raised_at)} {alert.kind:<16} {alert.subject}: {alert.text}")
        return 0

    return run_client(core, work)


@app.command
def halt(*, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock") -> int:
    """Make no new batches. What runs goes on, orders are still taken."""
    return _decide(core, lambda request: request.halt_trading.SetInParent(), operator=operator, reason=reason)


@app.command
def resume(*, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock") -> int:
    """Make batches again, whoever or whatever halted them."""
    return _decide(core, lambda request: request.resume_trading.SetInParent(), operator=operator, reason=reason)


@app.command
def review_invoice(
    invoice_id: str, *, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock"
) -> int:
    """Offer a vetoed invoice for signature again, once the cause of the veto is mended.

    Parameters
    ----------
    invoice_id
        As the alert INVOICE_VETOED names it.
    """
    decision = pb.ReviewInvoice(invoice_id=invoice_id)
    return _decide(core, lambda request: request.review_invoice.CopyFrom(decision), operator=operator, reason=reason)


@app.command
def retry_settlement(
    account: str, client_order_id: str, *, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock"
) -> int:
    """Sign and submit a settlement again that was reverted too often.

    Parameters
    ----------
    account
        CHAIN_ID:0xADDRESS.
    client_order_id
        The order.
    """
    decision = pb.RetrySettlement(account=account, client_order_id=client_order_id)
    return _decide(core, lambda request: request.retry_settlement.CopyFrom(decision), operator=operator, reason=reason)


@app.command
def restart_payout(
    payout_id: str, *, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock"
) -> int:
    """Bring sale proceeds on their way again after their withdrawal or transfer has failed and the cause is mended.

    Parameters
    ----------
    payout_id
        As the alert PAYOUT and `collateral transfers` name it.
    """
    decision = pb.RestartPayout(payout_id=payout_id)
    return _decide(core, lambda request: request.restart_payout.CopyFrom(decision), operator=operator, reason=reason)


@app.command
def write_off(transfer_id: str, *, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock") -> int:
    """Refund the users of a transfer that failed or came back; the house takes over the claim on the route.

    Parameters
    ----------
    transfer_id
        As `collateral transfers` shows it.
    """
    decision = pb.WriteOffTransfer(transfer_id=transfer_id)
    return _decide(
        core, lambda request: request.write_off_transfer.CopyFrom(decision), operator=operator, reason=reason
    )


@app.command
def collect(
    place: str,
    asset: str,
    amount: str,
    *,
    reference: str,
    reason: Reason,
    operator: Operator = "",
    core: Core = "unix:run/core.sock",
) -> int:
    """Book money of a written-off transfer that came back.

    Parameters
    ----------
    place
        Where it is now: venue:NAME or keeper:CHAIN_ID.
    asset
        Such as USDC.
    amount
        Decimal.
    reference
        What proves it, such as a transaction hash; the same one is booked once.
    """
    decision = pb.CollectClaim(place=place, asset=asset, amount=amount, reference=reference)
    return _decide(core, lambda request: request.collect_claim.CopyFrom(decision), operator=operator, reason=reason)


@app.command
def resolve_order(
    client_order_id: str, executed: str, *, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock"
) -> int:
    """End an order that its venue does not answer for.

    Parameters
    ----------
    client_order_id
        Its id at the venue.
    executed
        Quantity that was executed in all, decimal; trades that are not known yet are still waited for.
    """
    decision = pb.ResolveAssetOrder(client_order_id=client_order_id, executed_quantity=executed)
    return _decide(
        core, lambda request: request.resolve_asset_order.CopyFrom(decision), operator=operator, reason=reason
    )


@app.command
def state_price(
    asset: str, price: str, *, reason: Reason, operator: Operator = "", core: Core = "unix:run/core.sock"
) -> int:
    """State a price for a commission in an asset that no book values.

    Parameters
    ----------
    asset
        Such as BNB.
    price
        USDC for one.
    """
    decision = pb.StatePrice(asset=asset, price=price)
    return _decide(core, lambda request: request.state_price.CopyFrom(decision), operator=operator, reason=reason)


def _decide(core: str, fill: Callable[[pb.DecideRequest], object], *, operator: str, reason: str) -> int:
    request = pb.DecideRequest(operator=operator or getpass.getuser(), reason=reason)
    fill(request)

    async def work(client: Client) -> int:
        print(f"done, event {await client.decide(request)} of the journal")
        return 0

    return run_client(core, work)


def _time(nanoseconds: int) -> str:
    return datetime.fromtimestamp(nanoseconds / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M:%S")
