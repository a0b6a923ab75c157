"""`indexmaker journal` and `indexmaker db`: what they print and how they end."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cyclopts import App

from indexmaker.cli import db, journal
from indexmaker.runtime import state_hash
from indexmaker.storage import Database, upgrade
from runtime.toy import ToyEngine, asks
from storage.session import run_session

TOY = "runtime.toy:ToyEngine"


class Session:
    """A database in which the toy engine has applied nine events."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        upgrade(path)
        with Database(path) as database:
            self.engine: ToyEngine = asyncio.run(run_session(database, asks(9), snapshot_every=4))
        self.state = state_hash(self.engine.dump()).hex()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path / "toy.db")


def run(app: App, *arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        app(arguments)
    return int(end.value.code or 0)


def last_json(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(capsys.readouterr().out.splitlines()[-1])
    return found


def test_verify_replays_from_the_start_and_from_every_snapshot(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(journal.app, "verify", "--db", session.path, "--engine", TOY, "--json") == 0
    report = last_json(capsys)
    assert (report["ok"], report["entries"], report["state"]) == (True, 9, session.state)
    assert report["snapshots"]
    assert all(one["problem"] is None for one in report["snapshots"])


def test_verify_ends_with_one_and_the_place_when_the_chain_breaks(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    stranger = sqlite3.connect(session.path)
    stranger.execute("DROP TRIGGER journal_entries_no_update")
    stranger.execute("UPDATE journal_entries SET at = at + 1 WHERE sequence = 4")
    stranger.commit()
    stranger.close()
    assert run(journal.app, "verify", "--db", session.path, "--engine", TOY, "--json") == 1
    report = last_json(capsys)
    assert (report["ok"], report["error"]) == (False, "ChainMismatchError")
    assert "breaks at sequence 4" in report["message"]


def test_verify_ends_with_one_when_a_snapshot_holds_another_state(
    session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = ToyEngine().dump()
    stranger = sqlite3.connect(session.path)
    stranger.execute("UPDATE snapshots SET state = ?, state_hash = ? WHERE sequence = 9", (wrong, state_hash(wrong)))
    stranger.commit()
    stranger.close()
    assert run(journal.app, "verify", "--db", session.path, "--engine", TOY, "--json") == 1
    report = last_json(capsys)
    assert [one["sequence"] for one in report["snapshots"] if one["problem"]] == [9]
    assert run(journal.app, "verify", "--db", session.path, "--engine", TOY, "--chain-only") == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["verify", "--engine", TOY],
        ["verify", "--db", "/nowhere/toy.db", "--engine", TOY],
        ["verify", "--db", "{db}", "--engine", "nosuch"],
        ["replay", "--db", "{db}", "--engine", "nosuch.module:Engine"],
    ],
)
def test_what_cannot_be_checked_ends_with_two(
    session: Session, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run(journal.app, *(word.format(db=session.path) for word in arguments)) == 2
    assert capsys.readouterr().err


def test_tail_prints_the_last_entries(session: Session, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(journal.app, "tail", "--db", session.path, "--engine", "toy", "--lines", "2") == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["8", "9"]


def test_export_writes_every_entry_with_exact_amounts(session: Session, tmp_path: Path) -> None:
    target = tmp_path / "journal.jsonl"
    arguments = ["--db", session.path, "--engine", "toy", "--output", str(target), "--from-sequence", "4"]
    assert run(journal.app, "export", *arguments) == 0
    lines = [msgspec.json.decode(line) for line in target.read_bytes().splitlines()]
    assert [line["sequence"] for line in lines] == [4, 5, 6, 7, 8, 9]
    assert lines[0]["event"] == {"type": "Ask", "key": "k3", "amount": 10**20 + 3}


def test_replay_gives_the_state_of_any_moment(
    session: Session, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "state"
    replay = ["replay", "--db", session.path, "--engine", TOY, "--json"]
    assert run(journal.app, *replay, "--state", str(target)) == 0
    assert last_json(capsys)["state"] == session.state
    assert target.read_bytes() == session.engine.dump()
    assert run(journal.app, *replay, "--to-sequence", "3") == 0
    report = last_json(capsys)
    assert report["sequence"] == 3
    assert report["state"] != session.state


def test_db_upgrade_creates_what_db_check_wants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "new.db")
    assert run(db.app, "check", "--db", path) == 2
    sqlite3.connect(path).close()
    assert run(db.app, "check", "--db", path) == 1
    assert "indexmaker db upgrade" in capsys.readouterr().err
    assert run(db.app, "upgrade", "--db", path) == 0
    assert run(db.app, "check", "--db", path, "--json") == 0
    assert last_json(capsys)["ok"] is True
