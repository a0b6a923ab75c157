"""What the solver tells whoever watches."""

from __future__ import annotations

from indexmaker.solver.commands.base import Report
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side, Value

__all__ = ["Alert", "BatchReport", "DemandReport", "IndexOrderReport", "IndexReport", "LegReport", "PoolReport"]


class IndexReport(Report, frozen=True, kw_only=True):
    """An index was taken in (with its quantities per unit) or refused."""

    symbol: str
    version: int
    accepted: bool
    reason: str = ""
    quantities: tuple[tuple[str, int], ...] = ()


class IndexOrderReport(Report, frozen=True, kw_only=True):
    """A change of an index order, in the manner of a FIX execution report.

    `spent` is the collateral used for assets and venue fees so far, `leaves` what may still be used, `fees`
    routing plus management fee, `refund` what comes back (known with the invoice), `units` the index units
    filled so far, `last_units` those of this report and `last_value` what they cost.

    Of a sell, `amount` and `leaves` are index units, `proceeds` what the sold assets brought so far, `last_value` what
    they brought this time, both before fees; `paid` and `returned` (units) are known with the invoice.
    """

    order_id: str
    account: str
    client_order_id: str
    index: str
    side: Side
    exec_type: ExecType
    state: OrderState
    amount: int
    spent: int = 0
    leaves: int = 0
    units: int = 0
    last_units: int = 0
    last_value: int = 0
    fees: int = 0
    refund: int = 0
    proceeds: int = 0
    paid: int = 0
    returned: int = 0
    reason: RejectReason = RejectReason.NONE
    text: str = ""
    tx_hash: str = ""
    amend_id: str = ""
    """The change of terms that this answers."""
    at: int = 0


class LegReport(Value, frozen=True, kw_only=True):
    """What was sent to a venue for one asset, and what came of it: `cost` is what was paid, or received, before
    fees.

    `house` is the part that is on the house's own account.
    """

    asset: str
    venue: str
    symbol: str
    side: Side
    ordered: int
    limit_price: int
    house: int = 0
    executed: int = 0
    cost: int = 0
    fee: int = 0


class PoolReport(Value, frozen=True, kw_only=True):
    """One asset of a batch apart from its legs: what orders exchanged, and what the house gave and took.

    `mid` is the price of it all, from the book of `symbol` on `venue`. Buyers got `needed`, of it `crossed` from
    sellers (under the trade id `cross_id`) and `from_inventory`; sellers gave `offered`, of it `absorbed` to the
    house (under `absorbed_id`). `surplus` of purchases became inventory, `covered` was bought back, `short` is
    what was sold too much.
    """

    asset: str
    venue: str
    symbol: str
    mid: int
    cross_id: str
    absorbed_id: str
    needed: int
    offered: int
    crossed: int = 0
    from_inventory: int = 0
    absorbed: int = 0
    surplus: int = 0
    covered: int = 0
    short: int = 0


class DemandReport(Value, frozen=True, kw_only=True):
    """What a batch does (open) or did (closed) for an index's own demand; a sale has a quantity below zero."""

    demand_id: str
    index: str
    asset: str
    quantity: int
    value: int = 0
    fee: int = 0


class BatchReport(Report, frozen=True, kw_only=True):
    """A batch began (`closed` false), ended, or was not worth beginning (`reason`, no legs)."""

    batch_id: str
    closed: bool
    legs: tuple[LegReport, ...] = ()
    pools: tuple[PoolReport, ...] = ()
    orders: tuple[tuple[str, int], ...] = ()
    """Index orders with the units planned (open) or filled (closed)."""
    demands: tuple[DemandReport, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    """Index orders and demands left out, each with the reason."""
    unusable: tuple[tuple[str, str], ...] = ()
    """Assets that could not be traded, each with the reason."""
    reason: str = ""
    at: int = 0


class Alert(Report, frozen=True, kw_only=True):
    """Something a person should see. `kind` is stable (STUCK_ORDER, TRANSFER, LATE_FILL, ...)."""

    kind: str
    subject: str
    text: str
    order_ids: tuple[str, ...] = ()
    age_ns: int = 0
    at: int = 0
