"""Orders, trades and balances of a scripted venue. Exact: all numbers are atoms."""

from __future__ import annotations

from collections import defaultdict, deque

import msgspec

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.orderentry.v1 import order_entry_pb2 as pb
from indexmaker.connectors.clock import Clock
from indexmaker.connectors.testing.changes import ChangeLog
from indexmaker.connectors.testing.venue_config import (
    Ambiguous,
    Fill,
    MockVenueConfig,
    Outcome,
    Pair,
    Reject,
    Rest,
    ScriptedDeposit,
)
from indexmaker.connectors.testing.venue_withdrawals import VenueWithdrawals
from indexmaker.money import floor_to_step, format_atoms, mul_ceil, mul_floor, parse_atoms

__all__ = ["VenueBook"]

_OPEN = (pb.ORDER_STATUS_NEW, pb.ORDER_STATUS_PARTIALLY_FILLED)


class VenueBook:
    """What the venue knows. `reports` holds every change of an order, `deposits` every change of a deposit."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.pairs: dict[str, Pair] = {}
        self.balances: defaultdict[str, int] = defaultdict(int)
        self.script: deque[Outcome] = deque()
        self.orders: dict[str, pb.OrderReport] = {}
        self.reports: ChangeLog[pb.OrderReport] = ChangeLog()
        self.deposits: ChangeLog[pb.VenueDeposit] = ChangeLog()
        self._trade_ids: defaultdict[str, int] = defaultdict(int)
        self._deposit_ids: set[str] = set()
        self._at_book = False
        self.withdrawals = VenueWithdrawals(clock, self.balances)

    def configure(self, config: MockVenueConfig) -> None:
        """Take pairs and deposits, append the script, and set balances the first time."""
        if not self.pairs:
            self.balances.update({asset: parse_atoms(amount) for asset, amount in config.balances.items()})
        self.pairs = {pair.symbol: pair for pair in config.pairs}
        self._at_book = config.at_book
        self.script.extend(config.script)
        self.withdrawals.configure(config.withdrawal_terms, config.withdrawal_script, config.withdrawal_steps)
        for deposit in config.deposits:
            self.credit(deposit)

    def credit(self, deposit: ScriptedDeposit) -> None:
        """Credit a deposit, once for each id."""
        if deposit.deposit_id in self._deposit_ids:
            return
        self._deposit_ids.add(deposit.deposit_id)
        self.balances[deposit.asset] += parse_atoms(deposit.amount)
        self.deposits.append(
            pb.VenueDeposit(
                deposit_id=deposit.deposit_id,
                amount=common_pb2.AssetAmount(asset=deposit.asset, amount=deposit.amount),
                network=deposit.network,
                tx_hash=deposit.tx_hash,
                status=pb.VenueDeposit.STATUS_CREDITED,
                recorded_at=self._clock.now(),
            )
        )

    def next_outcome(self) -> Outcome:
        """How to answer the next order: as scripted, otherwise by filling it."""
        return self.script.popleft() if self.script else Fill(at_book=self._at_book)

    def place(self, order: pb.PlaceOrder, outcome: Outcome) -> pb.OrderReport | pb.OrderReject:
        """Answer an order; one that was placed before is answered with what became of it."""
        known = self.orders.get(order.client_order_id)
        if known is not None:
            return _copy(known)
        pair = self.pairs.get(order.symbol)
        if pair is None:
            return self._reject(order, Reject(reject_class="HALTED", detail=f"{order.symbol} is not traded here"))
        if isinstance(outcome, Reject):
            return self._reject(order, outcome)
        if isinstance(outcome, Ambiguous) and not outcome.executed:
            return self._reject(order, _UNKNOWN)
        fill = self._fill(outcome)
        if fill.at_book and not _reaches(order, pair):
            fill = msgspec.structs.replace(fill, share="0")
        if not self._can_pay(order, pair, fill):
            return self._reject(order, Reject(reject_class="BALANCE", detail="insufficient balance"))
        report = self._work(order, pair, fill, silent=isinstance(outcome, Ambiguous) and outcome.silent)
        return self._reject(order, _UNKNOWN) if isinstance(outcome, Ambiguous) else report

    def _fill(self, outcome: Outcome) -> Fill:
        if isinstance(outcome, Rest):
            return Fill(share="0")
        return outcome if isinstance(outcome, Fill) else Fill(at_book=self._at_book)

    def cancel(self, order: pb.CancelOrder) -> pb.OrderReport:
        """Cancel an order that is open; otherwise say what became of it."""
        known = self.orders.get(order.client_order_id)
        if known is not None and known.status in _OPEN:
            known.status = pb.ORDER_STATUS_CANCELED
            self._publish(known)
        return self.find(order.client_order_id, order.symbol)

    def find(self, client_order_id: str, symbol: str) -> pb.OrderReport:
        """What became of an order; NOT_FOUND for one that never arrived."""
        known = self.orders.get(client_order_id)
        if known is not None:
            return _copy(known)
        return pb.OrderReport(client_order_id=client_order_id, symbol=symbol, status=pb.ORDER_STATUS_NOT_FOUND)

    def fill_open(self, client_order_id: str, quantity: str) -> None:
        """Fill a part of a resting order."""
        known = self.orders[client_order_id]
        trade = self._trade(known, self.pairs[known.symbol], parse_atoms(quantity), price=known.price, maker=True)
        self._settle_status(known)
        self._publish(known, trade)

    def _work(self, order: pb.PlaceOrder, pair: Pair, fill: Fill, *, silent: bool) -> pb.OrderReport:
        known = pb.OrderReport(
            client_order_id=order.client_order_id,
            venue_order_id=str(len(self.orders) + 1),
            symbol=order.symbol,
            side=order.side,
            status=pb.ORDER_STATUS_NEW,
            price=order.price,
            quantity=order.quantity,
            executed_quantity="0",
            executed_value="0",
            venue_at=self._clock.now(),
        )
        self.orders[order.client_order_id] = known
        price = _best(order, pair) if fill.at_book else order.price
        for part in _parts(parse_atoms(order.quantity), pair, fill):
            trade = self._trade(known, pair, part, price=price, maker=False)
            self._settle_status(known)
            if not silent:
                self._publish(known, trade, repeat=fill.repeat)
        if known.status in _OPEN and order.time_in_force != pb.TIME_IN_FORCE_GTC:
            known.status = pb.ORDER_STATUS_EXPIRED
        if known.status != pb.ORDER_STATUS_FILLED and not silent:
            self._publish(known, repeat=fill.repeat)
        return _copy(known)

    def _trade(self, known: pb.OrderReport, pair: Pair, quantity: int, *, price: str, maker: bool) -> pb.Trade:
        rate = parse_atoms(pair.taker_fee)
        value = mul_floor(quantity, parse_atoms(price))
        buys = known.side == pb.SIDE_BUY
        paid, received = (pair.quote, pair.base) if buys else (pair.base, pair.quote)
        gained = quantity if buys else value
        commission = mul_ceil(gained, rate)
        self.balances[paid] -= value if buys else quantity
        self.balances[received] += gained - commission
        self._trade_ids[pair.symbol] += 1
        trade = pb.Trade(
            trade_id=str(self._trade_ids[pair.symbol]),
            client_order_id=known.client_order_id,
            symbol=pair.symbol,
            side=known.side,
            price=price,
            quantity=format_atoms(quantity),
            commission=format_atoms(commission),
            commission_asset=received,
            maker=maker,
            venue_at=self._clock.now(),
        )
        known.trades.append(trade)
        known.executed_quantity = format_atoms(parse_atoms(known.executed_quantity) + quantity)
        known.executed_value = format_atoms(parse_atoms(known.executed_value) + value)
        return trade

    def _settle_status(self, known: pb.OrderReport) -> None:
        whole = parse_atoms(known.executed_quantity) >= parse_atoms(known.quantity)
        known.status = pb.ORDER_STATUS_FILLED if whole else pb.ORDER_STATUS_PARTIALLY_FILLED

    def _publish(self, known: pb.OrderReport, *trades: pb.Trade, repeat: bool = False) -> None:
        report = _copy(known)
        del report.trades[:]
        report.trades.extend(trades)
        for _ in range(2 if repeat else 1):
            self.reports.append(report)

    def _can_pay(self, order: pb.PlaceOrder, pair: Pair, fill: Fill) -> bool:
        quantity = sum(_parts(parse_atoms(order.quantity), pair, fill))
        if order.side == pb.SIDE_BUY:
            return self.balances[pair.quote] >= mul_ceil(quantity, parse_atoms(order.price))
        return self.balances[pair.base] >= quantity

    def _reject(self, order: pb.PlaceOrder, outcome: Reject) -> pb.OrderReject:
        return pb.OrderReject(
            client_order_id=order.client_order_id,
            symbol=order.symbol,
            reject_class=pb.RejectClass.Value(f"REJECT_CLASS_{outcome.reject_class}"),
            venue_code=outcome.venue_code,
            detail=outcome.detail,
            retry_after_ms=outcome.retry_after_ms,
        )


_UNKNOWN = Reject(reject_class="AMBIGUOUS", detail="the answer was lost", venue_code=-1007)


def _copy(report: pb.OrderReport) -> pb.OrderReport:
    copy = pb.OrderReport()
    copy.CopyFrom(report)
    return copy


def _best(order: pb.PlaceOrder, pair: Pair) -> str:
    """The price on the other side of the book."""
    return pair.ask if order.side == pb.SIDE_BUY else pair.bid


def _reaches(order: pb.PlaceOrder, pair: Pair) -> bool:
    limit, best = parse_atoms(order.price), parse_atoms(_best(order, pair))
    return limit >= best if order.side == pb.SIDE_BUY else limit <= best


def _parts(quantity: int, pair: Pair, fill: Fill) -> list[int]:
    """The quantities of the trades: multiples of the lot step, the last takes the rest."""
    step = parse_atoms(pair.lot_step)
    share = parse_atoms(fill.share)
    filled = quantity if share == parse_atoms("1") else floor_to_step(mul_floor(quantity, share), step)
    each = floor_to_step(filled // fill.parts, step)
    parts = [each] * (fill.parts - 1) + [filled - each * (fill.parts - 1)]
    return [part for part in parts if part]
