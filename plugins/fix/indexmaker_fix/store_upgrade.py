"""Files of before, in which a comp id alone named a session; each belonged to one account."""

from __future__ import annotations

import sqlite3

__all__ = ["upgrade"]

_BY_ACCOUNT = """
BEGIN IMMEDIATE;
ALTER TABLE outgoing RENAME COLUMN comp_id TO session_id;
ALTER TABLE incoming RENAME COLUMN comp_id TO session_id;
ALTER TABLE cancel RENAME COLUMN comp_id TO session_id;
UPDATE outgoing SET session_id = (SELECT s.comp_id || '@' || s.account FROM session s WHERE s.comp_id = session_id);
UPDATE incoming SET session_id = (SELECT s.comp_id || '@' || s.account FROM session s WHERE s.comp_id = session_id);
UPDATE cancel SET session_id = (SELECT s.comp_id || '@' || s.account FROM session s WHERE s.comp_id = session_id);
CREATE TABLE session_by_account (
    comp_id TEXT NOT NULL,
    account TEXT NOT NULL,
    next_in INTEGER NOT NULL,
    next_out INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (comp_id, account)
) WITHOUT ROWID;
INSERT INTO session_by_account SELECT comp_id, account, next_in, next_out, changed_at FROM session;
DROP TABLE session;
ALTER TABLE session_by_account RENAME TO session;
COMMIT;
"""


def upgrade(database: sqlite3.Connection) -> None:
    """Bring a file up to date; a new or present one stays as it is."""
    columns = {row[1] for row in database.execute("PRAGMA table_info(outgoing)")}
    if "comp_id" in columns:
        database.executescript(_BY_ACCOUNT)
