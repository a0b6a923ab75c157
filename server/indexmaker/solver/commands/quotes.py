"""The answer to a request for a quote."""

from __future__ import annotations

from indexmaker.solver.commands.base import Report
from indexmaker.solver.vocabulary import QuoteState, RejectReason, Side, Value

__all__ = ["QuoteReport", "QuoteTerms"]


class QuoteTerms(Value, frozen=True, kw_only=True):
    """What an order would get on some books. Amounts in collateral but for `units`.

    BUY: `amount = assets + venue_fees + routing_fee + management_fee + refund`. SELL: `amount` are units,
    `payout = assets - venue_fees - routing_fee - management_fee`, rounded down to whole
    units of the collateral token, is what is paid for the `units` sold.
    `price` is the average of a unit (assets and venue fees), `limit_price` the worst that a unit may cost or bring.
    `slippage` is what the assets cost more (or bring less) than at mid. `possible` false comes with a `reason`, and
    `obstacles` names the assets or rules in the way.
    """

    possible: bool
    units: int = 0
    price: int = 0
    limit_price: int = 0
    mid_price: int = 0
    assets: int = 0
    venue_fees: int = 0
    routing_fee: int = 0
    management_fee: int = 0
    refund: int = 0
    payout: int = 0
    slippage: int = 0
    batches: int = 0
    reason: RejectReason = RejectReason.NONE
    obstacles: tuple[str, ...] = ()


class QuoteReport(Report, frozen=True, kw_only=True):
    """A binding quote as it stands."""

    quote_id: str
    account: str
    client_quote_id: str
    side: Side
    index: str
    amount: int
    state: QuoteState
    terms: QuoteTerms
    expires_at: int
    at: int
