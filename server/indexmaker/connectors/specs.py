"""What the supervisor is told about each process."""

from __future__ import annotations

import graphlib
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from indexmaker.connectors.errors import SpecificationError
from indexmaker.connectors.lifecycle import Policy
from indexmaker.connectors.registry import Registry, discover

__all__ = ["Facts", "LineReadiness", "PluginReadiness", "ProcessSpec", "plugin_process", "start_order"]

Facts = Mapping[str, Mapping[str, Any]]
"""What each process told when it became ready: the JSON line of a plain process; address, instance_id and pid of a
plugin. Only the processes that are named in `requires`, and theirs, are sure to be there."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?\Z")


@dataclass(frozen=True, slots=True)
class LineReadiness:
    """Ready when it prints one line with a JSON object that has `"ready": true` on standard output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginReadiness:
    """Ready when it has shaken hands, accepted its configuration, and its probe says READY or DEGRADED.

    `plugin` is the name of its kind (or its target), `configuration` a JSON object, or what makes one of the facts.
    """

    plugin: str
    configuration: Mapping[str, Any] | Callable[[Facts], Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """One process.

    Attributes:
        name: Unique; lower-case letters, digits and dashes.
        kind: "core", "plugin", "venue", "chain" or "service", for people.
        argv: Command line, or what makes one of the facts when the process is started. A plugin gets the
            options `--name`, `--listen` and `--data-dir` appended.
        env: Variables to add to the supervisor's own environment, or what makes them of the facts.
        requires: Processes that must be ready before this one is started, and stop after it.
        readiness: How to know that it can work.
        policy: How it is supervised.
        cwd: Working directory; None for the supervisor's own.
    """

    name: str
    kind: str
    argv: Sequence[str] | Callable[[Facts], Sequence[str]]
    env: Mapping[str, str] | Callable[[Facts], Mapping[str, str]] = field(default_factory=dict)
    requires: tuple[str, ...] = ()
    readiness: LineReadiness | PluginReadiness = LineReadiness()
    policy: Policy = field(default_factory=Policy)
    cwd: Path | None = None


def plugin_process(
    name: str,
    *,
    plugin: str = "",
    configuration: Mapping[str, Any] | Callable[[Facts], Mapping[str, Any]] | None = None,
    requires: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    policy: Policy | None = None,
    registry: Registry | None = None,
) -> ProcessSpec:
    """The specification of a plugin process; `plugin` is its kind or target, by default its name.

    Raises:
        RegistryError: There is no such plugin, or it cannot be loaded.
        SpecificationError: Its dependencies are not installed; the message says how to install them.
    """
    kind = plugin or name
    argv: Sequence[str] = (sys.executable, "-m", "indexmaker.connectors.host", kind)
    if ":" not in kind:
        registry = registry or discover()
        manifest = registry.manifest(kind)
        found = registry.find(kind)
        if manifest.argv:
            argv = manifest.argv
        elif manifest.python:
            argv = (manifest.python, *argv[1:])
        elif found.missing():
            lacking = ", ".join(found.missing())
            raise SpecificationError(f"plugin {kind} needs {lacking}; run: {found.remedy()}")
    return ProcessSpec(
        name=name,
        kind="plugin",
        argv=argv,
        env=env or {},
        requires=requires,
        readiness=PluginReadiness(plugin=kind, configuration=configuration or {}),
        policy=policy or Policy(),
    )


def start_order(specs: Sequence[ProcessSpec]) -> tuple[ProcessSpec, ...]:
    """The specifications with requirements first, otherwise as given.

    Raises:
        SpecificationError: Doubled or malformed names, unknown or circular requirements.
    """
    by_name = {spec.name: spec for spec in specs}
    if len(by_name) != len(specs):
        raise SpecificationError("two processes have the same name; rename one of them")
    sorter: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter()
    for spec in specs:
        if not _NAME.match(spec.name) or spec.name == "supervisor":
            raise SpecificationError(f"process name {spec.name!r} must be lower-case letters, digits and dashes")
        for required in spec.requires:
            if required not in by_name:
                raise SpecificationError(f"{spec.name} requires {required!r}, which is not among the processes")
        sorter.add(spec.name, *spec.requires)
    try:
        return tuple(by_name[name] for name in sorter.static_order())
    except graphlib.CycleError as error:
        raise SpecificationError(f"processes require each other in a circle: {' -> '.join(error.args[1])}") from None
