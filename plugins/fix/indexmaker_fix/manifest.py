"""Names the FIX gateway; imports nothing heavy."""

from __future__ import annotations

from indexmaker.connectors.hookspecs import hookimpl
from indexmaker.connectors.manifest import Manifest, Role


@hookimpl
def connector_manifest() -> Manifest:
    """The card of `fix`."""
    return Manifest(
        name="fix",
        summary="Index orders for FIX clients, in JSON over WebSocket",
        roles=(Role.GATEWAY,),
        target="indexmaker_fix.connector:FixGateway",
        extra="fix",
    )
