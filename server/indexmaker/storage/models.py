"""The tables. Migrations create them; a test holds the two together."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "Base",
    "ChainCursorRow",
    "InvoiceRow",
    "InvoiceSettlementRow",
    "JournalEntryRow",
    "LeaseRow",
    "NavPointRow",
    "ReportHeadRow",
    "ReportRow",
    "SnapshotRow",
    "table",
]


class Base(DeclarativeBase):
    """All tables of an engine's database."""


class JournalEntryRow(Base):
    """One event of one engine; never updated, never deleted (triggers see to it)."""

    __tablename__ = "journal_entries"
    __table_args__ = ({"sqlite_with_rowid": False},)

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(BigInteger)
    """UTC nanoseconds."""
    epoch: Mapped[int] = mapped_column(BigInteger)
    schema_version: Mapped[int] = mapped_column(Integer)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class SnapshotRow(Base):
    """An engine's state at one sequence."""

    __tablename__ = "snapshots"

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(BigInteger)
    epoch: Mapped[int] = mapped_column(BigInteger)
    schema_version: Mapped[int] = mapped_column(Integer)
    chain_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    state_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    state: Mapped[bytes] = mapped_column(LargeBinary)


class LeaseRow(Base):
    """Who may write an engine's journal."""

    __tablename__ = "leases"

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    epoch: Mapped[int] = mapped_column(BigInteger)
    owner: Mapped[str] = mapped_column(String(200))
    host: Mapped[str] = mapped_column(String(255))
    scope: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(BigInteger)
    started: Mapped[str] = mapped_column(String(64))
    acquired_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)


class ReportRow(Base):
    """An output that clients stream and resume from; rebuilt from the journal when lost."""

    __tablename__ = "report_log"
    __table_args__ = (
        Index("ix_report_log_key", "engine", "kind", "key", "sequence", "idx"),
        {"sqlite_with_rowid": False},
    )

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(200))
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class ReportHeadRow(Base):
    """The sequence up to which an engine's reports are complete, events without reports included."""

    __tablename__ = "report_heads"

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger)


class ChainCursorRow(Base):
    """How far an engine's process has read one chain."""

    __tablename__ = "chain_cursors"

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    chain_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    block_number: Mapped[int] = mapped_column(BigInteger)
    block_hash: Mapped[str] = mapped_column(String(66))


class NavPointRow(Base):
    """What a unit of an index was worth at one time."""

    __tablename__ = "nav_history"

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    value: Mapped[str] = mapped_column(String(64))
    """Decimal, in whole units of the collateral."""
    oldest_ns: Mapped[int] = mapped_column(BigInteger)


class InvoiceRow(Base):
    """An invoice as it was issued; never updated, never deleted (triggers see to it)."""

    __tablename__ = "invoices"
    __table_args__ = (
        Index("ix_invoices_id", "engine", "invoice_id", unique=True),
        Index("ix_invoices_account", "engine", "account", "sequence"),
        {"sqlite_with_rowid": False},
    )

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """From 1, without gaps, in the order of issue."""
    invoice_id: Mapped[str] = mapped_column(String(64))
    order_id: Mapped[str] = mapped_column(String(64))
    account: Mapped[str] = mapped_column(String(64))
    sequence: Mapped[int] = mapped_column(BigInteger)
    """Journal entry with which it was issued."""
    document: Mapped[bytes] = mapped_column(LargeBinary)


class InvoiceSettlementRow(Base):
    """A settlement of an invoice as the chain showed it; the newest one counts. Rows are only added."""

    __tablename__ = "invoice_settlements"
    __table_args__ = ({"sqlite_with_rowid": False},)

    engine: Mapped[str] = mapped_column(String(64), primary_key=True)
    invoice_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tx_hash: Mapped[str] = mapped_column(String(66))
    block: Mapped[int] = mapped_column(BigInteger)
    final: Mapped[bool] = mapped_column(Boolean)
    at: Mapped[int] = mapped_column(BigInteger)


def table(model: type[Base]) -> Table:
    """The table of a model, for statements that move many rows."""
    found = model.__table__
    assert isinstance(found, Table)
    return found
