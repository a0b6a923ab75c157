"""What the house trades through the batches on its own account or for an index, besides serving orders."""

from __future__ import annotations

from indexmaker.solver.state.base import Record

__all__ = ["HouseDemand", "Short"]


class HouseDemand(Record, kw_only=True):
    """A wish to buy (`quantity` above zero) or to sell (below zero) one asset for an index, as a rebalance needs it.

    A sale takes from the index's backing, a purchase pays from the index's cash (`accounts.index_cash`); each
    asset goes on by itself, in no proportion to others. `limit` is the most (or least) collateral for one whole
    unit of the asset, venue fees included; 0: none. Quantities in atoms of the asset, values in atoms of the
    collateral.
    """

    demand_id: str
    index: str
    asset: str
    quantity: int
    limit: int = 0
    sequence: int
    opened_at: int
    filled: int = 0
    """What was bought (above zero) or sold (below zero) so far."""
    value: int = 0
    """Collateral paid or received for `filled`, before fees."""
    fees: int = 0
    """Venue fees, on top of a purchase's value and out of a sale's."""
    batch_id: str = ""
    """The open batch it takes part in; empty between batches."""
    ended: bool = False
    """Nothing more is traded: filled, or withdrawn."""

    @property
    def left(self) -> int:
        """What is still to trade, without a sign."""
        return abs(self.quantity) - abs(self.filled)


class Short(Record, kw_only=True):
    """Assets that a batch sold beyond what its sellers gave up: the house owes them to the backing they came from.

    `proceeds` is what the house keeps for them, after fees, until it has bought them back.
    """

    sequence: int
    venue: str
    asset: str
    symbol: str
    trade_id: str
    quantity: int
    proceeds: int
