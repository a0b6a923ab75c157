"""The simulated venue and its connector: IOC orders against wandering books, balances, deposits, withdrawals.

`unbooked` holds what the venue did and the core has not heard of yet, so that the books of both can be compared at
every moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from indexmaker.instruments import Instrument, RuleViolation
from indexmaker.money import ATOMS, floor_to_step, mul_floor
from indexmaker.simulation.chance import Chance
from indexmaker.simulation.link import Link
from indexmaker.simulation.listings import COLLATERAL, FEE_ASSET, POINTS, SECOND, VENUE
from indexmaker.simulation.market import Market
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.solver import events as ev
from indexmaker.solver.commands import PlaceAssetOrder, QueryAssetOrder, WithdrawCollateral
from indexmaker.solver.guardian import trade_key
from indexmaker.solver.vocabulary import AssetOrderStatus, RejectClass, Side, WithdrawalState

__all__ = ["Venue", "VenueCommand"]

VenueCommand = PlaceAssetOrder | QueryAssetOrder | WithdrawCollateral

_WITHDRAWAL_FEE = ATOMS
_HIDDEN = 15 * SECOND
"""How long the stream is silent about an order whose answer said nothing."""


@dataclass(slots=True)
class _Order:
    command: PlaceAssetOrder
    trades: list[ev.ExecutionReported] = field(default_factory=list)
    executed: int = 0


@dataclass(slots=True)
class _Withdrawal:
    command: WithdrawCollateral
    state: WithdrawalState = WithdrawalState.ACCEPTED
    reason: str = ""


class Venue:
    """Our account at the venue, and what the venue says about it."""

    def __init__(self, scheduler: Scheduler, chance: Chance, link: Link, markets: Mapping[str, Market]) -> None:
        self.markets = markets
        self.balances: dict[str, int] = {}
        self.unbooked: dict[str, tuple[int, tuple[tuple[str, int], ...]]] = {}
        """What the core has still to hear of: since when, and what it did to our balances."""
        self.unbooked_total: dict[str, int] = {}
        self.received: dict[str, int] = {}
        """What left each withdrawal for its address."""
        self._scheduler = scheduler
        self._chance = chance
        self._link = link
        self._orders: dict[str, _Order] = {}
        self._withdrawals: dict[str, _Withdrawal] = {}
        self._trades = 0
        self._deposits = 0
        self.armed_rejects: deque[RejectClass] = deque()
        self.armed_unknown: deque[str] = deque()
        self.armed_partial: deque[int] = deque()
        self.armed_withdrawals: deque[tuple[str, int]] = deque()
        self.fills = 0

    @property
    def quiet(self) -> bool:
        """Nothing was done that is not booked."""
        return not self.unbooked

    def books(self) -> tuple[ev.Book, ...]:
        """All books as market data tell them now."""
        return tuple(self.markets[symbol].book(self._scheduler.now) for symbol in sorted(self.markets))

    def booked(self, key: str) -> None:
        """The core has booked a trade, deposit or withdrawal."""
        known = self.unbooked.pop(key, None)
        for asset, amount in known[1] if known else ():
            self.unbooked_total[asset] -= amount

    def calm(self) -> None:
        """Leave out the trouble that has not begun."""
        for armed in (self.armed_rejects, self.armed_unknown, self.armed_partial, self.armed_withdrawals):
            armed.clear()

    def fund(self, asset: str, amount: int) -> None:
        """Money that was there before."""
        self.balances[asset] = self.balances.get(asset, 0) + amount

    def deposit(self, amount: int, tx_hash: str) -> str:
        """A transaction pays into our account; credited a little later. Returns the venue's name of it."""
        self._deposits += 1
        deposit_id = f"d{self._deposits}"
        self._tell_deposit(amount, tx_hash, deposit_id, credited=False)
        wait = self._chance.between(SECOND, 10 * SECOND, "credit", deposit_id)
        self._scheduler.after(wait, self._credit, amount, tx_hash, deposit_id)
        return deposit_id

    def handle(self, command: VenueCommand) -> None:
        """Take a command of the core."""
        match command:
            case PlaceAssetOrder():
                self._place(command)
            case QueryAssetOrder():
                self._query(command)
            case WithdrawCollateral():
                self._withdraw(command)

    def unanswered(self, command: VenueCommand) -> None:
        """Orders are never sent again by themselves: that nobody knows is what the core is told."""
        if isinstance(command, PlaceAssetOrder):
            reason = "the connection was lost"
            self._link.answer(command, ev.AssetOrderUnknown(client_order_id=command.client_order_id, reason=reason))
        else:
            self._link.command(command)

    def resync(self) -> None:
        """The streams go on from what the core has journaled; nothing else is missing."""

    def _place(self, command: PlaceAssetOrder) -> None:
        name = command.client_order_id
        known = self._orders.get(name)
        if known is not None:
            self._link.answer(command, *self._status(known))
            return
        variant = self.armed_unknown.popleft() if self.armed_unknown else ""
        if variant == "lost":
            self._link.answer(command, ev.AssetOrderUnknown(client_order_id=name, reason="timeout"))
            return
        refusal = self._refusal(command)
        if refusal is not None:
            reject_class, reason = refusal
            self._link.answer(
                command, ev.AssetOrderRejected(client_order_id=name, reject_class=reject_class, reason=reason)
            )
            return
        order = self._execute(command)
        if variant == "unknown":
            self._link.answer(command, ev.AssetOrderUnknown(client_order_id=name, reason="timeout"))
        elif not variant and self._chance.happens(50, "accepted", name):
            self._link.answer(command, ev.AssetOrderAccepted(client_order_id=name))
        hidden = _HIDDEN if variant else 0
        self._scheduler.after(hidden, self._stream, order)

    def _refusal(self, command: PlaceAssetOrder) -> tuple[RejectClass, str] | None:
        if self.armed_rejects:
            return self.armed_rejects.popleft(), "as it pleases the venue"
        market = self.markets[command.symbol]
        market.renew(self._scheduler.now)
        if market.halted:
            return RejectClass.OTHER, "market halted"
        try:
            market.rules.check(quantity=command.quantity, price=command.price)
        except RuleViolation as violation:
            return RejectClass.FILTER, str(violation)
        asset, wanted = market.rules.base, command.quantity
        if command.side is Side.BUY:
            asset, wanted = COLLATERAL, mul_floor(command.price, command.quantity)
        if self.balances.get(asset, 0) < wanted:
            return RejectClass.BALANCE, f"not enough {asset}"
        return None

    def _execute(self, command: PlaceAssetOrder) -> _Order:
        order = self._orders[command.client_order_id] = _Order(command)
        market = self.markets[command.symbol]
        quantity = command.quantity
        if self.armed_partial:
            quantity = floor_to_step(quantity * self.armed_partial.popleft() // 100, market.rules.lot_step)
        for price, taken in market.match(command.side, price=command.price, quantity=quantity):
            order.executed += taken
            order.trades.append(self._trade(command, market.rules, price, taken))
        return order

    def _trade(self, command: PlaceAssetOrder, rules: Instrument, price: int, quantity: int) -> ev.ExecutionReported:
        self._trades += 1
        self.fills += 1
        value = mul_floor(price, quantity)
        asset, commission = self._commission(command, rules, value, quantity)
        sign = 1 if command.side is Side.BUY else -1
        trade = ev.ExecutionReported(
            venue=VENUE,
            symbol=command.symbol,
            trade_id=str(self._trades),
            client_order_id=command.client_order_id,
            price=price,
            quantity=quantity,
            commission=commission,
            commission_asset=asset,
            at=self._scheduler.now,
        )
        effects = ((rules.base, sign * quantity), (COLLATERAL, -sign * value), (asset, -commission))
        self._effect(trade_key(VENUE, command.symbol, trade.trade_id), *effects)
        return trade

    def _commission(self, command: PlaceAssetOrder, rules: Instrument, value: int, quantity: int) -> tuple[str, int]:
        """Mostly in what is received, sometimes in the other, in a traded third, or in one without a market."""
        way = self._chance.between(0, 99, "commission", command.client_order_id)
        if way < 20 and rules.base != FEE_ASSET:
            fee = self.markets[f"{FEE_ASSET}{COLLATERAL}"]
            return FEE_ASSET, value * rules.taker_fee // fee.mid
        if way < 22:
            return POINTS, value // 2000
        in_base = (command.side is Side.BUY) is (way < 70)
        return (
            (rules.base, mul_floor(quantity, rules.taker_fee))
            if in_base
            else (
                COLLATERAL,
                mul_floor(value, rules.taker_fee),
            )
        )

    def _effect(self, key: str, *effects: tuple[str, int]) -> None:
        self.unbooked[key] = (self._scheduler.now, effects)
        for asset, amount in effects:
            self.balances[asset] = self.balances.get(asset, 0) + amount
            self.unbooked_total[asset] = self.unbooked_total.get(asset, 0) + amount

    def _status(self, order: _Order) -> list[ev.SolverEvent]:
        done = ev.AssetOrderDone(
            client_order_id=order.command.client_order_id,
            status=(AssetOrderStatus.FILLED if order.executed == order.command.quantity else AssetOrderStatus.EXPIRED),
            executed_quantity=order.executed,
        )
        return [*order.trades, done]

    def _stream(self, order: _Order) -> None:
        for event in self._status(order):
            self._link.tell(event)

    def _query(self, command: QueryAssetOrder) -> None:
        order = self._orders.get(command.client_order_id)
        if order is not None:
            self._link.answer(command, *self._status(order))
        else:
            name = command.client_order_id
            self._link.answer(command, ev.AssetOrderRejected(client_order_id=name, reject_class=RejectClass.NOT_FOUND))

    def _tell_deposit(self, amount: int, tx_hash: str, deposit_id: str, *, credited: bool) -> None:
        event = ev.VenueDepositSeen(
            venue=VENUE,
            asset=COLLATERAL,
            amount=amount,
            tx_hash=tx_hash,
            deposit_id=deposit_id,
            credited=credited,
        )
        self._link.tell(event, subject=deposit_id)

    def _credit(self, amount: int, tx_hash: str, deposit_id: str) -> None:
        self._effect(deposit_id, (COLLATERAL, amount))
        self._tell_deposit(amount, tx_hash, deposit_id, credited=True)

    def _withdraw(self, command: WithdrawCollateral) -> None:
        known = self._withdrawals.get(command.command_id)
        if known is not None:
            self._link.answer(command, self._progress(known))
            return
        order = self._withdrawals[command.command_id] = _Withdrawal(command)
        trouble, delay = self.armed_withdrawals.popleft() if self.armed_withdrawals else ("", 0)
        if trouble == "refused" or self.balances.get(COLLATERAL, 0) < command.amount:
            order.state, order.reason = WithdrawalState.FAILED, "refused by the venue"
            self._tell_withdrawal(order)
            return
        self._tell_withdrawal(order)
        wait = delay + self._chance.between(SECOND, 8 * SECOND, "withdrawal", command.command_id)
        if trouble == "operator":
            self._scheduler.after(SECOND, self._move, order, WithdrawalState.NEEDS_OPERATOR)
        self._scheduler.after(wait, self._move, order, WithdrawalState.SENT)
        self._scheduler.after(wait + 5 * SECOND, self._move, order, WithdrawalState.COMPLETED)

    def _move(self, order: _Withdrawal, state: WithdrawalState) -> None:
        order.state = state
        if state is WithdrawalState.SENT:
            command = order.command
            self.received[command.command_id] = command.amount - _WITHDRAWAL_FEE
            self._effect(command.command_id, (COLLATERAL, -command.amount))
        self._tell_withdrawal(order)

    def _progress(self, order: _Withdrawal) -> ev.WithdrawalUpdated:
        left = order.state in (WithdrawalState.SENT, WithdrawalState.COMPLETED)
        return ev.WithdrawalUpdated(
            command_id=order.command.command_id,
            state=order.state,
            tx_hash=f"0xw{order.command.command_id}" if left else "",
            amount=order.command.amount - _WITHDRAWAL_FEE,
            fee=_WITHDRAWAL_FEE,
            reason=order.reason,
        )

    def _tell_withdrawal(self, order: _Withdrawal) -> None:
        self._link.tell(self._progress(order), subject=order.command.command_id)
