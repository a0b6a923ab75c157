"""The ledger against the world: venue balances, escrows of the gates, the keeper's wallet, tokens and their backing.

What differs must be a deed that the core has not heard of, known one by one; and it must not last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from indexmaker.money import format_atoms, mul_floor
from indexmaker.runtime import Committed
from indexmaker.simulation.chain import Chain
from indexmaker.simulation.gate import Request, RequestKind
from indexmaker.simulation.listings import CHAIN, COLLATERAL, SECOND, VENUE
from indexmaker.simulation.pots import Pot
from indexmaker.simulation.scheduler import Scheduler
from indexmaker.simulation.venue import Venue
from indexmaker.simulation.violation import Violation
from indexmaker.solver import SolverEngine, accounts
from indexmaker.solver import events as ev
from indexmaker.solver.commands import ConfirmArrival
from indexmaker.solver.guardian import trade_key
from indexmaker.solver.state import IndexOrder, LotState, RequestLot
from indexmaker.solver.vocabulary import WithdrawalState

__all__ = ["BooksWatch"]

_OLDEST = 45 * 60 * SECOND
"""How long world and ledger may see a deed differently."""
_OLDEST_REQUEST = 15 * 60 * SECOND
"""The same for requests, which need no settlement."""
_WAITING = (LotState.UNCONFIRMED, LotState.CONFIRMED)
_LEFT = (WithdrawalState.SENT, WithdrawalState.COMPLETED)
_VENUE = accounts.venue_place(VENUE)
_KEEPER = f"keeper:{CHAIN}"


class BooksWatch:
    """`gates` are the index symbols by gate; `capital` is the keeper's at the beginning."""

    def __init__(
        self,
        scheduler: Scheduler,
        *,
        chain: Chain,
        venue: Venue,
        gates: Mapping[str, str],
        capital: int,
    ) -> None:
        self._scheduler = scheduler
        self._chain = chain
        self._venue = venue
        self._gates = dict(gates)
        self._capital = capital
        self._at_gate = {
            gate: (accounts.gate_place(CHAIN, gate), accounts.index_token(symbol)) for gate, symbol in gates.items()
        }

    def take(self, committed: Committed[Any, Any], engine: SolverEngine) -> None:
        """Note what the core has booked by this event, and compare."""
        event = committed.event
        match event:
            case ev.ExecutionReported():
                self._traded(event, engine)
            case ev.DepositSeen() | ev.DepositRetracted() | ev.RedemptionSeen() | ev.RedemptionRetracted():
                self._request_told(engine, event.tx_hash)
            case ev.DepositWithdrawn() | ev.RedemptionWithdrawn():
                self._requests_changed(engine, self._chain.contracts.ever[event.gate, event.request_id])
            case ev.CollateralCommitted():
                self._requests_changed(engine, self._chain.requests_of(event.command_id))
            case ev.CommitFailed():
                self._requests_changed(engine, [*self._chain.requests_of(event.command_id), *self._differing()])
            case ev.SettlementUpdated():
                self._settled(event, engine)
            case ev.WithdrawalUpdated():
                self._withdrawn(event, engine)
            case ev.TransferUpdated():
                self._carried(event, engine)
            case ev.ClaimCollected():
                keeper = self._chain.contracts.keeper
                keeper.inside(f"claim:{event.reference}", event.amount, now=self._scheduler.now)
        for output in committed.outputs:
            if isinstance(output, ConfirmArrival):
                self._venue.booked(output.external_id)
        self._compare(engine)

    def check_ages(self) -> None:
        """Nothing may stay in flight for ever."""
        oldest = self._scheduler.now - _OLDEST
        for name, pot in self._pots():
            most = _OLDEST_REQUEST if name.startswith("escrow") else _OLDEST
            for key, outside, inside, since in pot.in_flight():
                if since < self._scheduler.now - most:
                    text = f"{name}: {key} is {format_atoms(outside)} outside, {format_atoms(inside)} in the books"
                    raise Violation("DRIFT", text)
        for key, (since, _) in self._venue.unbooked.items():
            if since < oldest:
                raise Violation("DRIFT", f"{key} at the venue is not booked after a long time")

    def check_end(self, engine: SolverEngine) -> None:
        """When all is over, world and ledger agree to the last atom, and every token is backed."""
        for name, pot in self._pots():
            for key, outside, inside, _ in pot.in_flight():
                text = f"{name}: {key} is {format_atoms(outside)} outside, {format_atoms(inside)} in the books"
                raise Violation("BOOKS_AT_END", text)
        if self._venue.unbooked:
            raise Violation("BOOKS_AT_END", f"never booked: {sorted(self._venue.unbooked)[:3]}")
        if not engine.ledger.balanced():
            raise Violation("BOOKS_AT_END", "the ledger does not sum to zero")
        for account, balance in engine.ledger:
            if account.kind == "USER":
                raise Violation("USER_MONEY_LEFT", f"{account} still holds {format_atoms(balance)}")
            if account.bucket == "trading":
                raise Violation("UNASSIGNED", f"{account} still holds {format_atoms(balance)}")
        self._check_backing(engine)

    def _check_backing(self, engine: SolverEngine) -> None:
        for gate, symbol in self._gates.items():
            supply = self._chain.contracts.supplies[gate].outside_total
            for asset, quantity in engine.state.indices[symbol].quantities:
                held = engine.ledger.balance(accounts.backing(symbol, VENUE, asset))
                if held < mul_floor(quantity, supply):
                    need = format_atoms(mul_floor(quantity, supply))
                    raise Violation("BACKING", f"{symbol}: {asset} {format_atoms(held)} backs what needs {need}")

    def _compare(self, engine: SolverEngine) -> None:
        ledger, contracts, venue = engine.ledger, self._chain.contracts, self._venue
        for asset, balance in venue.balances.items():
            held = ledger.held(place=_VENUE, asset=asset)
            known = balance - venue.unbooked_total.get(asset, 0)
            if held != known:
                raise _differs(f"{asset} at the venue", held, known)
        for gate, (place, token) in self._at_gate.items():
            held, known = ledger.held(place=place, asset=COLLATERAL), contracts.escrows[gate].inside_total
            if held != known:
                raise _differs(f"collateral at {place}", held, known)
            held, known = ledger.held(place=place, asset=token), contracts.token_escrows[gate].inside_total
            if held != known:
                raise _differs(f"tokens at {place}", held, known)
        held, known = ledger.held(place=_KEEPER, asset=COLLATERAL), contracts.keeper.inside_total + self._capital
        if held != known:
            raise _differs("the keeper's wallet", held, known)

    def _pots(self) -> Iterator[tuple[str, Pot]]:
        contracts = self._chain.contracts
        yield "the keeper's wallet", contracts.keeper
        for gate, symbol in self._gates.items():
            yield f"escrow of {symbol}", contracts.escrows[gate]
            yield f"token escrow of {symbol}", contracts.token_escrows[gate]
            yield f"supply of {symbol}", contracts.supplies[gate]

    def _traded(self, event: ev.ExecutionReported, engine: SolverEngine) -> None:
        key = trade_key(event.venue, event.symbol, event.trade_id)
        if key not in self._venue.unbooked:
            return
        if not engine.state.trades.get(key):
            raise Violation("TRADE_NOT_BOOKED", f"{key} of order {event.client_order_id} is taken for a stranger's")
        self._venue.booked(key)

    def _request_told(self, engine: SolverEngine, tx_hash: str) -> None:
        request = self._chain.requests.get(int(tx_hash, 16))
        self._requests_changed(engine, [request])

    def _requests_changed(self, engine: SolverEngine, requests: Iterable[Request | None]) -> None:
        for request in requests:
            if request is None:
                continue
            deposit = request.kind is RequestKind.DEPOSIT
            lots: Mapping[str, RequestLot] = engine.state.lots if deposit else engine.state.token_lots
            lot = lots.get(f"{CHAIN}:{request.tx_hash}:0")
            held = 0
            if lot is not None and (lot.state in _WAITING or (not deposit and self._locked(lot, engine))):
                held = lot.amount
            contracts = self._chain.contracts
            pot = (contracts.escrows if deposit else contracts.token_escrows)[request.gate]
            pot.inside(request.tx_hash, held, now=self._scheduler.now)

    def _locked(self, lot: RequestLot, engine: SolverEngine) -> bool:
        order = engine.state.orders.get(lot.order_id)
        return lot.state is LotState.COMMITTED and order is not None and not order.state.final

    def _differing(self) -> list[Request]:
        """Requests that world and ledger see differently: a failed commit may have let go of them."""
        contracts = self._chain.contracts
        pots = [*contracts.escrows.values(), *contracts.token_escrows.values()]
        keys = [key for pot in pots for key, _, _, _ in pot.in_flight()]
        return [self._chain.requests[int(key, 16)] for key in keys]

    def _settled(self, event: ev.SettlementUpdated, engine: SolverEngine) -> None:
        state = engine.state
        order = state.orders.get(state.settlements.get(event.command_id, ""))
        sale = state.orders.get(state.redemption_settlements.get(event.command_id, ""))
        if order is not None and order.invoice is not None:
            gate = order.invoice.gate
            self._book(event, order, gate, -order.invoice.refund, order.invoice.units)
        if sale is not None and sale.redemption is not None:
            gate = sale.redemption.gate
            self._book(event, sale, gate, -sale.redemption.paid, -sale.redemption.burned)
            self._requests_changed(engine, self._chain.contracts.ever[gate, sale.redemption.request_id])

    def _book(self, event: ev.SettlementUpdated, order: IndexOrder, gate: str, payment: int, units: int) -> None:
        booked = order.state.final and order.settle_command == event.command_id
        contracts, now = self._chain.contracts, self._scheduler.now
        contracts.keeper.inside(event.command_id, payment if booked else 0, now=now)
        contracts.supplies[gate].inside(event.command_id, units if booked else 0, now=now)

    def _withdrawn(self, event: ev.WithdrawalUpdated, engine: SolverEngine) -> None:
        for payout in engine.state.payouts.values():
            if payout.withdraw_command == event.command_id and payout.withdrawal in _LEFT:
                self._venue.booked(event.command_id)

    def _carried(self, event: ev.TransferUpdated, engine: SolverEngine) -> None:
        payout = engine.state.payouts.get("-".join(event.transfer_id.split("-")[:2]))
        if payout is not None and payout.stage == "ARRIVED" and payout.transfer_id == event.transfer_id:
            self._chain.contracts.keeper.inside(event.transfer_id, payout.arrived, now=self._scheduler.now)


def _differs(what: str, held: int, known: int) -> Violation:
    return Violation("BOOKS", f"{what}: the ledger holds {format_atoms(held)}, it should be {format_atoms(known)}")
