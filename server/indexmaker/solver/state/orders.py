"""The record of an index order."""

from __future__ import annotations

import msgspec

from indexmaker.identifiers import derived_id
from indexmaker.solver.commands import IndexOrderReport, Invoice, InvoiceLot, RedemptionInvoice
from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import OrderState, RejectReason, Side

__all__ = ["IndexOrder", "order_id_of"]


def order_id_of(account: str, client_order_id: str) -> str:
    """The solver's name of a client's order."""
    return derived_id("o", account.lower(), client_order_id)


class IndexOrder(Record, kw_only=True):
    """One client instruction and everything that became of it. Money in atoms of the collateral.

    `tradable` is what may be spent on assets and venue fees, known once the transfer has arrived; `ending` is
    the final state that a cancel or an expiry leads to when the order cannot end at once.

    A sell's `amount`, `deposit` and `tradable` are index units: ordered, escrowed by its request, and to be sold.
    """

    order_id: str
    sequence: int
    account: str
    client_order_id: str
    index: str
    side: Side
    amount: int
    max_price: int
    min_units: int
    max_fee: int
    expires_at: int
    signature_digest: str
    quote_id: str = ""
    """The binding quote that it uses."""
    management_fee: int = 0
    """The rate that was in force when the order was taken."""
    state: OrderState
    state_since: int
    first: IndexOrderReport | None = None
    amendments: dict[str, IndexOrderReport] = msgspec.field(default_factory=dict)
    """The answer to each amend id."""
    stuck_told: bool = False
    ending: OrderState | None = None
    ending_reason: RejectReason = RejectReason.NONE
    lot_key: str = ""
    deposit: int = 0
    transfer_id: str = ""
    matched: bool = False
    """Was held against the user's own opposite orders."""
    alone: bool = False
    attempts: int = 0
    retry_at: int = 0
    routing_fee: int = 0
    tradable: int = 0
    price_limit: int = 0
    quantities: tuple[tuple[str, int], ...] = ()
    version: int = 0
    reserved: int = 0
    spent: int = 0
    units: int = 0
    """Index units bought, or sold."""
    proceeds: int = 0
    """SELL: value of what was sold, the sum of the lots' `value`."""
    sale_fees: int = 0
    """SELL: the venue's commissions on it, the sum of the lots' `fee`."""
    least_price: int = 0
    """SELL: what a unit must bring by the terms of the request, redemption fee included; 0: no limit."""
    commit_id: str = ""
    """SELL: the commit of its tokens that is on its way."""
    payout_share: int = 0
    """SELL: whole token units of the proceeds that go to the keeper; `transfer_id` is their payout."""
    looked_at: int = 0
    """Sequence of the last attempt at a batch that considered it."""
    idle: int = 0
    minimum_since: int = 0
    lots: list[InvoiceLot] = msgspec.field(default_factory=list)
    invoice: Invoice | None = None
    redemption: RedemptionInvoice | None = None
    invoice_attempts: int = 0
    vetoed: str = ""
    lots_root: str = ""
    signer: str = ""
    signature: str = ""
    settle_command: str = ""
    settle_tx: str = ""
    settle_block: int = 0
    settle_final: bool = False

    @property
    def left(self) -> int:
        """What may still be traded: collateral for assets and venue fees, or units of a sell."""
        return self.tradable - (self.spent if self.side is Side.BUY else self.units)
