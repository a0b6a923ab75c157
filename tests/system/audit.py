"""What must be true at the end, whatever happened on the way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from indexmaker.ledger import Ledger, OwnerKind
from indexmaker.money import format_atoms, parse_atoms
from indexmaker.runtime import Journal
from indexmaker.runtime.verification import verify_chain, verify_snapshots
from indexmaker.solver.engine import SolverEngine
from system.outside import Outside


def check_books(ledger: Ledger, balances: Mapping[str, int]) -> None:
    """The ledger balances, and says of every asset at the venue exactly what the venue says, in atoms."""
    assert ledger.balanced()
    ours: dict[str, int] = defaultdict(int)
    for account, atoms in ledger:
        if account.place == "venue:mock" and account.kind is not OwnerKind.EXTERNAL:
            ours[account.asset] += atoms
    theirs = {asset: format_atoms(atoms) for asset, atoms in balances.items() if atoms}
    assert {asset: format_atoms(atoms) for asset, atoms in ours.items() if atoms} == theirs


def check_once(outside: Outside) -> None:
    """No deed was done twice, and what was said twice was said in the same words."""
    for asked, name in (
        (outside.venue.sent, "client_order_id"),
        (outside.bridge.asked, "transfer_id"),
        (outside.chain.asked, "command_id"),
    ):
        words: dict[str, bytes] = {}
        for request in asked:
            text = request.SerializeToString(deterministic=True)
            assert words.setdefault(getattr(request, name), text) == text
    deposits = [event.deposit_requested for event in outside.chain.told("deposit_requested")]
    for body in ("request_committed", "request_settled"):
        ids = [getattr(event, body).request_id for event in outside.chain.told(body)]
        assert sorted(ids) == sorted(request.request_id for request in deposits), body
    started = sum(parse_atoms(transfer.amount_in) for transfer in outside.bridge.transfers.values())
    assert started == sum(parse_atoms(request.amount) for request in deposits)


def check_journal(journal: Journal) -> None:
    """The hash chain holds, and replay leads to the same states."""
    head = verify_chain(journal)
    final, checks = verify_snapshots(SolverEngine, journal)
    assert final.sequence == head.sequence
    assert checks
    assert not [check for check in checks if check.problem]


def check_invoices(engine: SolverEngine, outside: Outside) -> None:
    """What was settled on the chain is what was deposited, to the unit."""
    deposits = {
        event.deposit_requested.request_id: event.deposit_requested for event in outside.chain.told("deposit_requested")
    }
    settled = [event.request_settled for event in outside.chain.told("request_settled")]
    for one in settled:
        parts = sum(map(parse_atoms, (one.spent, one.fee, one.back)))
        assert parts == parse_atoms(deposits[one.request_id].amount)
    minted = sum(order.units for order in engine.state.orders.values())
    assert sum(parse_atoms(one.out) for one in settled) == minted
