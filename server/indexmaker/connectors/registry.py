"""Finds plugins: loads the manifest modules of the entry points one by one, so that a broken one harms no other."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Iterable, Iterator
from importlib import metadata
from types import ModuleType

import msgspec
import pluggy

from indexmaker.connectors import hookspecs
from indexmaker.connectors.errors import RegistryError
from indexmaker.connectors.extras import missing_requirements
from indexmaker.connectors.manifest import Manifest

__all__ = ["Found", "Registry", "discover", "load_manifest", "load_target"]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An entry point and what became of it: a manifest, or an error that says why there is none."""

    name: str
    module: str
    distribution: str = ""
    version: str = ""
    manifest: Manifest | None = None
    error: str = ""

    def missing(self) -> tuple[str, ...]:
        """Distributions that the plugin's extra asks for and that are not installed."""
        extra = self.manifest.extra if self.manifest else ""
        return missing_requirements(self.distribution, extra) if self.distribution else ()

    def remedy(self) -> str:
        """The command that installs what is missing; empty when nothing is."""
        extra = self.manifest.extra if self.manifest else ""
        return f"pip install '{self.distribution}[{extra}]'" if self.missing() else ""


class Registry:
    """All plugins that were found, by name."""

    def __init__(self, found: Iterable[Found]) -> None:
        self._found = tuple(found)

    def __iter__(self) -> Iterator[Found]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def find(self, name: str) -> Found:
        """The plugin of a name, whatever became of it; raises `RegistryError` when there is none."""
        for one in self._found:
            if one.name == name:
                return one
        known = ", ".join(sorted({one.name for one in self._found})) or "none"
        raise RegistryError(f"no plugin is called {name!r} (found: {known}); see `indexmaker plugin list`")

    def manifest(self, name: str) -> Manifest:
        """The manifest of a plugin; raises `RegistryError` when it is missing, broken or doubled."""
        found = self.find(name)
        if found.manifest is None:
            raise RegistryError(f"plugin {name} cannot be used: {found.error}")
        return found.manifest


def discover(entry_points: Iterable[metadata.EntryPoint] | None = None) -> Registry:
    """Ask every plugin for its manifest; none is imported beyond its manifest module."""
    points = metadata.entry_points(group=hookspecs.ENTRY_POINT_GROUP) if entry_points is None else entry_points
    manager = pluggy.PluginManager("indexmaker")
    manager.add_hookspecs(hookspecs)
    ordered = sorted(points, key=lambda point: (point.name, point.value))
    counts = Counter(point.name for point in ordered)
    return Registry(_examine(manager, point, doubled=counts[point.name] > 1) for point in ordered)


def _examine(manager: pluggy.PluginManager, point: metadata.EntryPoint, *, doubled: bool) -> Found:
    distribution = point.dist
    found = Found(
        name=point.name,
        module=point.value,
        distribution=distribution.name if distribution else "",
        version=distribution.version if distribution else "",
    )
    if doubled:
        error = "two plugins have this name and neither is used; uninstall one of them"
        return msgspec.structs.replace(found, error=error)
    try:
        manifest = _ask(manager, point.load(), name=point.name)
    except Exception as failure:
        error = f"{type(failure).__name__} while loading {point.value}: {failure}"
        return msgspec.structs.replace(found, error=error)
    return msgspec.structs.replace(found, manifest=manifest)


def _ask(manager: pluggy.PluginManager, module: ModuleType, *, name: str) -> Manifest:
    manager.register(module, name=name)
    for implementation in manager.hook.connector_manifest.get_hookimpls():
        if implementation.plugin_name != name:
            continue
        manifest = implementation.function()
        if not isinstance(manifest, Manifest):
            raise RegistryError("connector_manifest must return a Manifest")
        if manifest.name != name:
            raise RegistryError(f"the entry point is called {name}, the manifest {manifest.name}; make them equal")
        return manifest
    raise RegistryError("the module does not implement the hook connector_manifest (marked with @hookimpl)")


def load_manifest(name: str, *, registry: Registry | None = None) -> tuple[Manifest, str]:
    """The manifest and version of a plugin by its name, or by its target `package.module:Class`.

    A class that is started by its target must carry its `manifest`.

    Raises:
        RegistryError: It cannot be found or loaded.
    """
    if ":" not in name:
        registry = registry or discover()
        return registry.manifest(name), registry.find(name).version
    manifest = getattr(load_target(name), "manifest", None)
    if not isinstance(manifest, Manifest):
        raise RegistryError(
            f"{name} is no plugin of its own: give the class an attribute `manifest`, or use a plugin name"
        )
    return manifest, ""


def load_target(target: str) -> type:
    """Import the class `package.module:Class`; raises `RegistryError` with what is missing."""
    module_name, _, attribute = target.partition(":")
    try:
        loaded = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError) as failure:
        raise RegistryError(f"cannot load {target}: {failure}; is the plugin's extra installed?") from failure
    if not isinstance(loaded, type):
        raise RegistryError(f"{target} is not a class")
    return loaded
