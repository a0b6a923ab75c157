"""Says what this plugin is; loads nothing else."""

from __future__ import annotations

from indexmaker.connectors.hookspecs import hookimpl
from indexmaker.connectors.manifest import Manifest, Role

__all__ = ["connector_manifest"]


@hookimpl
def connector_manifest() -> Manifest:
    """The EVM connector."""
    return Manifest(
        name="evm",
        summary="Follows EVM chains and sends transactions of one key",
        roles=(Role.CHAIN,),
        target="indexmaker_evm.connector:EvmConnector",
        extra="evm",
    )
