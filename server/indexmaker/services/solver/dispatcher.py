"""Commands to edges: after each commit, and once for all that were open at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexmaker.runtime import Committed
from indexmaker.services.solver.edges import BridgeEdge, ChainEdge, GuardianEdge, OrderEntryEdge
from indexmaker.solver.commands import (
    CommitCollateral,
    ConfirmArrival,
    DeployIndex,
    PlaceAssetOrder,
    PublishWeights,
    QueryAssetOrder,
    QuoteRoute,
    SettleInvoice,
    SignInvoice,
    SolverCommand,
    SolverReport,
    StartTransfer,
)
from indexmaker.solver.events import SolverEvent

__all__ = ["Dispatcher"]


class Dispatcher:
    """Gives each command to the edge of its kind. Replayed commands are not sent: `resend` knows what is open."""

    def __init__(
        self,
        *,
        venues: Mapping[str, OrderEntryEdge],
        chain: ChainEdge,
        bridge: BridgeEdge,
        guardian: GuardianEdge,
    ) -> None:
        self._venues = venues
        self._chain = chain
        self._bridge = bridge
        self._guardian = guardian

    def __call__(self, committed: Committed[SolverEvent, SolverCommand | SolverReport]) -> None:
        """Subscriber of the sequencer."""
        if not committed.replayed:
            self.resend(committed.outputs)

    def resend(self, outputs: Sequence[SolverCommand | SolverReport]) -> None:
        """Send these commands; the receivers know them by their ids."""
        for output in outputs:
            if isinstance(output, PlaceAssetOrder | QueryAssetOrder):
                self._venues[output.venue].dispatch(output)
            elif isinstance(output, CommitCollateral | SettleInvoice | DeployIndex | PublishWeights):
                self._chain.dispatch(output)
            elif isinstance(output, QuoteRoute | StartTransfer | ConfirmArrival):
                self._bridge.dispatch(output)
            elif isinstance(output, SignInvoice):
                self._guardian.dispatch(output)
