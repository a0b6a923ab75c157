"""Batch auctions of sparse vector orders at uniform prices, certified in exact integers. Pure."""

from __future__ import annotations

from indexmaker.auction.certificate import Certificate

__all__ = ["Certificate"]
