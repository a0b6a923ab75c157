"""What curators and chains say about indices: deployments, weights, delistings, limits."""

from __future__ import annotations

from indexmaker.solver.events.base import Event
from indexmaker.solver.events.reference import IndexCreated
from indexmaker.solver.vocabulary import Finality, IndexLimits, SettlementState

__all__ = [
    "AssetDelisted",
    "DeploymentRequested",
    "IndexDeployed",
    "IndexLimitsChanged",
    "IndexTransactionUpdated",
    "WeightsProposed",
    "WeightsPublished",
    "WeightsRetracted",
]


class DeploymentRequested(Event, frozen=True, kw_only=True):
    """A new index whose gate and token a factory shall make; `definition` has neither yet.

    The same definition again goes on with the first deployment, or tries one that failed once more.
    """

    definition: IndexCreated
    factory: str
    curator: str = ""
    """Address that may publish weights on the gate; empty for the factory's own choice."""


class IndexDeployed(Event, frozen=True, kw_only=True):
    """A factory made the contracts of an index. Told again as its finality grows."""

    chain_id: int
    factory: str
    symbol: str
    gate: str
    token: str
    tx_hash: str
    finality: Finality


class IndexTransactionUpdated(Event, frozen=True, kw_only=True):
    """The transaction of a `DeployIndex` or a `PublishWeights` as the chain shows it now."""

    command_id: str
    state: SettlementState
    tx_hash: str = ""
    reason: str = ""


class WeightsProposed(Event, frozen=True, kw_only=True):
    """A curator wants these weights (shares of value, 1 in sum); once for each proposal id.

    They are published on the index's gate and come back as `WeightsPublished`; with `on_chain` false they hold by
    this event alone. `effective_at` 0 is as soon as possible.
    """

    symbol: str
    proposal_id: str
    weights: tuple[tuple[str, int], ...]
    effective_at: int = 0
    on_chain: bool = True


class AssetDelisted(Event, frozen=True, kw_only=True):
    """A curator takes an asset out; its weight goes to the others pro rata. Otherwise as `WeightsProposed`."""

    symbol: str
    proposal_id: str
    asset: str
    effective_at: int = 0
    on_chain: bool = True


class WeightsPublished(Event, frozen=True, kw_only=True):
    """Weights stand on a gate (its own version numbers). Told again as finality grows; they hold from CONFIRMED."""

    chain_id: int
    gate: str
    version: int
    effective_at: int
    weights: tuple[tuple[str, int], ...]
    tx_hash: str
    finality: Finality
    block_hash: str = ""


class WeightsRetracted(Event, frozen=True, kw_only=True):
    """A reorg took weights back; only if they are still known in this very block."""

    chain_id: int
    gate: str
    version: int
    block_hash: str = ""


class IndexLimitsChanged(Event, frozen=True, kw_only=True):
    """Other bounds for an index; None leaves one as it is. Open orders are not judged again."""

    symbol: str
    min_order: int | None = None
    max_order: int | None = None
    limits: IndexLimits | None = None
