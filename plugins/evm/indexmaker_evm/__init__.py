"""Connector of EVM chains: contracts, chain access and the development network."""
