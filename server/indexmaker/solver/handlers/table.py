"""Which handler takes which event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from indexmaker.solver import events as ev
from indexmaker.solver.handlers import (
    amendments,
    arrivals,
    asset_orders,
    batches,
    clock,
    collateral,
    deployments,
    fills,
    indices,
    operations,
    orders,
    reference,
    routing,
    settlement,
    weights,
)
from indexmaker.solver.step import Step

__all__ = ["HANDLERS", "Handler"]

Handler = Callable[[Step, Any], None]
"""Changes the state by one event of its kind."""

HANDLERS: Mapping[type[ev.Event], Handler] = {
    ev.TradingHalted: operations.on_halted,
    ev.TradingResumed: operations.on_resumed,
    ev.InvoiceReviewed: operations.on_invoice_reviewed,
    ev.SettlementRetried: operations.on_settlement_retried,
    ev.TransferWrittenOff: operations.on_transfer_written_off,
    ev.ClaimCollected: operations.on_claim_collected,
    ev.AssetOrderResolved: operations.on_asset_order_resolved,
    ev.PriceStated: operations.on_price_stated,
    ev.PositionsCompared: operations.on_positions_compared,
    ev.Tick: clock.on_tick,
    ev.BatchSolve: batches.on_batch_solve,
    ev.ExecutionReported: fills.on_execution,
    ev.AssetOrderAccepted: asset_orders.on_accepted,
    ev.AssetOrderDone: asset_orders.on_done,
    ev.AssetOrderRejected: asset_orders.on_rejected,
    ev.AssetOrderUnknown: asset_orders.on_unknown,
    ev.OrderSubmitted: orders.on_submitted,
    ev.OrderCancelRequested: orders.on_cancel,
    ev.OrderAmendRequested: amendments.on_amend,
    ev.DepositSeen: collateral.on_deposit_seen,
    ev.DepositTerms: collateral.on_deposit_terms,
    ev.DepositRetracted: collateral.on_deposit_retracted,
    ev.DepositWithdrawn: collateral.on_deposit_withdrawn,
    ev.RouteQuoted: routing.on_route_quoted,
    ev.RouteRefused: routing.on_route_refused,
    ev.CollateralCommitted: routing.on_committed,
    ev.CommitFailed: collateral.on_commit_failed,
    ev.TransferUpdated: arrivals.on_transfer_updated,
    ev.VenueDepositSeen: arrivals.on_venue_deposit,
    ev.InvoiceSigned: settlement.on_invoice_signed,
    ev.InvoiceVetoed: settlement.on_invoice_vetoed,
    ev.SettlementUpdated: settlement.on_settlement_updated,
    ev.Configured: reference.on_configured,
    ev.InstrumentsUpdated: reference.on_instruments,
    ev.HouseCapital: reference.on_capital,
    ev.IndexCreated: indices.on_index_created,
    ev.IndexStateChanged: indices.on_index_state,
    ev.IndexLimitsChanged: indices.on_limits_changed,
    ev.DeploymentRequested: deployments.on_deployment_requested,
    ev.IndexDeployed: deployments.on_index_deployed,
    ev.IndexTransactionUpdated: deployments.on_index_transaction,
    ev.WeightsProposed: weights.on_weights_proposed,
    ev.AssetDelisted: weights.on_asset_delisted,
    ev.WeightsPublished: weights.on_weights_published,
    ev.WeightsRetracted: weights.on_weights_retracted,
}
