"""`indexmaker plugin`: which plugins are installed, and one of them run by hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from indexmaker.connectors.registry import Found, discover

__all__ = ["app"]

app = App(
    name="plugin",
    help="""List and run connector plugins.

    A plugin connects the core to a venue, a chain, a bridge or a client protocol, in a process of its own. Any
    installed distribution may bring some, with an entry point of the group `indexmaker.connectors`.
    """,
)


@app.command(name="list")
def list_(
    *, json: Annotated[bool, Parameter(name="--json", help="Print JSON, one object a line.", negative="")] = False
) -> int:
    """Show every installed plugin: its roles, where it comes from, and what keeps it from running.

    Nothing is started or connected. Exit codes: 0 all can run, 1 at least one cannot.

    Examples:

        indexmaker plugin list

        indexmaker plugin list --json | jq -r .name
    """
    found = list(discover())
    if json:
        for one in found:
            sys.stdout.buffer.write(msgspec.json.encode(_row(one)) + b"\n")
        sys.stdout.flush()
    else:
        _print_table(found)
    return 1 if any(_trouble(one) for one in found) else 0


@app.command
def run(
    name: str,
    *,
    standalone: Annotated[bool, Parameter(negative="")] = False,
    config: Path | None = None,
    listen: str = "",
    data_dir: Path | None = None,
) -> int:
    """Run one plugin in this process.

    The supervisor (`indexmaker up`) starts plugins by itself; by hand, for debugging, say --standalone. The first
    line on standard output is JSON and tells the address; logs are JSON lines on standard error; Ctrl-C drains and
    stops. Reflection is on, so grpcurl works:

        indexmaker plugin run evm --standalone --config evm.toml --listen unix:/tmp/im/evm.sock

        grpcurl -plaintext -unix /tmp/im/evm.sock list

    Exit codes: 0 stopped in order, 1 its work failed, 64 not standalone and no supervisor, 78 something to mend.

    Parameters
    ----------
    name
        As `plugin list` shows it, or `package.module:Class` of a connector under development.
    standalone
        Serve without a supervisor.
    config
        JSON or TOML file with the plugin's configuration; secrets only as `file:/path` or `env:NAME`.
    listen
        Address, `unix:/path` in a directory that only you may enter; by default a new one.
    data_dir
        Directory that it keeps its journal in; by default one that is deleted at the end.
    """
    from indexmaker.connectors.host import run_plugin  # loads gRPC, which the other commands do without
    from indexmaker.connectors.host_options import HostOptions

    return run_plugin(
        HostOptions(
            plugin=name,
            name=name.rpartition(":")[2].lower(),
            listen=listen,
            data_dir=data_dir.absolute() if data_dir else None,
            standalone=standalone,
            config=config,
        )
    )


def _row(found: Found) -> dict[str, Any]:
    manifest = found.manifest
    return {
        "name": found.name,
        "summary": manifest.summary if manifest else "",
        "roles": list(manifest.roles) if manifest else [],
        "distribution": f"{found.distribution} {found.version}".strip(),
        "extra": manifest.extra if manifest else "",
        "missing": list(found.missing()),
        "error": _trouble(found),
    }


def _trouble(found: Found) -> str:
    """Why a plugin cannot run; empty when it can."""
    if found.error:
        return found.error
    manifest = found.manifest
    elsewhere = manifest is not None and bool(manifest.python or manifest.argv)
    missing = () if elsewhere else found.missing()
    return f"needs {', '.join(missing)}; run: {found.remedy()}" if missing else ""


def _print_table(found: list[Found]) -> None:
    table = Table(box=None)
    for heading in ("plugin", "roles", "distribution"):
        table.add_column(heading, no_wrap=True)
    table.add_column("summary")
    for one in found:
        row = _row(one)
        table.add_row(row["name"], ", ".join(row["roles"]) or "-", row["distribution"], row["summary"])
    Console().print(table)
    for one in found:
        if trouble := _trouble(one):
            print(f"{one.name} cannot run: {trouble}", file=sys.stderr)
