"""The roles in the protos: their numbers and the names of their services."""

from __future__ import annotations

from indexmaker.api.connector.v1 import connector_pb2
from indexmaker.connectors.manifest import Role

__all__ = ["CONNECTOR_SERVICE", "ROLE_NUMBERS", "ROLE_SERVICES"]

CONNECTOR_SERVICE = "indexmaker.api.connector.v1.ConnectorService"
"""Served by every plugin."""

ROLE_NUMBERS = {role: connector_pb2.Role.Value(f"ROLE_{role.name}") for role in Role}
"""Number of each role in the proto's enum."""

ROLE_SERVICES = {
    Role.MARKET_DATA: "indexmaker.api.marketdata.v1.MarketDataService",
    Role.ORDER_ENTRY: "indexmaker.api.orderentry.v1.OrderEntryService",
    Role.FUNDING: "indexmaker.api.orderentry.v1.FundingService",
    Role.CHAIN: "indexmaker.api.chain.v1.ChainService",
    Role.BRIDGE: "indexmaker.api.bridge.v1.BridgeService",
    Role.GATEWAY: "indexmaker.api.gateway.v1.GatewayService",
}
"""Full name of the service of each role."""
