"""Carries collateral from the route contract on Arbitrum over Across to a venue's deposit address on Base."""
