"""Command line of the host process, and the configuration file of a plugin that is run by hand."""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from indexmaker.connectors.errors import PluginError

__all__ = ["HostOptions", "parse_options", "read_configuration"]


class HostOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to run a plugin.

    Attributes:
        plugin: Name of the plugin, or the target `package.module:Class` of a connector that carries its manifest.
        name: Name of this process.
        listen: Address to listen on; empty means a unix socket in a new private directory.
        data_dir: Persistent directory; None means one that goes with the process.
        standalone: Serve without a supervisor.
        config: JSON or TOML file for standalone use.
        drain_seconds: How long SIGTERM waits for open work.
    """

    plugin: str
    name: str
    listen: str = ""
    data_dir: Path | None = None
    standalone: bool = False
    config: Path | None = None
    drain_seconds: float = 5.0


def parse_options(argv: Sequence[str]) -> HostOptions:
    """Read the command line; argparse ends the process on a wrong one."""
    parser = argparse.ArgumentParser(prog="python -m indexmaker.connectors.host", description="Runs one plugin.")
    parser.add_argument("plugin", metavar="NAME", help="name of the plugin, or package.module:Class")
    parser.add_argument("--name", default="", help="name of this process; the plugin's by default")
    parser.add_argument("--listen", default="", metavar="unix:/PATH", help="address to listen on")
    parser.add_argument("--data-dir", type=Path, help="persistent private directory")
    parser.add_argument("--standalone", action="store_true", help="serve without a supervisor, for debugging")
    parser.add_argument("--config", type=Path, metavar="FILE", help="JSON or TOML configuration, with --standalone")
    parser.add_argument("--drain-seconds", type=float, default=5.0, help="how long SIGTERM waits for open work")
    given = parser.parse_args(argv)
    return HostOptions(
        plugin=given.plugin,
        name=given.name or given.plugin.rpartition(":")[2].lower(),
        listen=given.listen,
        data_dir=given.data_dir,
        standalone=given.standalone,
        config=given.config,
        drain_seconds=given.drain_seconds,
    )


def read_configuration(path: Path | None) -> bytes:
    """The JSON text of a configuration file (`.toml` is converted); `{}` without one.

    Raises:
        PluginError: It cannot be read or parsed.
    """
    if path is None:
        return b"{}"
    try:
        data = path.read_bytes()
        return msgspec.json.encode(tomllib.loads(data.decode())) if path.suffix == ".toml" else data
    except OSError as error:
        raise PluginError(f"cannot read configuration {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PluginError(f"configuration {path} is no TOML: {error}") from None
