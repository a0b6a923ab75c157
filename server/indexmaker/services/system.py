"""The processes of a configuration, as the supervisor runs them."""

from __future__ import annotations

import sys
from pathlib import Path

from indexmaker.config import Settings
from indexmaker.connectors.specs import ProcessSpec, plugin_process

__all__ = ["CORE", "GUARDIAN", "system_processes"]

CORE = "core"
"""Name of the core among the processes."""
GUARDIAN = "guardian"
"""Name of the guardian among the processes."""


def system_processes(settings: Settings, *, configuration: Path) -> tuple[ProcessSpec, ...]:
    """Other processes, the plugins that the core needs, the guardian, the core, and the plugins that need the core.

    Raises:
        RegistryError: a plugin that is not installed or cannot be loaded.
        SpecificationError: its dependencies are missing, or the requirements make no sense.
    """
    others = tuple(
        ProcessSpec(
            name=name,
            kind=process.kind,
            argv=[sys.executable if part == "{python}" else part for part in process.argv],
            requires=tuple(process.requires),
        )
        for name, process in settings.processes.items()
    )
    plugins = tuple(
        plugin_process(name, plugin=plugin.plugin, configuration=plugin.config, requires=tuple(plugin.requires))
        for name, plugin in settings.plugins.items()
    )
    needed = tuple(spec.name for spec in plugins if CORE not in spec.requires)
    guardian = ProcessSpec(name=GUARDIAN, kind="guardian", argv=_command("guardian", configuration), requires=needed)
    core = ProcessSpec(
        name=CORE, kind="core", argv=_command("solver", configuration), requires=(*needed, guardian.name)
    )
    return (*others, *plugins, guardian, core)


def _command(name: str, configuration: Path) -> tuple[str, ...]:
    arguments = ("serve", "--config", str(configuration.absolute()))
    return (sys.executable, "-m", "indexmaker.cli.app", name, *arguments)
