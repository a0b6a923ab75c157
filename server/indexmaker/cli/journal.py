"""`indexmaker journal`: look into an engine's journal and prove it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TextIO

import msgspec
from cyclopts import App, Parameter

from indexmaker.cli.engines import EngineNotFoundError, engine_factory
from indexmaker.runtime import Entry, RuntimeFault
from indexmaker.runtime.verification import replay as replay_journal
from indexmaker.runtime.verification import verify_chain, verify_snapshots
from indexmaker.storage import Database, SqlJournal, StorageError, check, engines_of

__all__ = ["app"]

app = App(name="journal", help="Inspect and verify the journal of an engine. Nothing here changes it.")

OK, MISMATCH, USAGE = 0, 1, 2

Db = Annotated[str, Parameter(help="Database URL, or the path of an SQLite file.", env_var="INDEXMAKER_DB")]
EngineName = Annotated[str, Parameter(help="solver, exchange, or package.module:Class.")]
Json = Annotated[bool, Parameter(name="--json", help="Print JSON.", negative="")]


@app.command
def verify(*, db: Db, engine: EngineName, chain_only: bool = False, json: Json = False) -> int:
    """Recompute the hash chain, replay from the start and from each snapshot, and compare the states.

    Exit code 0: everything agrees; 1: it does not, the message says where; 2: nothing could be checked.

    Parameters
    ----------
    chain_only
        Leave the replay out.
    """
    with _reporting(json=json) as report, _journal(db, engine) as journal:
        head = verify_chain(journal)
        report |= {"engine": journal.engine, "entries": head.sequence, "chain": head.hash.hex()}
        if not chain_only:
            final, checks = verify_snapshots(engine_factory(engine), journal)
            report |= {"state": final.state_hash.hex(), "snapshots": [msgspec.to_builtins(one) for one in checks]}
            if any(one.problem for one in checks):
                report["code"] = MISMATCH
    return _finish(report, json=json)


@app.command
def tail(*, db: Db, engine: EngineName, lines: int = 20, json: Json = False) -> int:
    """Print the last entries of the journal.

    Parameters
    ----------
    lines
        How many.
    """
    with _reporting(json=json) as report, _journal(db, engine) as journal:
        for entry in journal.read(journal.head().sequence - lines + 1):
            sys.stdout.write(_line(entry) if json else _text(entry))
    return _finish(report, json=json, quiet=True)


@app.command
def export(
    *,
    db: Db,
    engine: EngineName,
    output: Path | None = None,
    from_sequence: int = 1,
    to_sequence: int | None = None,
    json: Json = False,
) -> int:
    """Write entries as JSON lines: sequence, at (UTC nanoseconds), epoch, schema_version, event, hash.

    Parameters
    ----------
    output
        A file; standard output when it is left out.
    from_sequence
        The first entry.
    to_sequence
        The last entry.
    """
    with _reporting(json=json) as report, _journal(db, engine) as journal, _writing(output) as stream:
        for entry in journal.read(from_sequence, to_sequence=to_sequence):
            stream.write(_line(entry))
            report["entries"] = report.get("entries", 0) + 1
    return _finish(report, json=json, quiet=output is None)


@app.command
def replay(
    *, db: Db, engine: EngineName, to_sequence: int | None = None, state: Path | None = None, json: Json = False
) -> int:
    """Run a fresh engine over the journal and print the hash of the state it ends in.

    Parameters
    ----------
    to_sequence
        Stop after this entry; the state of any moment in the past can be had so.
    state
        Write the state's bytes into this file.
    """
    with _reporting(json=json) as report, _journal(db, engine) as journal:
        final = replay_journal(engine_factory(engine)(), journal, to_sequence=to_sequence)
        if state is not None:
            state.write_bytes(final.state)
        report |= {"engine": journal.engine, "sequence": final.sequence, "state": final.state_hash.hex()}
    return _finish(report, json=json)


@contextmanager
def _journal(db: str, engine: str) -> Iterator[SqlJournal]:
    check(db)
    name = engine_factory(engine)().name if ":" in engine else engine
    with Database(db) as database:
        known = engines_of(database)
        if name not in known:
            there = f"it has {', '.join(known)}" if known else "it has none yet"
            raise EngineNotFoundError(f"this database has no journal of the engine {name!r}; {there}")
        yield SqlJournal(database, name)


@contextmanager
def _writing(output: Path | None) -> Iterator[TextIO]:
    if output is None:
        yield sys.stdout
    else:
        with output.open("w", encoding="utf-8") as stream:
            yield stream


@contextmanager
def _reporting(*, json: bool) -> Iterator[dict[str, Any]]:
    """Collects what a command found; turns errors into exit codes."""
    report: dict[str, Any] = {"code": OK}
    try:
        yield report
    except BrokenPipeError:
        raise  # whoever read the output has seen enough
    except RuntimeFault as fault:
        report |= {"code": MISMATCH, "error": type(fault).__name__, "message": str(fault)}
    except (StorageError, EngineNotFoundError, OSError) as fault:
        report |= {"code": USAGE, "error": type(fault).__name__, "message": str(fault)}


def _finish(report: dict[str, Any], *, json: bool, quiet: bool = False) -> int:
    code: int = report.pop("code")
    if json and not (quiet and code == OK):
        sys.stdout.write(msgspec.json.encode({"ok": code == OK, **report}).decode() + "\n")
    elif "message" in report:
        sys.stderr.write(f"{report['message']}\n")
    elif not quiet:
        for key, value in report.items():
            sys.stdout.write(f"{key:<10} {value}\n")
    return code


def _line(entry: Entry) -> str:
    fields = {
        "sequence": entry.sequence,
        "at": entry.at,
        "epoch": entry.epoch,
        "schema_version": entry.schema_version,
        "event": msgspec.Raw(entry.payload),
        "hash": entry.hash.hex(),
    }
    return msgspec.json.encode(fields).decode() + "\n"


def _text(entry: Entry) -> str:
    return f"{entry.sequence:>8} {entry.at} epoch {entry.epoch} {entry.payload.decode()}\n"
