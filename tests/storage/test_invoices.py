"""Invoices are numbered without gaps by kind, never changed, and come out the same from a replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from indexmaker.storage import Database, InvoiceArchive, NewInvoice, Report, Settlement, upgrade


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    upgrade(tmp_path / "t.db")
    with Database(tmp_path / "t.db") as opened:
        yield opened


def report(sequence: int, invoice_id: str, *, kind: str = "mint", order: str = "o-1", final: bool = False) -> Report:
    new = NewInvoice(
        order_id=order,
        account="1:0xa",
        document=msgspec.Raw(f'{{"invoice":"{invoice_id}"}}'.encode()),
        settlement=Settlement(tx_hash=f"0x{sequence}", block=sequence, final=final, at=sequence),
    )
    return Report(sequence, 1, kind, invoice_id, msgspec.json.encode(new))


async def test_numbers_have_no_gaps_within_a_kind(database: Database) -> None:
    archive = InvoiceArchive(database, "solver")
    await archive.write([report(3, "i-a"), report(5, "i-b", order="o-2")], through=5)
    await archive.write([report(9, "r-a", kind="redemption", order="o-3"), report(12, "i-c", order="o-4")], through=12)
    issued = [(one.kind, one.number, one.invoice_id) for one in archive.newest()]
    assert issued == [("mint", 3, "i-c"), ("redemption", 1, "r-a"), ("mint", 2, "i-b"), ("mint", 1, "i-a")]
    assert archive.head() == 12


async def test_a_replay_changes_nothing(database: Database) -> None:
    archive = InvoiceArchive(database, "solver")
    reports = [report(3, "i-a"), report(5, "i-b", order="o-2"), report(7, "i-a", final=True)]
    await archive.write(reports, through=7)
    before = archive.newest()
    await archive.write(reports, through=7)
    assert archive.newest() == before


async def test_the_newest_settlement_counts_and_the_document_stays(database: Database) -> None:
    archive = InvoiceArchive(database, "solver")
    await archive.write([report(3, "i-a")], through=3)
    first = archive.get("i-a")
    assert first is not None
    assert not first.settlement.final
    await archive.write([report(8, "i-a", final=True)], through=8)
    second = archive.get("i-a")
    assert second is not None
    assert (second.settlement.tx_hash, second.settlement.final) == ("0x8", True)
    assert (second.document, second.number, second.sequence) == (first.document, 1, 3)


async def test_an_invoice_that_was_replaced_says_by_which(database: Database) -> None:
    archive = InvoiceArchive(database, "solver")
    await archive.write([report(3, "i-a"), report(9, "i-b")], through=9)
    replaced = archive.get("i-a")
    assert replaced is not None
    assert replaced.replaced_by == "i-b"
    assert archive.get("i-none") is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE invoices SET document = x'00'",
        "DELETE FROM invoices",
        "INSERT OR REPLACE INTO invoices SELECT * FROM invoices",
        "UPDATE invoice_settlements SET final = 1",
        "DELETE FROM invoice_settlements",
    ],
)
async def test_the_database_refuses_every_change(database: Database, statement: str) -> None:
    await InvoiceArchive(database, "solver").write([report(3, "i-a")], through=3)
    with pytest.raises(sa.exc.DatabaseError, match="only grows"):
        await database.write(lambda connection: connection.execute(sa.text(statement)))


async def test_a_reader_of_the_database_cannot_write(database: Database) -> None:
    with Database(database.url.database or "", read_only=True) as reader, pytest.raises(sa.exc.DatabaseError):
        await InvoiceArchive(reader, "solver").write([report(3, "i-a")], through=3)
