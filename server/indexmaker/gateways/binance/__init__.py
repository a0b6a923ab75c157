"""The Binance-compatible face of the exchange: REST, WebSocket API, streams."""

from indexmaker.gateways.binance.app import BinanceGateway
from indexmaker.gateways.binance.credentials import Credential, Credentials
from indexmaker.gateways.binance.rate_limits import Limits, RateLimits
from indexmaker.gateways.binance.venue import Venue

__all__ = ["BinanceGateway", "Credential", "Credentials", "Limits", "RateLimits", "Venue"]
