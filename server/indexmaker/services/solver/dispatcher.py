"""Commands to edges: after each commit, and once for all that were open at the start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from indexmaker.runtime import Committed
from indexmaker.services.solver.edges import BridgeEdge, ChainEdge, FundingEdge, GuardianEdge, OrderEntryEdge
from indexmaker.solver.commands import (
    CommitCollateral,
    CommitRedemptions,
    ConfirmArrival,
    DeployIndex,
    PlaceAssetOrder,
    PublishWeights,
    QueryAssetOrder,
    QuoteRoute,
    SettleInvoice,
    SettleRedemption,
    SignInvoice,
    SignRedemption,
    SolverCommand,
    SolverReport,
    StartTransfer,
    WithdrawCollateral,
)
from indexmaker.solver.events import SolverEvent

__all__ = ["Dispatcher"]


class Dispatcher:
    """Gives each command to the edge of its kind. Replayed commands are not sent: `resend` knows what is open."""

    def __init__(
        self,
        *,
        venues: Mapping[str, OrderEntryEdge],
        fundings: Mapping[str, FundingEdge],
        chain: ChainEdge,
        bridge: BridgeEdge,
        guardian: GuardianEdge,
    ) -> None:
        self._venues = venues
        self._fundings = {edge.venue: edge for edge in fundings.values()}
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
            elif isinstance(
                output,
                CommitCollateral | SettleInvoice | CommitRedemptions | SettleRedemption | DeployIndex | PublishWeights,
            ):
                self._chain.dispatch(output)
            elif isinstance(output, WithdrawCollateral):
                self._fundings[output.venue].dispatch(output)
            elif isinstance(output, QuoteRoute | StartTransfer | ConfirmArrival):
                self._bridge.dispatch(output)
            elif isinstance(output, SignInvoice | SignRedemption):
                self._guardian.dispatch(output)
