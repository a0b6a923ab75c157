"""What the outside must show if the ledger is right, and the judgement of what it does show. Pure.

The ledger says what is at a place; what is on its way there or away from it widens the range in which the outside may
be. A value within the range is explained, one outside of it is not.
"""

from __future__ import annotations

from indexmaker.ledger import Ledger, OwnerKind
from indexmaker.money import mul_ceil
from indexmaker.solver import accounts
from indexmaker.solver.commands import RedemptionInvoice
from indexmaker.solver.state import (
    AssetOrder,
    Index,
    LotState,
    Payout,
    PayoutStage,
    SolverState,
    Transfer,
    TransferStage,
)
from indexmaker.solver.vocabulary import OrderState, PositionCheck, PositionStatus, Side, Value

__all__ = ["BRIDGE", "Expected", "expected_positions", "judge", "moving_transfers", "supply_place"]

BRIDGE = "bridge"
"""The place of collateral that bridges carry to venues."""

_SETTLING = (OrderState.MINT_SUBMITTED,)


def supply_place(symbol: str) -> str:
    """The place of all units of an index, whoever has them."""
    return f"supply:{symbol}"


class Expected(Value, frozen=True, kw_only=True):
    """One asset at one place by the ledger; `less` and `more` are what may have left or come already."""

    place: str
    asset: str
    amount: int
    less: int = 0
    more: int = 0
    explanation: str = ""


def judge(expected: Expected, outside: int) -> PositionCheck:
    """Compare one position."""
    lowest, highest = expected.amount - expected.less, expected.amount + expected.more
    if outside == expected.amount:
        status = PositionStatus.MATCHED
    elif lowest <= outside <= highest:
        status = PositionStatus.EXPLAINED
    else:
        status = PositionStatus.UNEXPLAINED
    return PositionCheck(
        place=expected.place,
        asset=expected.asset,
        ledger=expected.amount,
        outside=outside,
        lowest=lowest,
        highest=highest,
        status=status,
        explanation=expected.explanation if status is PositionStatus.EXPLAINED else "",
    )


def expected_positions(state: SolverState, ledger: Ledger) -> tuple[Expected, ...]:
    """Every asset at every venue, keeper and gate, what bridges carry, and the units of indices, by place and asset."""
    ways = _Ways()
    for name in sorted(state.live_asset_orders):
        _order(ways, state, state.asset_orders[name])
    for transfer in state.transfers.values():
        _transfer(ways, state.indices[transfer.index], transfer)
    for payout in state.payouts.values():
        _payout(ways, payout)
    for order_id in sorted(state.open_orders):
        order = state.orders[order_id]
        if order.redemption is not None and order.settle_command:
            _payment(ways, state, order.redemption)
        if order.state in _SETTLING and order.invoice is not None:
            ways.coming(supply_place(order.index), accounts.index_token(order.index), order.invoice.units, "mints")
            keeper = f"keeper:{order.invoice.chain_id}"
            ways.leaving(keeper, state.indices[order.index].collateral, order.invoice.refund, "settlements")
    for lot in (*state.lots.values(), *state.token_lots.values()):
        if lot.removed and lot.state is not LotState.GONE:
            ways.leaving(accounts.gate_place(lot.chain_id, lot.gate), lot.asset, lot.amount, "withdrawn requests")
    totals = _totals(state, ledger)
    return tuple(ways.expected(place, asset, totals[place, asset]) for place, asset in sorted(totals))


def _totals(state: SolverState, ledger: Ledger) -> dict[tuple[str, str], int]:
    """What the ledger says, by place and asset."""
    totals: dict[tuple[str, str], int] = {}
    for account, balance in ledger:
        if account.kind != OwnerKind.EXTERNAL and account.place.split(":")[0] in ("venue", "keeper", "gate"):
            key = (account.place, account.asset)
            totals[key] = totals.get(key, 0) + balance
        elif (account.kind, account.bucket, account.place) == (OwnerKind.USER, "routed", "transit"):
            totals[BRIDGE, account.asset] = totals.get((BRIDGE, account.asset), 0) + balance
    for index in state.indices.values():
        token = accounts.index_token(index.symbol)
        gone = ledger.balance(accounts.burned(index.chain_id, token))
        totals[supply_place(index.symbol), token] = index.minted - gone
    return totals


class _Ways:
    """What is on its way, by place and asset."""

    def __init__(self) -> None:
        self._less: dict[tuple[str, str], int] = {}
        self._more: dict[tuple[str, str], int] = {}
        self._why: dict[tuple[str, str], set[str]] = {}

    def leaving(self, place: str, asset: str, amount: int, why: str) -> None:
        self._less[place, asset] = self._less.get((place, asset), 0) + max(0, amount)
        self._why.setdefault((place, asset), set()).add(why)

    def coming(self, place: str, asset: str, amount: int, why: str) -> None:
        self._more[place, asset] = self._more.get((place, asset), 0) + max(0, amount)
        self._why.setdefault((place, asset), set()).add(why)

    def expected(self, place: str, asset: str, amount: int) -> Expected:
        key = (place, asset)
        return Expected(
            place=place,
            asset=asset,
            amount=amount,
            less=self._less.get(key, 0),
            more=self._more.get(key, 0),
            explanation=", ".join(sorted(self._why.get(key, ()))),
        )


def _transfer(ways: _Ways, index: Index, transfer: Transfer) -> None:
    gate = accounts.gate_place(index.chain_id, index.gate)
    if transfer.stage is TransferStage.COMMITTING:
        ways.leaving(gate, index.collateral, transfer.amount, "commits")
    elif transfer.stage is TransferStage.MOVING:
        ways.coming(accounts.venue_place(index.venue), index.collateral, transfer.amount, "transfers")
        if transfer.last is None:
            ways.leaving(BRIDGE, index.collateral, transfer.amount, "transfers that are asked for")


def _payout(ways: _Ways, payout: Payout) -> None:
    """Proceeds on their way out of a venue and into the keeper's wallet."""
    if payout.stage is PayoutStage.WITHDRAWING:
        ways.leaving(accounts.venue_place(payout.venue), payout.asset, payout.amount, "payouts")
    elif payout.stage is PayoutStage.MOVING or (payout.stage is PayoutStage.FAILED and payout.carried):
        ways.coming(f"keeper:{payout.chain_id}", payout.asset, payout.amount, "payouts")


def _payment(ways: _Ways, state: SolverState, invoice: RedemptionInvoice) -> None:
    """A payment that may be on the chain already: its dollars have left the keeper, its tokens the gate."""
    index = state.indices[invoice.index]
    ways.leaving(f"keeper:{invoice.chain_id}", index.collateral, invoice.paid, "settlements")
    lot = state.token_lots[state.orders[invoice.order_id].lot_key]
    ways.leaving(accounts.gate_place(lot.chain_id, lot.gate), lot.asset, lot.amount, "settlements")
    ways.leaving(supply_place(invoice.index), accounts.index_token(invoice.index), invoice.burned, "settlements")


def _order(ways: _Ways, state: SolverState, order: AssetOrder) -> None:
    """A live order may have been executed up to its whole quantity without our knowing it yet."""
    instrument = state.instruments[f"{order.venue}:{order.symbol}"]
    place = accounts.venue_place(order.venue)
    left = order.quantity - order.executed
    if order.side is Side.BUY:
        ways.leaving(place, instrument.quote, mul_ceil(order.price, left), "orders")
        ways.coming(place, instrument.base, left, "orders")
    else:
        ways.leaving(place, instrument.base, left, "orders")
        # A sale may bring more than its limit; nobody sells at more than ten times it.
        ways.coming(place, instrument.quote, 10 * mul_ceil(order.price, left), "orders")


def moving_transfers(state: SolverState) -> tuple[tuple[str, str], ...]:
    """Transfers of deposits that a bridge carries now, with their asset."""
    moving = [one for one in state.transfers.values() if one.stage is TransferStage.MOVING]
    return tuple(sorted((one.transfer_id, state.indices[one.index].collateral) for one in moving))
