"""The solver's knobs. They arrive as a `Configured` event, so that a replay decides with the same ones."""

from __future__ import annotations

from indexmaker.money import ATOMS
from indexmaker.solver.vocabulary import Finality, OrderState, Value

__all__ = ["FinalityTier", "SolverConfig"]

_SECOND = 1_000_000_000
_MINUTE = 60 * _SECOND


class FinalityTier(Value, frozen=True, kw_only=True):
    """Deposits of at least `amount` are credited at `finality`."""

    amount: int
    finality: Finality


_DEFAULT_AGES = (
    (OrderState.PENDING_COLLATERAL, 30 * _MINUTE),
    (OrderState.ROUTING, 15 * _MINUTE),
    (OrderState.READY, 15 * _MINUTE),
    (OrderState.ENGAGED, 2 * _MINUTE),
    (OrderState.MINTABLE, 5 * _MINUTE),
    (OrderState.MINT_SUBMITTED, 30 * _MINUTE),
    (OrderState.PENDING_TOKENS, 30 * _MINUTE),
    (OrderState.PAYABLE, 15 * _MINUTE),
    (OrderState.PAYOUT_ROUTING, 45 * _MINUTE),
)


_ABOVE_ZERO = (
    "batch_budget",
    "batch_orders",
    "book_max_age_ns",
    "fee_period_ns",
    "in_flight_budget",
    "invoice_life_ns",
    "leg_attempts",
    "order_budget",
    "order_life_ns",
    "query_attempts",
    "routing_max_orders",
)
_YEAR = 365 * 24 * 60 * _MINUTE


class SolverConfig(Value, frozen=True, kw_only=True):
    """Amounts and rates in atoms, times in nanoseconds."""

    strategy: str = "netting"
    """Name of the batch strategy (`netting`, `water-filling`, `proportional`, or one a plugin registered)."""
    finality: tuple[FinalityTier, ...] = (FinalityTier(amount=0, finality=Finality.CONFIRMED),)
    order_life_ns: int = 60 * _MINUTE
    """Life of an order that names no expiry."""
    order_life_max_ns: int = 0
    """Latest expiry that an order may have, counted from when it was taken; 0 for no bound."""
    routing_window_ns: int = 2 * _SECOND
    """How long a transfer waits for further orders to share its hop."""
    routing_max_orders: int = 32
    """Orders that may share one transfer, to the venue or back, or one commit."""
    retry_delay_ns: int = 5 * _SECOND
    """Pause before a route, commit or settlement is tried again."""
    routing_attempts: int = 5
    settlement_attempts: int = 5
    settlement_finality: Finality = Finality.CONFIRMED
    """From which finality of the mint the order is MINTED (CONFIRMED or FINAL)."""
    invoice_life_ns: int = 60 * _MINUTE
    """Deadline of a signed invoice, counted from its making."""

    book_max_age_ns: int = 5 * _SECOND
    price_impact: int = ATOMS // 100
    """Usable depth reaches from the best ask this far up."""
    price_slack: int = ATOMS // 1000
    """Added to the deepest level needed, so that a small move does not leave the leg empty; never past the
    impact.
    """
    default_tolerance: int = ATOMS // 20
    """Price limit of an order that names none: the mid price at its first batch plus this share."""
    order_budget: int = 20_000 * ATOMS
    """Most collateral of one order in one batch."""
    batch_budget: int = 100_000 * ATOMS
    """Most collateral of one batch, at limit prices."""
    in_flight_budget: int = 200_000 * ATOMS
    """Most collateral in open batches, at limit prices."""
    batch_orders: int = 64
    """Most index orders in one batch."""
    minimum_progress: int = ATOMS
    """An order takes part in a batch only with at least this value (or all it has left)."""
    inventory_budgets: tuple[tuple[str, int], ...] = ()
    """House money that may sit in surplus of an asset, at limit prices; an asset not listed has
    `inventory_budget`.
    """
    inventory_budget: int = 0
    inventory_limits: tuple[tuple[str, int], ...] = ()
    """Value of the house's inventory of an asset, at mid prices, above which the rest is sold off; an asset not
    listed has `inventory_limit`. Never less than the budget.
    """
    inventory_limit: int = 500 * ATOMS
    aggregation_window_ns: int = 30 * _SECOND
    """How long an order whose leg is under the venue's minimum waits for company."""
    mint_threshold: int = ATOMS * 99 // 100
    """Filled share from which the rest is refunded."""
    idle_batches: int = 3
    """Batches without progress after which a partly filled order is minted as it is."""

    order_timeout_ns: int = 5 * _SECOND
    """Silence of a venue after which an asset order is queried."""
    query_attempts: int = 5
    leg_attempts: int = 4
    """Orders that may be sent for one leg of one batch (first one included)."""
    rate_backoff_ns: int = 1 * _SECOND
    hold_ns: int = 30 * _SECOND
    """How long an asset is left alone after a refusal for lack of balance."""
    rebalance_drain_ns: int = 10 * _MINUTE
    """How long a rebalance waits for orders that were begun before they end with what they have."""
    rebalance_trade_ns: int = 60 * _MINUTE
    """How long a rebalance trades before it completes with what was reached."""
    rebalance_rounds: int = 8
    """How often a rebalance files purchases; sales that come late make further rounds."""
    fee_period_ns: int = 24 * 60 * _MINUTE
    """How often the annual management fee is taken."""
    account_open_orders: int = 0
    """Most open orders of one account; 0 for no bound."""
    account_daily_notional: int = 0
    """Most collateral of the orders that one account places in one UTC day, ended ones included; 0 for no bound."""
    quote_life_ns: int = 30 * _SECOND
    """How long a binding quote holds its capacity."""
    retention_ns: int = 7 * 24 * 60 * _MINUTE
    """How long what is over stays in the state (0: for ever); it stays in the journal in any case."""
    max_ages: tuple[tuple[OrderState, int], ...] = _DEFAULT_AGES
    """Age in a state after which an order is reported as stuck."""

    def inventory_budget_of(self, asset: str) -> int:
        """House money allowed in surplus of `asset`, in atoms of collateral."""
        return dict(self.inventory_budgets).get(asset, self.inventory_budget)

    def inventory_limit_of(self, asset: str) -> int:
        """Value of inventory in `asset`, in atoms of collateral, above which it is sold off."""
        limit = dict(self.inventory_limits).get(asset, self.inventory_limit)
        return max(limit, self.inventory_budget_of(asset))

    def objection(self) -> str:
        """The first setting that no engine could work with; empty when there is none."""
        for name in _ABOVE_ZERO:
            if getattr(self, name) <= 0:
                return f"{name} must be above 0"
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, int) and value < 0:
                return f"{name} must not be below 0"
        if self.fee_period_ns > _YEAR:
            return "fee_period_ns must not be longer than a year"
        if self.mint_threshold > ATOMS:
            return "mint_threshold must not be above 1"
        return ""
