"""All of the state, but for the ledger."""

from __future__ import annotations

import msgspec

from indexmaker.instruments import Instrument
from indexmaker.solver.commands import SolverCommand
from indexmaker.solver.config import SolverConfig
from indexmaker.solver.state.base import Record
from indexmaker.solver.state.batches import AssetOrder, Batch, InventoryLot
from indexmaker.solver.state.collateral import DepositLot, GateTerms, Transfer, VenueDeposit
from indexmaker.solver.state.house import HouseDemand, Short
from indexmaker.solver.state.indices import DayUsage, Deployment, Index, Rebalance, WeightsPlan
from indexmaker.solver.state.operations import Reconciliation
from indexmaker.solver.state.orders import IndexOrder
from indexmaker.solver.state.quotes import Quote
from indexmaker.solver.state.redemptions import Payout, RedemptionLimits, TokenCommit, TokenLot
from indexmaker.solver.vocabulary import OrderState

__all__ = ["SolverState", "Waiting"]


class Waiting(Record, kw_only=True):
    """A command that waits for its answer; `number` is its place among all commands."""

    number: int
    command: SolverCommand


class SolverState(Record, kw_only=True):
    """All of it, but for the ledger."""

    config: SolverConfig = SolverConfig()
    instruments: dict[str, Instrument] = msgspec.field(default_factory=dict)
    indices: dict[str, Index] = msgspec.field(default_factory=dict)
    deployments: dict[str, Deployment] = msgspec.field(default_factory=dict)
    """By symbol of the index to be."""
    weights_plans: dict[str, WeightsPlan] = msgspec.field(default_factory=dict)
    """Weights that wait for their time or for the rebalance before them, by id."""
    rebalances: dict[str, Rebalance] = msgspec.field(default_factory=dict)
    proposals: dict[str, str] = msgspec.field(default_factory=dict)
    """Curators' calls that were taken, each with what it was."""
    quotes: dict[str, Quote] = msgspec.field(default_factory=dict)
    holding_quotes: set[str] = msgspec.field(default_factory=set)
    """Quotes that may hold capacity."""
    usage: dict[str, DayUsage] = msgspec.field(default_factory=dict)
    """What accounts ordered and indices minted in one day, by subject."""
    lots: dict[str, DepositLot] = msgspec.field(default_factory=dict)
    terms: dict[str, GateTerms] = msgspec.field(default_factory=dict)
    """By request, as `terms_key` names it."""
    orders: dict[str, IndexOrder] = msgspec.field(default_factory=dict)
    token_lots: dict[str, TokenLot] = msgspec.field(default_factory=dict)
    redemption_limits: dict[str, RedemptionLimits] = msgspec.field(default_factory=dict)
    """By request, as `terms_key` names it."""
    token_commits: dict[str, TokenCommit] = msgspec.field(default_factory=dict)
    """Commits of index tokens on their way."""
    payouts: dict[str, Payout] = msgspec.field(default_factory=dict)
    redemption_settlements: dict[str, str] = msgspec.field(default_factory=dict)
    """Settle command id to sell order id."""
    transfers: dict[str, Transfer] = msgspec.field(default_factory=dict)
    venue_deposits: dict[str, VenueDeposit] = msgspec.field(default_factory=dict)
    inventory: list[InventoryLot] = msgspec.field(default_factory=list)
    shorts: list[Short] = msgspec.field(default_factory=list)
    """What the house has to buy back, oldest first."""
    demands: dict[str, HouseDemand] = msgspec.field(default_factory=dict)
    """What the house trades for indices, by id."""
    batches: dict[str, Batch] = msgspec.field(default_factory=dict)
    asset_orders: dict[str, AssetOrder] = msgspec.field(default_factory=dict)
    trades: dict[str, str] = msgspec.field(default_factory=dict)
    """Venue trades seen, and the batch of each (empty for one that is not ours)."""
    crosses: dict[str, int] = msgspec.field(default_factory=dict)
    """What sellers gave inside batches, to buyers or to the house, named as trades are."""
    settlements: dict[str, str] = msgspec.field(default_factory=dict)
    """Settle command id to order id."""
    marks: dict[str, int] = msgspec.field(default_factory=dict)
    """Last mid price of an asset in the collateral, for valuing commissions."""
    holds: dict[str, int] = msgspec.field(default_factory=dict)
    """Assets left alone until a time."""
    capital_references: set[str] = msgspec.field(default_factory=set)
    open_orders: set[str] = msgspec.field(default_factory=set)
    """Index orders that are not final."""
    open_batches: set[str] = msgspec.field(default_factory=set)
    live_asset_orders: set[str] = msgspec.field(default_factory=set)
    """Venue orders of which more is expected."""
    halted: str = ""
    """Why no new batches are made; empty while they are."""
    reconciliation: Reconciliation | None = None
    outbox: dict[str, Waiting] = msgspec.field(default_factory=dict)
    """Commands not answered yet, by id."""
    commands: int = 0
    """How many commands were ever put there; gives them their order."""
    requests: dict[str, str] = msgspec.field(default_factory=dict)
    """Deposit lots that are not gone, by request, as `terms_key` names it."""
    token_requests: dict[str, str] = msgspec.field(default_factory=dict)
    account_lots: dict[str, set[str]] = msgspec.field(default_factory=dict)
    """Lots of both kinds that are in a gate and not committed, by account."""
    closed_orders: dict[str, OrderState] = msgspec.field(default_factory=dict)
    """How orders ended that are no longer kept."""
    closed_requests: dict[str, list[tuple[int, int]]] = msgspec.field(default_factory=dict)
    """By chain and gate, the first and last of each run of requests that are over for good and no longer kept."""
    trade_floors: dict[str, int] = msgspec.field(default_factory=dict)
    """By venue and symbol, the highest trade id that is no longer kept."""
    pruned_at: int = 0
    moving_transfers: set[str] = msgspec.field(default_factory=set)
    """Transfers whose arrival is awaited."""
    unmatched_deposits: set[str] = msgspec.field(default_factory=set)
    """Venue deposits that belong to no transfer yet."""
