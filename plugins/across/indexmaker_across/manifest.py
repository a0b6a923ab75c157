"""Says what this plugin is; loads nothing else."""

from __future__ import annotations

from indexmaker.connectors.hookspecs import hookimpl
from indexmaker.connectors.manifest import Manifest, Role

__all__ = ["connector_manifest"]


@hookimpl
def connector_manifest() -> Manifest:
    """The Across router."""
    return Manifest(
        name="across",
        summary="Carries collateral over Across to a venue's deposit address",
        roles=(Role.BRIDGE,),
        target="indexmaker_across.connector:AcrossConnector",
        extra="across",
    )
