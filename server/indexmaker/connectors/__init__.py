"""Connectors: what a plugin's author imports, the host of a plugin, and the supervisor of all processes.

For authors: `hookspecs`, `manifest`, `connector`, `configuration`, `secrets`, `errors`, `streams`, `channel`,
`testing`. For the system: `registry`, `host`, `handshake`, `lifecycle`, `supervisor`, `supervision_service`.

Nothing is imported here on purpose: a manifest must load without gRPC and without any plugin's dependencies.
"""

from __future__ import annotations

__all__: list[str] = []
