"""Who orders what: three users, two indices that share assets, one order too small for the venue's minimums, and a
sale of a part of what was bought.
"""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["INDICES", "ORDERS", "SALE", "DemoIndex", "DemoOrder", "DemoSale"]


@dataclass(frozen=True, slots=True)
class DemoIndex:
    """An index of the demonstration; weights are decimals that sum to 1."""

    symbol: str
    name: str
    weights: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOrder:
    """One order, funded by one deposit of the same amount in USDC."""

    user: int
    index: str
    amount: str

    @property
    def client_order_id(self) -> str:
        """Unique per user."""
        return f"demo-{self.user + 1}-{self.index.lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSale:
    """A share (a decimal below 1) of the index tokens that a user has bought, sold at the end."""

    user: int
    index: str
    share: str

    @property
    def client_order_id(self) -> str:
        """Unique per user."""
        return f"demo-{self.user + 1}-{self.index.lower()}-sale"


_TOP20 = {
    "BTC": "0.20",
    "ETH": "0.15",
    "BNB": "0.08",
    "SOL": "0.08",
    "XRP": "0.08",
    "ADA": "0.04",
    "DOGE": "0.04",
    "AVAX": "0.03",
    "DOT": "0.03",
    "LINK": "0.03",
    "LTC": "0.03",
    "BCH": "0.03",
    "UNI": "0.03",
    "AAVE": "0.03",
    "ATOM": "0.02",
    "NEAR": "0.02",
    "ARB": "0.02",
    "OP": "0.02",
    "APT": "0.02",
    "SUI": "0.02",
}
_CORE6 = {"BTC": "0.35", "ETH": "0.25", "SOL": "0.15", "BNB": "0.10", "LINK": "0.10", "AVAX": "0.05"}

INDICES = (
    DemoIndex("TOP20", "Twenty large assets", _TOP20),
    DemoIndex("CORE6", "Six core assets", _CORE6),
)

ORDERS = (
    DemoOrder(user=0, index="TOP20", amount="500"),
    # 30 USDC over twenty assets: each leg is far below the venue's minimum of 5 USDC by itself.
    DemoOrder(user=1, index="TOP20", amount="30"),
    DemoOrder(user=2, index="CORE6", amount="250"),
)

SALE = DemoSale(user=2, index="CORE6", share="0.6")
