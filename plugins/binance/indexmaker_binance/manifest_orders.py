"""Names the order entry and funding connector; imports nothing heavy."""

from __future__ import annotations

from indexmaker.connectors.hookspecs import hookimpl
from indexmaker.connectors.manifest import Manifest, Role


@hookimpl
def connector_manifest() -> Manifest:
    """The card of `binance-orders`."""
    return Manifest(
        name="binance-orders",
        summary="Orders, executions, balances, deposits and withdrawals of one Binance spot account",
        roles=(Role.ORDER_ENTRY, Role.FUNDING),
        target="indexmaker_binance.orders:BinanceOrders",
        extra="binance",
    )
