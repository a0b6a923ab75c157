"""Everything the solver says: commands for the connectors, and reports for whoever watches.

A command's `command_id` follows from its business key, so a second sending is harmless when the receiver
keeps the ids it has seen. A command stays in `SolverEngine.pending()` until the event that answers it was
applied; the docstring of each names that event. Reports are not repeated after a restart; they can be had
from the journal.
"""

from __future__ import annotations

from typing import TypeAlias

from indexmaker.solver.commands.base import Command, Output, Report
from indexmaker.solver.commands.collateral import (
    CommitCollateral,
    ConfirmArrival,
    Contribution,
    QuoteRoute,
    StartTransfer,
)
from indexmaker.solver.commands.indices import (
    DeployIndex,
    DeploymentReport,
    FeeAccrualReport,
    PublishWeights,
    RebalanceReport,
    RebalanceTrade,
)
from indexmaker.solver.commands.invoices import (
    Invoice,
    InvoiceLot,
    InvoiceReport,
    SettleInvoice,
    SignInvoice,
    TrailStep,
)
from indexmaker.solver.commands.quotes import QuoteReport, QuoteTerms
from indexmaker.solver.commands.redemptions import (
    CommitRedemptions,
    RedemptionInvoice,
    RedemptionReport,
    SettleRedemption,
    SignRedemption,
    WithdrawCollateral,
)
from indexmaker.solver.commands.reports import (
    Alert,
    BatchReport,
    DemandReport,
    IndexOrderReport,
    IndexReport,
    LegReport,
    PoolReport,
)
from indexmaker.solver.commands.trading import PlaceAssetOrder, QueryAssetOrder

__all__ = [
    "Alert",
    "BatchReport",
    "Command",
    "CommitCollateral",
    "CommitRedemptions",
    "ConfirmArrival",
    "Contribution",
    "DemandReport",
    "DeployIndex",
    "DeploymentReport",
    "FeeAccrualReport",
    "IndexOrderReport",
    "IndexReport",
    "Invoice",
    "InvoiceLot",
    "InvoiceReport",
    "LegReport",
    "Output",
    "PlaceAssetOrder",
    "PoolReport",
    "PublishWeights",
    "QueryAssetOrder",
    "QuoteReport",
    "QuoteRoute",
    "QuoteTerms",
    "RebalanceReport",
    "RebalanceTrade",
    "RedemptionInvoice",
    "RedemptionReport",
    "Report",
    "SettleInvoice",
    "SettleRedemption",
    "SignInvoice",
    "SignRedemption",
    "SolverCommand",
    "SolverReport",
    "StartTransfer",
    "TrailStep",
    "WithdrawCollateral",
]

SolverCommand: TypeAlias = (
    QuoteRoute
    | CommitCollateral
    | StartTransfer
    | ConfirmArrival
    | PlaceAssetOrder
    | QueryAssetOrder
    | SignInvoice
    | SettleInvoice
    | CommitRedemptions
    | WithdrawCollateral
    | SignRedemption
    | SettleRedemption
    | DeployIndex
    | PublishWeights
)
SolverReport: TypeAlias = (
    IndexReport
    | IndexOrderReport
    | BatchReport
    | InvoiceReport
    | RedemptionReport
    | DeploymentReport
    | RebalanceReport
    | FeeAccrualReport
    | QuoteReport
    | Alert
)
