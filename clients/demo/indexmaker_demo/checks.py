"""Whether everything that was claimed is so, read from the chain, the venue and the journals themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from indexmaker.api.operations.v1 import operations_pb2
from indexmaker.api.solver.v1 import invoices_pb2, solver_pb2
from indexmaker.money import atoms_to_units, format_atoms, parse_atoms
from indexmaker.runtime import RuntimeFault
from indexmaker.runtime.verification import verify_chain, verify_snapshots
from indexmaker.solver.engine import SolverEngine
from indexmaker.storage import Database, SqlJournal
from indexmaker_evm.contracts import RequestState
from indexmaker_evm.devnet.client import DevnetClient

__all__ = ["Check", "JournalFacts", "check_chain", "check_invoices", "check_journal", "check_orders"]

_USDC_DECIMALS = 6
_TOKEN_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class JournalFacts:
    """What the journal's own verification says."""

    events: int
    verified: bool
    detail: str = ""


def check_orders(orders: Iterable[solver_pb2.IndexOrder]) -> list[Check]:
    """Each order is minted or paid, and its deposit or its proceeds are accounted for to the last unit."""
    checks = []
    for order in orders:
        name = order.terms.client_order_id
        if order.terms.side == solver_pb2.INDEX_SIDE_SELL:
            checks += _check_sale(order)
            continue
        minted = order.state == solver_pb2.INDEX_ORDER_STATE_MINTED
        checks.append(Check(f"{name} is minted", minted, solver_pb2.IndexOrderState.Name(order.state)))
        used = parse_atoms(order.assets_value) + parse_atoms(order.refund)
        used += sum(parse_atoms(fee.amount) for fee in order.fees)
        deposit = parse_atoms(order.deposit_amount or "0")
        detail = f"{format_atoms(deposit)} = {format_atoms(used)}"
        checks.append(Check(f"{name}: deposit = assets + fees + refund", deposit == used, detail))
    return checks


def _check_sale(order: solver_pb2.IndexOrder) -> list[Check]:
    name = order.terms.client_order_id
    paid = order.state == solver_pb2.INDEX_ORDER_STATE_PAID
    proceeds = parse_atoms(order.assets_value)
    used = parse_atoms(order.paid) + sum(parse_atoms(fee.amount) for fee in order.fees)
    detail = f"{format_atoms(proceeds)} = {format_atoms(used)}"
    return [
        Check(f"{name} is paid", paid, solver_pb2.IndexOrderState.Name(order.state)),
        Check(f"{name}: proceeds = payment + fees", proceeds == used, detail),
    ]


def check_invoices(invoices: Iterable[invoices_pb2.Invoice], batches: Iterable[operations_pb2.Batch]) -> list[Check]:
    """Each invoice is final and balances, its lots sum to it, and no lot is given away twice."""
    checks = []
    for invoice in invoices:
        whole, total = _sides(invoice)
        balanced = invoice.final and whole == total
        checks.append(Check(f"invoice {invoice.invoice_id} is final and balances", balanced, format_atoms(total)))
        value = sum(parse_atoms(lot.value) for lot in invoice.lots)
        fee = sum(parse_atoms(lot.fee) for lot in invoice.lots)
        stated = invoice.proceeds if _redeems(invoice) else invoice.assets_value
        summed = value == parse_atoms(stated) and fee == parse_atoms(invoice.venue_fees)
        checks.append(Check(f"invoice {invoice.invoice_id} is the sum of its lots", summed, format_atoms(value + fee)))
    open_batches = [batch.batch_id for batch in batches if not batch.closed]
    return [*checks, Check("every batch is closed", not open_batches, ", ".join(open_batches))]


def _redeems(invoice: invoices_pb2.Invoice) -> bool:
    return invoice.kind == invoices_pb2.INVOICE_KIND_REDEMPTION


def _sides(invoice: invoices_pb2.Invoice) -> tuple[int, int]:
    """What the invoice accounts for, and the sum of its uses. Of a redemption: money and tokens together."""
    uses = [invoice.venue_fees, invoice.routing_fees, invoice.rounding]
    if _redeems(invoice):
        whole = [invoice.proceeds, invoice.escrowed]
        uses += [invoice.paid, invoice.redemption_fee, invoice.burned, invoice.returned]
    else:
        whole = [invoice.deposit]
        uses += [invoice.assets_value, invoice.management_fee, invoice.refund]
    return sum(map(parse_atoms, whole)), sum(parse_atoms(use or "0") for use in uses)


async def check_chain(
    devnet: DevnetClient, invoices: Iterable[invoices_pb2.Invoice], *, before: dict[str, int]
) -> list[Check]:
    """Tokens and dollars on the chain are what the invoices say; `before` holds dollars per address at the start."""
    checks = []
    units: Counter[tuple[str, str]] = Counter()
    dollars: Counter[str] = Counter(before)
    for invoice in invoices:
        address = invoice.account.address
        count = atoms_to_units(parse_atoms(invoice.units), _TOKEN_DECIMALS)
        if _redeems(invoice):
            units[address, invoice.index] -= count
            dollars[address] += atoms_to_units(parse_atoms(invoice.paid), _USDC_DECIMALS)
        else:
            units[address, invoice.index] += count
            paid = parse_atoms(invoice.deposit) - parse_atoms(invoice.refund)
            dollars[address] -= atoms_to_units(paid, _USDC_DECIMALS)
        request = await devnet.request(invoice.index, int(invoice.request_id))
        settled = request.state is RequestState.SETTLED and request.owed == 0
        checks.append(Check(f"request {invoice.index}/{invoice.request_id} is settled", settled, request.state.name))
    for (address, symbol), expected in sorted(units.items()):
        held = await devnet.index_balance(devnet.arbitrum.w3.to_checksum_address(address), symbol=symbol)
        checks.append(Check(f"{address} holds the {symbol} of its invoices", held == expected, f"{held} = {expected}"))
    for address in sorted({address for address, _ in units}):
        held = await devnet.usdc_balance(devnet.arbitrum.w3.to_checksum_address(address))
        same = held == dollars[address]
        checks.append(Check(f"{address} got its refunds and payments", same, f"{held} = {dollars[address]}"))
    for symbol in sorted({symbol for _, symbol in units}):
        supply = await devnet.token(symbol).functions.totalSupply().call()
        expected = sum(count for (_, one), count in units.items() if one == symbol)
        checks.append(
            Check(f"supply of {symbol} is what was minted and not burned", supply == expected, f"{supply} = {expected}")
        )
    return checks


def check_journal(database: Path) -> JournalFacts:
    """Recompute the hash chain and replay the journal from the start and from each snapshot."""
    with Database(database) as opened:
        journal = SqlJournal(opened, SolverEngine.name)
        try:
            head = verify_chain(journal)
            _, snapshots = verify_snapshots(SolverEngine, journal)
        except RuntimeFault as fault:
            return JournalFacts(events=journal.head().sequence, verified=False, detail=str(fault))
    problems = [str(snapshot.problem) for snapshot in snapshots if snapshot.problem]
    return JournalFacts(events=head.sequence, verified=not problems, detail="; ".join(problems))
