"""Processes around the engines: gRPC services, and the edges that speak to plugins."""
