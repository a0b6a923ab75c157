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
    payouts,
    quotes,
    redemption_settlement,
    redemptions,
    reference,
    routing,
    settlement,
    weights,
)
from indexmaker.solver.step import Step

__all__ = ["HANDLERS", "Handler"]

Handler = Callable[[Step, Any], None]
"""Changes the state by one event of its kind."""


def _each(*handlers: Handler) -> Handler:
    """Both sides hear of the event; each passes over what is not its own."""

    def handle(step: Step, event: ev.Event) -> None:
        for handler in handlers:
            handler(step, event)

    return handle


HANDLERS: Mapping[type[ev.Event], Handler] = {
    ev.TradingHalted: operations.on_halted,
    ev.TradingResumed: operations.on_resumed,
    ev.InvoiceReviewed: operations.on_invoice_reviewed,
    ev.SettlementRetried: operations.on_settlement_retried,
    ev.PayoutRestarted: operations.on_payout_restarted,
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
    ev.RedemptionSeen: redemptions.on_redemption_seen,
    ev.RedemptionTerms: redemptions.on_redemption_terms,
    ev.RedemptionRetracted: redemptions.on_redemption_retracted,
    ev.RedemptionWithdrawn: redemptions.on_redemption_withdrawn,
    ev.RouteQuoted: _each(routing.on_route_quoted, redemptions.on_route_quoted, payouts.on_route_quoted),
    ev.RouteRefused: _each(routing.on_route_refused, redemptions.on_route_refused, payouts.on_route_refused),
    ev.CollateralCommitted: _each(routing.on_committed, redemptions.on_committed),
    ev.CommitFailed: _each(collateral.on_commit_failed, redemptions.on_commit_failed),
    ev.WithdrawalUpdated: payouts.on_withdrawal_updated,
    ev.TransferUpdated: _each(arrivals.on_transfer_updated, payouts.on_transfer_updated),
    ev.VenueDepositSeen: arrivals.on_venue_deposit,
    ev.InvoiceSigned: _each(settlement.on_invoice_signed, redemption_settlement.on_invoice_signed),
    ev.InvoiceVetoed: _each(settlement.on_invoice_vetoed, redemption_settlement.on_invoice_vetoed),
    ev.SettlementUpdated: _each(settlement.on_settlement_updated, redemption_settlement.on_settlement_updated),
    ev.Configured: reference.on_configured,
    ev.InstrumentsUpdated: reference.on_instruments,
    ev.HouseCapital: reference.on_capital,
    ev.IndexCreated: indices.on_index_created,
    ev.IndexStateChanged: indices.on_index_state,
    ev.QuoteRequested: quotes.on_quote_requested,
    ev.IndexLimitsChanged: indices.on_limits_changed,
    ev.DeploymentRequested: deployments.on_deployment_requested,
    ev.IndexDeployed: deployments.on_index_deployed,
    ev.IndexTransactionUpdated: deployments.on_index_transaction,
    ev.WeightsProposed: weights.on_weights_proposed,
    ev.AssetDelisted: weights.on_asset_delisted,
    ev.WeightsPublished: weights.on_weights_published,
    ev.WeightsRetracted: weights.on_weights_retracted,
}
