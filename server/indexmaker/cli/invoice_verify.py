"""`indexmaker invoice verify`: recompute an invoice from the journal, and ask venue and chain where they are given."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from indexmaker.cli.client_options import print_table
from indexmaker.config import ConfigurationFault, load_settings
from indexmaker.runtime import RuntimeFault
from indexmaker.services.guardian.judge import Outcome
from indexmaker.services.guardian.verifying import Sources, UnknownInvoiceError, find_invoice, verify_found
from indexmaker.solver.guardian import Check
from indexmaker.storage import Database, SqlJournal, StorageError, check

__all__ = ["CHECKED", "MISMATCH", "NO_ANSWER", "USAGE", "verify_by_journal"]

CHECKED, MISMATCH, USAGE, NO_ANSWER = 0, 1, 2, 3

_TEXTS = {
    Check.JOURNAL: "the journal's hash chain",
    Check.IDENTITY: "order, account, index, gate, request and transfer are those of the journal",
    Check.BALANCE: "the lines add up",
    Check.PRECISION: "amounts fit their tokens",
    Check.ROUTING_FEE: "the share of the transfer's fee",
    Check.MANAGEMENT_FEE: "management or redemption fee",
    Check.LOT: "prices, values and commissions of the lots",
    Check.OVERASSIGNED: "no trade is given out twice",
    Check.UNITS: "index tokens and basket",
    Check.LIMIT: "limits of the order",
    Check.RELIEF: "what the house did not charge",
    Check.ROOT: "Merkle root of the lots",
    Check.SIGNATURE: "the guardian's signature",
    Check.VENUE: "the venue's own trades",
    Check.CHAIN: "the request as the gate logged it",
    Check.SETTLEMENT: "the settlement as the gate logged it",
}


def verify_by_journal(
    invoice_id: str, *, journal: str, config: Path | None, chain: str, venue: Mapping[str, str], json: bool
) -> int:
    """Print every check by name; the exit status says what came of them."""
    try:
        database, sources = _sources(journal, config, chain, venue)
        check(database)
        with Database(database, read_only=True) as opened:
            found = find_invoice(SqlJournal(opened, "solver"), invoice_id)
        results = asyncio.run(verify_found(found, sources))
    except (ConfigurationFault, StorageError, UnknownInvoiceError) as fault:
        print(fault, file=sys.stderr)
        return USAGE
    except RuntimeFault as fault:
        results = (Outcome(check=Check.JOURNAL, findings=(str(fault),)),)
        sources = Sources()
    _print(results, json=json)
    return _status(results, sources)


def _sources(journal: str, config: Path | None, chain: str, venue: Mapping[str, str]) -> tuple[str, Sources]:
    if journal:
        return journal, Sources(chain=chain, venues=venue)
    settings = load_settings(config or Path("indexmaker.toml"))
    venues = {name: settings.socket(terms.order_entry) for name, terms in settings.venues.items()}
    sources = Sources(chain=chain or settings.socket(settings.chain_plugin), venues=venues | dict(venue))
    return settings.core.database, sources


def _status(results: tuple[Outcome, ...], sources: Sources) -> int:
    if any(one.findings for one in results):
        return MISMATCH
    wanted = {Check.CHAIN: bool(sources.chain), Check.VENUE: bool(sources.venues)}
    silent = any(wanted.get(one.check, False) and not one.asked for one in results)
    return NO_ANSWER if silent else CHECKED


def _print(results: tuple[Outcome, ...], *, json: bool) -> None:
    if json:
        for one in results:
            print(msgspec.json.encode(one).decode(), flush=True)
        return
    rows = [(one.check.value, _word(one), _TEXTS.get(one.check, "") + _why(one)) for one in results]
    print_table(("check", "", "what"), rows)
    if unasked := [one.check.value for one in results if not one.asked]:
        print(f"not asked: {', '.join(unasked)}")


def _word(outcome: Outcome) -> str:
    if outcome.findings:
        return "FAIL"
    return "ok" if outcome.asked else "-"


def _why(outcome: Outcome) -> str:
    why = "; ".join(outcome.findings) or outcome.note
    return f": {why}" if why else ""
