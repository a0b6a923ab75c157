"""Names the market data connector; imports nothing heavy."""

from __future__ import annotations

from indexmaker.connectors.hookspecs import hookimpl
from indexmaker.connectors.manifest import Manifest, Role


@hookimpl
def connector_manifest() -> Manifest:
    """The card of `binance-market-data`."""
    return Manifest(
        name="binance-market-data",
        summary="Books, trades and trading rules of Binance spot",
        roles=(Role.MARKET_DATA,),
        target="indexmaker_binance.market_data:BinanceMarketData",
        extra="binance",
    )
