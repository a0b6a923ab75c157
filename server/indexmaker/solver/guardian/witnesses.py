"""What venue and chain say when they are asked themselves, against what the journal says they said. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from indexmaker.money import format_atoms
from indexmaker.solver.commands import Invoice, RedemptionInvoice
from indexmaker.solver.events import ExecutionReported
from indexmaker.solver.guardian.findings import Check, Discrepancy, unequal
from indexmaker.solver.vocabulary import Finality, Value

__all__ = ["ChainRequest", "Settled", "verify_on_chain", "verify_settlement", "verify_trades"]


class Settled(Value, frozen=True, kw_only=True):
    """A settlement as the gate logged it: (spent, fee, back, out) of a mint, (burned, returned, paid, fee) of a
    redemption.
    """

    tx_hash: str
    amounts: tuple[int, int, int, int]
    lots_root: str


class ChainRequest(Value, frozen=True, kw_only=True):
    """One request as its gate logged it. `least` and `max_fee` are its price protection (None: none was logged)."""

    redemption: bool
    tx_hash: str
    account: str
    amount: int
    finality: Finality
    least: int | None = None
    max_fee: int | None = None
    cancelled: bool = False
    settled: Settled | None = None
    defaulted: bool = False


def verify_on_chain(account: Invoice | RedemptionInvoice, request: ChainRequest | None) -> tuple[Discrepancy, ...]:
    """The request behind an account, as its gate logged it, before the account is signed."""
    if request is None:
        text = f"the gate {account.gate} logged no request {account.request_id}"
        return (Discrepancy(check=Check.CHAIN, text=text),)
    return tuple(_on_chain(account, request))


def _on_chain(account: Invoice | RedemptionInvoice, request: ChainRequest) -> Iterator[Discrepancy]:
    if isinstance(account, Invoice):
        kind, amount, tx_hash = "deposit", account.deposit, account.deposit_tx
    else:
        kind, amount, tx_hash = "redemption", account.escrowed, account.request_tx
    yield from unequal(
        Check.CHAIN,
        (
            ("kind of the request", kind, "redemption" if request.redemption else "deposit"),
            ("account of the request", account.account, request.account),
            ("amount of the request", format_atoms(amount), format_atoms(request.amount)),
            ("transaction of the request", tx_hash, request.tx_hash),
        ),
    )
    for known, what in ((request.cancelled, "withdrawn by its user"), (request.defaulted, "declared in default")):
        if known:
            yield Discrepancy(check=Check.CHAIN, text=f"request {account.request_id} was {what}")
    if request.settled is not None:
        text = f"request {account.request_id} was settled before, in {request.settled.tx_hash}"
        yield Discrepancy(check=Check.CHAIN, text=text)
    yield from _protected(account, request)


def _protected(account: Invoice | RedemptionInvoice, request: ChainRequest) -> Iterator[Discrepancy]:
    """The request's own price protection, pro rata as the gate has it."""
    if request.max_fee is not None and account.fee > request.max_fee:
        most = format_atoms(request.max_fee)
        yield Discrepancy(check=Check.CHAIN, text=f"fee {format_atoms(account.fee)}, the request allows {most}")
    if isinstance(account, Invoice):
        got, used, whole = account.units, account.spent + account.fee, account.deposit
    else:
        got, used, whole = account.paid, account.burned, account.escrowed
    least = request.least or 0
    if got * whole < least * used:
        text = f"{format_atoms(got)} for {format_atoms(used)} of {format_atoms(whole)} is less than the request allows"
        yield Discrepancy(check=Check.CHAIN, text=text)


def verify_settlement(
    account: Invoice | RedemptionInvoice, request: ChainRequest | None, *, lots_root: str, tx_hash: str
) -> tuple[Discrepancy, ...]:
    """The settlement of an account as its gate logged it."""
    if request is None or request.settled is None:
        return (Discrepancy(check=Check.SETTLEMENT, text=f"the gate logged no settlement of {account.request_id}"),)
    if isinstance(account, Invoice):
        stated = (account.spent, account.fee, account.refund, account.units)
    else:
        stated = (account.burned, account.returned, account.paid, account.fee)
    settled = request.settled
    return tuple(
        unequal(
            Check.SETTLEMENT,
            (
                ("amounts settled", tuple(map(format_atoms, stated)), tuple(map(format_atoms, settled.amounts))),
                ("root of the lots on chain", lots_root, settled.lots_root),
                ("transaction of the settlement", tx_hash, settled.tx_hash),
            ),
        )
    )


def verify_trades(
    journaled: Mapping[str, ExecutionReported], told: Mapping[str, ExecutionReported]
) -> tuple[Discrepancy, ...]:
    """Trades by `trade_key` as journaled, against what the venue tells of the same orders."""
    return tuple(_trades(journaled, told))


def _trades(journaled: Mapping[str, ExecutionReported], told: Mapping[str, ExecutionReported]) -> Iterator[Discrepancy]:
    for name, trade in sorted(journaled.items()):
        witness = told.get(name)
        if witness is None:
            yield Discrepancy(check=Check.VENUE, text=f"{name}: the venue does not know this trade")
            continue
        yield from unequal(
            Check.VENUE,
            (
                (f"order of {name}", trade.client_order_id, witness.client_order_id),
                (f"price of {name}", format_atoms(trade.price), format_atoms(witness.price)),
                (f"quantity of {name}", format_atoms(trade.quantity), format_atoms(witness.quantity)),
                (f"commission of {name}", format_atoms(trade.commission), format_atoms(witness.commission)),
                (f"commission asset of {name}", trade.commission_asset, witness.commission_asset),
            ),
        )
