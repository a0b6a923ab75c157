"""Everything that can happen to the solver: frozen, journaled, and the only thing that changes its state.

Amounts are atoms, times UTC nanoseconds, accounts the text `42161:0x...`. All events are idempotent: told
twice, the second has no effect. Orders of events between different subjects are not assumed (a fill may
precede its acknowledgement, a deposit its order, a venue credit the transfer's own report).
"""

from __future__ import annotations

from typing import TypeAlias

from indexmaker.solver.events.base import Event
from indexmaker.solver.events.collateral import (
    CollateralCommitted,
    CommitFailed,
    DepositRetracted,
    DepositSeen,
    DepositTerms,
    DepositWithdrawn,
    RouteQuoted,
    RouteRefused,
    TransferUpdated,
    VenueDepositSeen,
)
from indexmaker.solver.events.orders import OrderAmendRequested, OrderCancelRequested, OrderSubmitted
from indexmaker.solver.events.redemptions import (
    RedemptionRetracted,
    RedemptionSeen,
    RedemptionTerms,
    RedemptionWithdrawn,
    WithdrawalUpdated,
)
from indexmaker.solver.events.reference import (
    Configured,
    HouseCapital,
    IndexCreated,
    IndexStateChanged,
    InstrumentsUpdated,
    Tick,
)
from indexmaker.solver.events.settlement import InvoiceSigned, InvoiceVetoed, SettlementUpdated
from indexmaker.solver.events.trading import (
    AssetOrderAccepted,
    AssetOrderDone,
    AssetOrderRejected,
    AssetOrderUnknown,
    BatchSolve,
    Book,
    ExecutionReported,
)

__all__ = [
    "AssetOrderAccepted",
    "AssetOrderDone",
    "AssetOrderRejected",
    "AssetOrderUnknown",
    "BatchSolve",
    "Book",
    "CollateralCommitted",
    "CommitFailed",
    "Configured",
    "DepositRetracted",
    "DepositSeen",
    "DepositTerms",
    "DepositWithdrawn",
    "Event",
    "ExecutionReported",
    "HouseCapital",
    "IndexCreated",
    "IndexStateChanged",
    "InstrumentsUpdated",
    "InvoiceSigned",
    "InvoiceVetoed",
    "OrderAmendRequested",
    "OrderCancelRequested",
    "OrderSubmitted",
    "RedemptionRetracted",
    "RedemptionSeen",
    "RedemptionTerms",
    "RedemptionWithdrawn",
    "RouteQuoted",
    "RouteRefused",
    "SettlementUpdated",
    "SolverEvent",
    "Tick",
    "TransferUpdated",
    "VenueDepositSeen",
    "WithdrawalUpdated",
]

SolverEvent: TypeAlias = (
    Configured
    | InstrumentsUpdated
    | HouseCapital
    | IndexCreated
    | IndexStateChanged
    | DepositSeen
    | DepositRetracted
    | DepositWithdrawn
    | DepositTerms
    | OrderSubmitted
    | OrderCancelRequested
    | OrderAmendRequested
    | RouteQuoted
    | RouteRefused
    | CollateralCommitted
    | CommitFailed
    | TransferUpdated
    | VenueDepositSeen
    | BatchSolve
    | AssetOrderAccepted
    | ExecutionReported
    | AssetOrderDone
    | AssetOrderRejected
    | AssetOrderUnknown
    | InvoiceSigned
    | InvoiceVetoed
    | SettlementUpdated
    | RedemptionSeen
    | RedemptionRetracted
    | RedemptionWithdrawn
    | RedemptionTerms
    | WithdrawalUpdated
    | Tick
)
