"""Batch auctions of sparse vector orders at uniform prices, certified in exact integers. Pure."""

from __future__ import annotations

from indexmaker.auction.certify import Certificate, certify
from indexmaker.auction.clearing import Cleared, clear, gap_allowed, no_trade
from indexmaker.auction.errors import AuctionError, BadProblem, NotCertified, SolverFailed
from indexmaker.auction.highs import HighsBackend
from indexmaker.auction.linear import LinearProgram, LpBackend, LpSolution
from indexmaker.auction.merge import BASIS_POINTS, Merger
from indexmaker.auction.model import Order, Problem, Result, Row, price_tolerance, value_of

__all__ = [
    "BASIS_POINTS",
    "AuctionError",
    "BadProblem",
    "Certificate",
    "Cleared",
    "HighsBackend",
    "LinearProgram",
    "LpBackend",
    "LpSolution",
    "Merger",
    "NotCertified",
    "Order",
    "Problem",
    "Result",
    "Row",
    "SolverFailed",
    "certify",
    "clear",
    "gap_allowed",
    "no_trade",
    "price_tolerance",
    "value_of",
]
