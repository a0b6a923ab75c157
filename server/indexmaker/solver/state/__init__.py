"""The solver's state: plain records, all of it encoded by a dump. Nothing here depends on the order of a
dict.

`sequence` is that of the event that made a record; it gives the order of arrival.
"""

from __future__ import annotations

from indexmaker.solver.state.base import Record
from indexmaker.solver.state.batches import (
    AssetOrder,
    AssetOrderState,
    Batch,
    Fill,
    InventoryLot,
    Leg,
    Pledged,
    Pool,
)
from indexmaker.solver.state.collateral import (
    DepositLot,
    GateTerms,
    LotState,
    RequestLot,
    Transfer,
    TransferStage,
    VenueDeposit,
)
from indexmaker.solver.state.house import HouseDemand, Short
from indexmaker.solver.state.indices import DayUsage, Deployment, Index, Rebalance, TargetAsset, WeightsPlan
from indexmaker.solver.state.operations import Reconciliation
from indexmaker.solver.state.orders import IndexOrder, order_id_of
from indexmaker.solver.state.quotes import Quote
from indexmaker.solver.state.redemptions import Payout, PayoutStage, RedemptionLimits, TokenCommit, TokenLot
from indexmaker.solver.state.whole import SolverState, Waiting

__all__ = [
    "AssetOrder",
    "AssetOrderState",
    "Batch",
    "DayUsage",
    "Deployment",
    "DepositLot",
    "Fill",
    "GateTerms",
    "HouseDemand",
    "Index",
    "IndexOrder",
    "InventoryLot",
    "Leg",
    "LotState",
    "Payout",
    "PayoutStage",
    "Pledged",
    "Pool",
    "Quote",
    "Rebalance",
    "Reconciliation",
    "Record",
    "RedemptionLimits",
    "RequestLot",
    "Short",
    "SolverState",
    "TargetAsset",
    "TokenCommit",
    "TokenLot",
    "Transfer",
    "TransferStage",
    "VenueDeposit",
    "Waiting",
    "WeightsPlan",
    "order_id_of",
]
