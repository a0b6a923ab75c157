"""The rules that hold after every step, each kept by one watch."""

from __future__ import annotations

from indexmaker.simulation.watches.books import BooksWatch
from indexmaker.simulation.watches.budgets import BudgetWatch
from indexmaker.simulation.watches.commands import CommandWatch
from indexmaker.simulation.watches.orders import OrderWatch
from indexmaker.simulation.watches.trades import TradeWatch

__all__ = ["BooksWatch", "BudgetWatch", "CommandWatch", "OrderWatch", "TradeWatch"]
