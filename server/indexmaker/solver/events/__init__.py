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
from indexmaker.solver.events.indices import (
    AssetDelisted,
    DeploymentRequested,
    IndexDeployed,
    IndexLimitsChanged,
    IndexTransactionUpdated,
    WeightsProposed,
    WeightsPublished,
    WeightsRetracted,
)
from indexmaker.solver.events.operations import (
    AssetOrderResolved,
    ClaimCollected,
    InvoiceReviewed,
    PayoutRestarted,
    PositionsCompared,
    PriceStated,
    SettlementRetried,
    TradingHalted,
    TradingResumed,
    TransferWrittenOff,
)
from indexmaker.solver.events.orders import OrderAmendRequested, OrderCancelRequested, OrderSubmitted
from indexmaker.solver.events.quotes import QuoteRequested
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
    "AssetDelisted",
    "AssetOrderAccepted",
    "AssetOrderDone",
    "AssetOrderRejected",
    "AssetOrderResolved",
    "AssetOrderUnknown",
    "BatchSolve",
    "Book",
    "ClaimCollected",
    "CollateralCommitted",
    "CommitFailed",
    "Configured",
    "DeploymentRequested",
    "DepositRetracted",
    "DepositSeen",
    "DepositTerms",
    "DepositWithdrawn",
    "Event",
    "ExecutionReported",
    "HouseCapital",
    "IndexCreated",
    "IndexDeployed",
    "IndexLimitsChanged",
    "IndexStateChanged",
    "IndexTransactionUpdated",
    "InstrumentsUpdated",
    "InvoiceReviewed",
    "InvoiceSigned",
    "InvoiceVetoed",
    "OrderAmendRequested",
    "OrderCancelRequested",
    "OrderSubmitted",
    "PayoutRestarted",
    "PositionsCompared",
    "PriceStated",
    "QuoteRequested",
    "RedemptionRetracted",
    "RedemptionSeen",
    "RedemptionTerms",
    "RedemptionWithdrawn",
    "RouteQuoted",
    "RouteRefused",
    "SettlementRetried",
    "SettlementUpdated",
    "SolverEvent",
    "Tick",
    "TradingHalted",
    "TradingResumed",
    "TransferUpdated",
    "TransferWrittenOff",
    "VenueDepositSeen",
    "WeightsProposed",
    "WeightsPublished",
    "WeightsRetracted",
    "WithdrawalUpdated",
]

SolverEvent: TypeAlias = (
    Configured
    | InstrumentsUpdated
    | HouseCapital
    | IndexCreated
    | IndexStateChanged
    | DeploymentRequested
    | IndexDeployed
    | IndexTransactionUpdated
    | WeightsProposed
    | AssetDelisted
    | WeightsPublished
    | WeightsRetracted
    | IndexLimitsChanged
    | QuoteRequested
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
    | AssetOrderResolved
    | ClaimCollected
    | InvoiceReviewed
    | PayoutRestarted
    | PositionsCompared
    | PriceStated
    | SettlementRetried
    | TradingHalted
    | TradingResumed
    | TransferWrittenOff
    | Tick
)
