"""Errors of the auction. None of them leaves anything half done: the caller falls back to no trade."""

from __future__ import annotations

__all__ = ["AuctionError", "BadProblem", "NotCertified", "SolverFailed"]


class AuctionError(Exception):
    """Parent of all that an auction may raise."""


class BadProblem(AuctionError):
    """An order, row or reference price that makes no sense; the message names it. To be mended by the caller."""


class SolverFailed(AuctionError):
    """The linear solver did not reach an optimum; the message carries its status."""


class NotCertified(AuctionError):
    """Fills and prices that break a rule of the auction or leave too much welfare; the message says which."""
