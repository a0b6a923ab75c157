"""Names of assets and networks: the venue's to the common ones and back."""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker_binance.errors import UnknownNetworkError

__all__ = ["NETWORKS", "AssetNames", "network_of"]

NETWORKS: Mapping[int, str] = {
    1: "ETH",
    10: "OPTIMISM",
    56: "BSC",
    137: "MATIC",
    8453: "BASE",
    42161: "ARBITRUM",
    43114: "AVAXC",
}
"""EIP-155 chain id to the venue's name of the network."""


class AssetNames:
    """A venue's asset names and the common ones; names that are not listed are the same in both."""

    def __init__(self, aliases: Mapping[str, str]) -> None:
        """`aliases` maps the venue's name to the common one."""
        self._common = dict(aliases)
        self._venue = {common: venue for venue, common in self._common.items()}

    def common(self, name: str) -> str:
        """The common name of an asset of the venue."""
        return self._common.get(name, name)

    def venue(self, name: str) -> str:
        """The venue's name of an asset."""
        return self._venue.get(name, name)


def network_of(chain_id: int, *, overrides: Mapping[str, str]) -> str:
    """The venue's network for a chain; `overrides` maps decimal chain ids to names and wins.

    Raises:
        UnknownNetworkError: neither table knows the chain.
    """
    name = overrides.get(str(chain_id)) or NETWORKS.get(chain_id)
    if name is None:
        raise UnknownNetworkError(
            f"no network name is known for chain {chain_id}; add it to `networks` in the configuration"
        )
    return name
