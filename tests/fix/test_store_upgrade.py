"""Files of before keep their sessions, messages and requests."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from indexmaker_fix.message import Message, encode
from indexmaker_fix.store import SessionRow, Store

ACCOUNT = "42161:0x" + "11" * 20
OLD = """
CREATE TABLE session (
    comp_id TEXT PRIMARY KEY, account TEXT NOT NULL, next_in INTEGER NOT NULL, next_out INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE outgoing (
    comp_id TEXT NOT NULL, number INTEGER NOT NULL, message TEXT NOT NULL, PRIMARY KEY (comp_id, number)
) WITHOUT ROWID;
CREATE TABLE incoming (
    place INTEGER PRIMARY KEY AUTOINCREMENT, comp_id TEXT NOT NULL, number INTEGER NOT NULL, message TEXT NOT NULL,
    UNIQUE (comp_id, number)
);
CREATE TABLE cancel (
    comp_id TEXT NOT NULL, order_id TEXT NOT NULL, cancel_id TEXT NOT NULL, PRIMARY KEY (comp_id, order_id)
) WITHOUT ROWID;
"""


def message(number: int) -> Message:
    return Message(header={"MsgType": "8", "MsgSeqNum": str(number)}, body={"Text": "hello"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fix.sqlite3"
    database = sqlite3.connect(path)
    database.executescript(OLD)
    for name, account in (("DESK1", ACCOUNT), ("DESK2", ACCOUNT.replace("1" * 40, "2" * 40))):
        database.execute("INSERT INTO session VALUES (?, ?, 5, 6, 7)", (name, account))
        database.execute("INSERT INTO outgoing VALUES (?, 3, ?)", (name, encode(message(3))))
        database.execute("INSERT INTO incoming (comp_id, number, message) VALUES (?, 4, ?)", (name, encode(message(4))))
        database.execute("INSERT INTO cancel VALUES (?, 'o-1', ?)", (name, f"c-{name}"))
    database.commit()
    database.close()
    return path


@pytest.mark.parametrize("times", [1, 2])
def test_everything_is_found_under_the_account_s_own_name(file: Path, times: int) -> None:
    for _ in range(times - 1):
        Store(file).close()
    store = Store(file)
    first = store.sessions()[0]
    assert first == SessionRow("DESK1", ACCOUNT, 5, 6, 7)
    assert [one.number for one in store.kept(first.session_id, begin=1, end=9, limit=9)] == [3]
    assert [one.session_id for one in store.pending()] == [one.session_id for one in store.sessions()]
    assert [store.cancel_id(one.session_id, "o-1") for one in store.sessions()] == ["c-DESK1", "c-DESK2"]
    store.close()
