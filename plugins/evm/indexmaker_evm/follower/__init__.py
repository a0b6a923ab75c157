"""Follows a chain: headers, logs, reorganisations and finality."""
