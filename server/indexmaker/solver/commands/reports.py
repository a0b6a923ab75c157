"""What the solver tells whoever watches."""

from __future__ import annotations

from indexmaker.solver.commands.base import Report
from indexmaker.solver.vocabulary import ExecType, OrderState, RejectReason, Side, Value

__all__ = ["Alert", "BatchReport", "IndexOrderReport", "IndexReport", "LegReport"]


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
    """One asset of a batch: what was sent to the venue, what came of it."""

    asset: str
    venue: str
    symbol: str
    ordered: int
    limit_price: int
    from_inventory: int
    executed: int = 0
    cost: int = 0
    fee: int = 0
    surplus: int = 0


class BatchReport(Report, frozen=True, kw_only=True):
    """A batch began (`closed` false), ended, or was not worth beginning (`reason`, no legs)."""

    batch_id: str
    closed: bool
    legs: tuple[LegReport, ...] = ()
    orders: tuple[tuple[str, int], ...] = ()
    """Index orders with the units planned (open) or filled (closed)."""
    waiting: tuple[tuple[str, str], ...] = ()
    """Index orders left out, each with the reason."""
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
