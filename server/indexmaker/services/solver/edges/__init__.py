"""Edges: each speaks to the plugins of one role, turns what they say into events and carries out commands."""

from indexmaker.services.solver.edges.bridge import BridgeEdge
from indexmaker.services.solver.edges.chain import ChainEdge
from indexmaker.services.solver.edges.funding import FundingEdge
from indexmaker.services.solver.edges.guardian import GuardianEdge
from indexmaker.services.solver.edges.market_data import MarketDataEdge
from indexmaker.services.solver.edges.order_entry import OrderEntryEdge

__all__ = [
    "BridgeEdge",
    "ChainEdge",
    "FundingEdge",
    "GuardianEdge",
    "MarketDataEdge",
    "OrderEntryEdge",
]
