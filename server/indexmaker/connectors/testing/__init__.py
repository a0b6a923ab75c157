"""For people who test what they wrote: serve a connector in process, and scripted plugins of each role."""

from __future__ import annotations

from indexmaker.connectors.testing.serve import configured, serve_connector

__all__ = ["configured", "serve_connector"]
