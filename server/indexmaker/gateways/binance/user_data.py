"""The user data stream: what a committed command means to each account, as events in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import (
    Accepted,
    Activated,
    Amended,
    BalanceChanged,
    Cancelled,
    DepositChanged,
    Expired,
    ListChanged,
    Prevented,
    Seeded,
    Trade,
    WithdrawalChanged,
)
from indexmaker.exchange.orders import Order
from indexmaker.exchange.vocabulary import DepositStatus, ListStatus, OrderStatus, PostingKind, Side
from indexmaker.gateways.binance import formats, reports
from indexmaker.gateways.binance.hub import Hub
from indexmaker.gateways.binance.order_lists import contingency
from indexmaker.gateways.binance.rate_limits import RateLimits
from indexmaker.gateways.binance.venue import ExchangeCommitted
from indexmaker.runtime import Clock

__all__ = ["UserEvents", "user_stream"]

_IDS_PER_COMMAND = 1 << 16
_FORGIVEN_TAKER = 1
_FORGIVEN_MAKER = 5
_EXPIRY = {
    "INSUFFICIENT_LIQUIDITY": "INSUFFICIENT_LIQUIDITY",
    "PRICE_RANGE": "EXECUTION_RULE_PRICE_RANGE_EXCEEDED",
}


def user_stream(account: int) -> str:
    """The name under which the hub carries an account's events."""
    return f"user:{account}"


class UserEvents:
    """Publishes account events. Subscribe `observe` to the sequencer."""

    def __init__(self, engine: ExchangeEngine, hub: Hub, *, clock: Clock, limits: RateLimits) -> None:
        self._engine = engine
        self._hub = hub
        self._clock = clock
        self._limits = limits
        self._encode: Callable[[object], bytes] = msgspec.json.Encoder().encode

    def observe(self, committed: ExchangeCommitted) -> None:
        """Publish what a committed command did to its accounts: orders and trades first, then balances."""
        if committed.replayed:
            return
        positions: dict[int, list[BalanceChanged]] = {}
        for index, event in enumerate(committed.outputs):
            if isinstance(event, BalanceChanged):
                positions.setdefault(event.account, []).append(event)
            elif isinstance(event, Trade):
                self._forgive(event)
            execution_id = committed.sequence * _IDS_PER_COMMAND + index
            for account, shown in self._events(event, execution_id):
                if self._hub.wanted(user_stream(account)):
                    self._publish(account, shown())
        for account, changes in positions.items():
            if self._hub.wanted(user_stream(account)):
                self._publish(account, self._position(changes))
        for event in committed.outputs:
            self._transfer(event, positions)

    def _events(self, event: object, execution_id: int) -> Iterator[tuple[int, Callable[[], dict[str, object]]]]:
        """Accounts that an event concerns, each with the function that makes its report."""
        if isinstance(event, Accepted):
            yield event.account, lambda: self._accepted(event, execution_id)
        elif isinstance(event, Trade):
            yield event.taker_account, lambda: self._trade(event, execution_id, maker=False)
            yield event.maker_account, lambda: self._trade(event, execution_id, maker=True)
        elif isinstance(event, Cancelled | Expired):
            yield event.account, lambda: self._ended(event, execution_id)
        elif isinstance(event, Activated | Amended):
            yield event.account, lambda: self._changed(event, execution_id)
        elif isinstance(event, Prevented):
            yield event.taker_account, lambda: self._prevented(event, execution_id, maker=False)
            yield event.maker_account, lambda: self._prevented(event, execution_id, maker=True)
        elif isinstance(event, ListChanged):
            yield event.account, lambda: self._list_changed(event)

    def _accepted(self, event: Accepted, execution_id: int) -> dict[str, object]:
        return self._report(
            event.order_id, execution_id, at=event.at, execution="NEW", status=event.status, on_book=event.working
        )

    def _changed(self, event: Activated | Amended, execution_id: int) -> dict[str, object]:
        """An order that begins to work is told like a new one, an amended one as replaced."""
        if isinstance(event, Activated):
            return self._report(
                event.order_id,
                execution_id,
                at=event.at,
                execution="NEW",
                status=OrderStatus.NEW,
                on_book=event.working,
            )
        return self._report(
            event.order_id,
            execution_id,
            at=event.at,
            execution="REPLACED",
            status=OrderStatus.PARTIALLY_FILLED if event.executed else OrderStatus.NEW,
            on_book=True,
            executed=event.executed,
        ) | {"c": event.client_order_id, "C": event.old_client_order_id}

    def _prevented(self, event: Prevented, execution_id: int, *, maker: bool) -> dict[str, object]:
        order_id = event.maker_order_id if maker else event.taker_order_id
        market = self._engine.markets[event.market]
        order = self._engine.order(order_id)
        return self._report(
            order_id,
            execution_id,
            at=event.at,
            execution="TRADE_PREVENTION",
            status=OrderStatus.NEW if order is None else order.status,
            on_book=maker,
            executed=0 if order is None else order.executed,
            quote=0 if order is None else order.quote,
        ) | {
            "v": event.prevented_id,
            "A": formats.quantity(market, event.maker_prevented if maker else event.taker_prevented),
            "B": formats.quantity(market, event.maker_prevented if maker else event.taker_prevented),
            "U": event.taker_order_id if maker else event.maker_order_id,
            "pl": formats.quantity(market, event.maker_prevented if maker else event.taker_prevented),
            "pL": formats.price(market, event.price),
        }

    def _list_changed(self, event: ListChanged) -> dict[str, object]:
        return {
            "e": "listStatus",
            "E": formats.milliseconds(self._clock.now()),
            "s": event.market,
            "g": event.list_id,
            "c": contingency(event.kind),
            "l": str(event.status),
            "L": "ALL_DONE" if event.status is ListStatus.ALL_DONE else "EXECUTING",
            "r": "NONE",
            "C": event.client_list_id,
            "T": formats.milliseconds(event.at),
            "O": [{"s": event.market, "i": order_id, "c": name} for order_id, name in event.orders],
        }

    def _trade(self, event: Trade, execution_id: int, *, maker: bool) -> dict[str, object]:
        market = self._engine.markets[event.market]
        order_id = event.maker_order_id if maker else event.taker_order_id
        remaining = event.maker_remaining if maker else event.taker_remaining
        maker_side = Side.SELL if event.taker_side is Side.BUY else Side.BUY
        fee, asset = reports.commission(
            market, maker_side if maker else event.taker_side, event.maker_fee if maker else event.taker_fee
        )
        status = OrderStatus.PARTIALLY_FILLED if remaining else OrderStatus.FILLED
        notional = market.notional(price=event.price, quantity=event.quantity)
        return self._report(
            order_id,
            execution_id,
            at=event.at,
            execution="TRADE",
            status=status,
            on_book=maker and remaining > 0,
            executed=event.maker_executed if maker else event.taker_executed,
            quote=event.maker_quote if maker else event.taker_quote,
        ) | {
            "l": formats.quantity(market, event.quantity),
            "L": formats.price(market, event.price),
            "n": fee,
            "N": asset,
            "t": event.trade_id,
            "m": maker,
            "M": True,
            "Y": formats.quote(market, notional),
        }

    def _ended(self, event: Cancelled | Expired, execution_id: int) -> dict[str, object]:
        cancelled = isinstance(event, Cancelled)
        status = OrderStatus.CANCELED if isinstance(event, Cancelled) else event.status
        report = self._report(
            event.order_id,
            execution_id,
            at=event.at,
            execution="CANCELED" if cancelled else "EXPIRED",
            status=status,
            on_book=False,
            executed=event.executed,
            quote=event.quote,
        )
        if isinstance(event, Cancelled):
            report |= {"c": event.cancel_id, "C": event.client_order_id}
        elif event.reason in _EXPIRY:
            report["eR"] = _EXPIRY[event.reason]
        return report

    def _report(
        self,
        order_id: int,
        execution_id: int,
        *,
        at: int,
        execution: str,
        status: OrderStatus,
        on_book: bool,
        executed: int = 0,
        quote: int = 0,
    ) -> dict[str, object]:
        """An `executionReport` without a trade. `remaining` lots (None: all) and `quote` atoms are after the event."""
        order = self._engine.order(order_id)
        time = formats.milliseconds(at)
        if order is None:  # it ended among so many others that the engine has forgotten it already
            return {"e": "executionReport", "E": time, "i": order_id, "x": execution, "X": str(status)}
        market = order.market
        return {
            "e": "executionReport",
            "E": formats.milliseconds(self._clock.now()),
            "s": market.symbol,
            "c": order.client_order_id,
            **_terms(order),
            "C": "",
            "x": execution,
            "X": str(status),
            "r": "NONE",
            "i": order_id,
            "l": formats.ZERO,
            "z": formats.quantity(market, executed),
            "L": formats.ZERO,
            "n": "0",
            "N": None,
            "T": time,
            "t": -1,
            "I": execution_id,
            "w": on_book,
            "m": False,
            "M": False,
            "O": formats.milliseconds(order.accepted_at),
            "Z": formats.quote(market, quote),
            "Y": formats.ZERO,
            "Q": formats.quote(market, order.quote_amount),
            "W": formats.milliseconds(order.working_at or order.accepted_at),
            "V": str(order.self_trade),
        }

    def _position(self, changes: list[BalanceChanged]) -> dict[str, object]:
        assets = self._engine.assets
        return {
            "e": "outboundAccountPosition",
            "E": formats.milliseconds(self._clock.now()),
            "u": formats.milliseconds(changes[-1].at),
            "B": [
                {
                    "a": change.asset,
                    "f": formats.amount(assets[change.asset], change.available),
                    "l": formats.amount(assets[change.asset], change.held),
                }
                for change in changes
            ],
        }

    def _transfer(self, event: object, positions: Mapping[int, Iterable[BalanceChanged]]) -> None:
        """Tell of money that came from or goes to the outside."""
        if isinstance(event, Seeded) or (isinstance(event, DepositChanged) and event.status is DepositStatus.CREDITED):
            self._transferred(event, event.amount)
        elif isinstance(event, WithdrawalChanged):
            # Moved once on request and once more if it comes back; decisions in between move nothing.
            causes = {change.cause for change in positions.get(event.account, ())}
            if PostingKind.WITHDRAWAL_HOLD in causes:
                self._transferred(event, -event.amount)
            elif PostingKind.WITHDRAWAL_RETURN in causes:
                self._transferred(event, event.amount)

    def _transferred(self, event: Seeded | DepositChanged | WithdrawalChanged, amount: int) -> None:
        if not event.changed or not self._hub.wanted(user_stream(event.account)):
            return
        shown = {
            "e": "balanceUpdate",
            "E": formats.milliseconds(self._clock.now()),
            "a": event.asset,
            "d": formats.amount(self._engine.assets[event.asset], amount),
            "T": formats.milliseconds(event.at),
        }
        self._publish(event.account, shown)

    def _forgive(self, trade: Trade) -> None:
        """An order's first fill lowers its account's count of unfilled orders."""
        notional = self._engine.markets[trade.market].notional(price=trade.price, quantity=trade.quantity)
        if trade.maker_quote == notional:
            self._limits.forgive_orders(trade.maker_account, _FORGIVEN_MAKER)
        if trade.taker_quote == notional:
            self._limits.forgive_orders(trade.taker_account, _FORGIVEN_TAKER)

    def _publish(self, account: int, event: dict[str, object]) -> None:
        self._hub.publish(user_stream(account), self._encode(event).decode())


def _terms(order: Order) -> dict[str, object]:
    market = order.market
    return {
        "S": str(order.side),
        "o": str(order.type),
        "f": reports.time_in_force(order),
        "q": formats.quantity(market, order.quantity),
        "p": formats.price(market, order.price),
        "P": formats.price(market, order.request.stop_price),
        "F": formats.quantity(market, order.request.iceberg),
        "g": order.list_id or -1,
        **({"d": order.request.trailing_delta} if order.request.trailing_delta else {}),
    }
