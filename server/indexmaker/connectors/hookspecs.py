"""Every hook that a plugin's manifest module may implement.

An entry point of the group `indexmaker.connectors` names the module. The module must import nothing heavy: it
is loaded in the host's process, only to be asked who it is. Implementations are marked with `hookimpl`.
"""

from __future__ import annotations

import pluggy

from indexmaker.connectors.manifest import Manifest

__all__ = ["ENTRY_POINT_GROUP", "connector_manifest", "hookimpl", "hookspec"]

ENTRY_POINT_GROUP = "indexmaker.connectors"
"""Entry points of this group name manifest modules."""

hookspec = pluggy.HookspecMarker("indexmaker")
"""Marks the declarations below; plugins do not need it."""

hookimpl = pluggy.HookimplMarker("indexmaker")
"""Marks an implementation in a manifest module."""


@hookspec
def connector_manifest() -> Manifest:  # type: ignore[empty-body]
    """Say what the plugin is.

    Arguments: none.

    Returns: the plugin's `Manifest`. Its name must equal the name of the entry point; two plugins of one name
    are both refused.

    Called by `registry.discover` once for each plugin, in any process that looks for plugins: the supervisor
    before it starts them, `indexmaker plugin list`, and the plugin's own process to find its class. An
    exception is reported with the plugin's name and harms no other plugin.
    """
