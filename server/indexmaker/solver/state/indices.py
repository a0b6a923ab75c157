"""The record of an index."""

from __future__ import annotations

from indexmaker.solver.state.base import Record
from indexmaker.solver.vocabulary import IndexState

__all__ = ["Index"]


class Index(Record, kw_only=True):
    """An index as last created, with the quantities of its basket per unit."""

    symbol: str
    version: int
    chain_id: int
    gate: str
    token: str
    token_decimals: int
    quantities: tuple[tuple[str, int], ...]
    management_fee: int
    min_order: int
    max_order: int
    mint_threshold: int
    collateral: str
    collateral_decimals: int
    venue: str
    route: str
    custody: str
    destination: str
    state: IndexState = IndexState.ACTIVE

    @property
    def unit(self) -> int:
        """The smallest amount of the collateral token, in atoms."""
        return int(10 ** (18 - self.collateral_decimals))
