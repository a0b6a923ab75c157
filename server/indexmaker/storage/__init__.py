"""The database: journal, snapshots, leases, report log, invoices and index values on SQLite or PostgreSQL."""

from indexmaker.storage.chain_cursors import ChainCursors
from indexmaker.storage.database import Database
from indexmaker.storage.errors import (
    DatabaseUnavailableError,
    SchemaOutdatedError,
    StorageError,
)
from indexmaker.storage.invoices import InvoiceArchive, IssuedInvoice, NewInvoice, Settlement
from indexmaker.storage.journal import SqlJournal, engines_of
from indexmaker.storage.leases import SqlLeases
from indexmaker.storage.nav_history import NavHistory, NavPoint
from indexmaker.storage.recorder import ReportRecorder
from indexmaker.storage.report_log import Cursor, Report, ReportLog
from indexmaker.storage.schema import check, upgrade

__all__ = [
    "ChainCursors",
    "Cursor",
    "Database",
    "DatabaseUnavailableError",
    "InvoiceArchive",
    "IssuedInvoice",
    "NavHistory",
    "NavPoint",
    "NewInvoice",
    "Report",
    "ReportLog",
    "ReportRecorder",
    "SchemaOutdatedError",
    "Settlement",
    "SqlJournal",
    "SqlLeases",
    "StorageError",
    "check",
    "engines_of",
    "upgrade",
]
