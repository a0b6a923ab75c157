"""Connectors for Binance spot and every venue that speaks its interface: market data, orders and funding."""
