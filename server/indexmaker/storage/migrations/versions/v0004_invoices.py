"""Keep invoices as they were issued, and their settlements."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _sqlite_guards(name: str, same: str) -> Iterator[str]:
    for deed in ("UPDATE", "DELETE"):
        yield f"""CREATE TRIGGER {name}_no_{deed.lower()} BEFORE {deed} ON {name}
            BEGIN SELECT RAISE(ABORT, '{name} only grows: {deed} refused'); END"""
    # INSERT OR REPLACE deletes without firing the trigger above.
    yield f"""CREATE TRIGGER {name}_no_replace BEFORE INSERT ON {name}
        WHEN EXISTS (SELECT 1 FROM {name} WHERE {same})
        BEGIN SELECT RAISE(ABORT, '{name} only grows: the row exists'); END"""  # noqa: S608 - names of this module only


def _postgresql_guards(name: str) -> Iterator[str]:
    yield f"""CREATE FUNCTION {name}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{name} only grows: % refused', TG_OP; END $$"""
    yield f"""CREATE TRIGGER {name}_no_change BEFORE UPDATE OR DELETE ON {name}
        FOR EACH ROW EXECUTE FUNCTION {name}_refuse()"""
    yield f"""CREATE TRIGGER {name}_no_truncate BEFORE TRUNCATE ON {name}
        FOR EACH STATEMENT EXECUTE FUNCTION {name}_refuse()"""


def upgrade() -> None:
    """Create both tables with their guards."""
    op.create_table(
        "invoices",
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("kind", sa.String(16), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("invoice_id", sa.String(64), nullable=False),
        sa.Column("order_id", sa.String(64), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_invoices_id", "invoices", ["engine", "invoice_id"], unique=True)
    op.create_index("ix_invoices_account", "invoices", ["engine", "account", "sequence"])
    op.create_table(
        "invoice_settlements",
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("invoice_id", sa.String(64), primary_key=True),
        sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tx_hash", sa.String(66), nullable=False),
        sa.Column("block", sa.BigInteger, nullable=False),
        sa.Column("final", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    keys = {
        "invoices": "engine = NEW.engine AND (invoice_id = NEW.invoice_id OR (kind, number) = (NEW.kind, NEW.number))",
        "invoice_settlements": "(engine, invoice_id, sequence) = (NEW.engine, NEW.invoice_id, NEW.sequence)",
    }
    for name, same in keys.items():
        for statement in _postgresql_guards(name) if postgresql else _sqlite_guards(name, same):
            op.execute(statement)
