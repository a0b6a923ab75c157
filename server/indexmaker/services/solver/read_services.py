"""Services that only read the solver's state: collateral."""

from __future__ import annotations

import grpc.aio

from indexmaker.api.solver.v1 import collateral_pb2, collateral_pb2_grpc
from indexmaker.money import format_atoms
from indexmaker.services.solver.redemption_views import payout_view, redemption_view
from indexmaker.services.solver.requests import account_of
from indexmaker.services.solver.views import (
    deposit_view,
    ledger_name,
    transfer_view,
)
from indexmaker.solver.engine import SolverEngine

__all__ = ["CollateralService"]

_Context = grpc.aio.ServicerContext[object, object]


class CollateralService(collateral_pb2_grpc.CollateralServiceServicer):
    """Deposits, transfers, the ledger."""

    def __init__(self, engine: SolverEngine) -> None:
        self._engine = engine

    async def ListDeposits(  # noqa: N802 - the name in the proto
        self, request: collateral_pb2.ListDepositsRequest, context: _Context
    ) -> collateral_pb2.ListDepositsResponse:
        """Deposits, oldest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        state = self._engine.state
        lots = sorted(state.lots.values(), key=lambda lot: lot.sequence)
        views = [deposit_view(state, lot) for lot in lots if not owner or lot.account == owner]
        return collateral_pb2.ListDepositsResponse(deposits=views)

    async def ListTransfers(  # noqa: N802
        self, request: collateral_pb2.ListTransfersRequest, context: _Context
    ) -> collateral_pb2.ListTransfersResponse:
        """Transfers to venues and back, oldest first."""
        state = self._engine.state
        views = [(one.sequence, transfer_view(state, one)) for one in state.transfers.values()]
        views += [(one.sequence, payout_view(state, one)) for one in state.payouts.values()]
        views.sort(key=lambda each: (each[0], each[1].transfer_id))
        return collateral_pb2.ListTransfersResponse(transfers=[view for _, view in views])

    async def ListRedemptions(  # noqa: N802
        self, request: collateral_pb2.ListRedemptionsRequest, context: _Context
    ) -> collateral_pb2.ListRedemptionsResponse:
        """Index tokens given for sale, oldest first."""
        owner = str(account_of(request.account)) if request.HasField("account") else ""
        state = self._engine.state
        lots = sorted(state.token_lots.values(), key=lambda lot: lot.sequence)
        views = [redemption_view(state, lot) for lot in lots if not owner or lot.account == owner]
        return collateral_pb2.ListRedemptionsResponse(redemptions=views)

    async def GetLedger(  # noqa: N802
        self, request: collateral_pb2.GetLedgerRequest, context: _Context
    ) -> collateral_pb2.GetLedgerResponse:
        """Every balance that is not zero."""
        ledger = self._engine.ledger
        balances = [
            collateral_pb2.LedgerBalance(account=ledger_name(account), asset=account.asset, balance=format_atoms(atoms))
            for account, atoms in ledger
        ]
        balanced = ledger.balanced()
        return collateral_pb2.GetLedgerResponse(balanced=balanced, postings=ledger.movements, balances=balances)
