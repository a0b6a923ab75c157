"""QuoteService: what an order would get now, and capacity held for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import grpc.aio

from indexmaker.api.solver.v1 import quotes_pb2 as pb
from indexmaker.api.solver.v1 import quotes_pb2_grpc as rpc
from indexmaker.api.solver.v1 import solver_pb2
from indexmaker.connectors.errors import InvalidFieldError, NotFoundError
from indexmaker.money import floor_to_step, mul_floor
from indexmaker.runtime import Clock, Sequencer
from indexmaker.services.solver.authentication import check_signature
from indexmaker.services.solver.quote_views import binding_view, quote_view
from indexmaker.services.solver.requests import SIDES, account_of, amount_of, client_order_id_of
from indexmaker.services.solver.rhythm import symbols_of
from indexmaker.services.solver.submitting import SolverOutput, submit
from indexmaker.solver.engine import SolverEngine
from indexmaker.solver.events import Book, QuoteRequested, SolverEvent
from indexmaker.solver.handlers.quotes import quote_id_of
from indexmaker.solver.handlers.rehearsal import Wish, rehearse
from indexmaker.solver.handlers.terms import Terms, objection_to
from indexmaker.solver.quotes import impossible, unit_value
from indexmaker.solver.state import Index
from indexmaker.solver.vocabulary import IndexState, RejectReason, Side
from indexmaker.typed_data import quote_typed_data

__all__ = ["BookSource", "QuotesService", "RouteCost"]

_Context = grpc.aio.ServicerContext[object, object]

RouteCost = Callable[[Index, Side, int], Awaitable[int]]
"""What it costs to carry collateral of this value for an order of an index, in atoms."""


class BookSource(Protocol):
    """Live books of one venue."""

    def freeze(self, symbols: set[str], *, now: int) -> tuple[Book, ...]:
        """The books of these symbols as they are now."""
        ...


class QuotesService(rpc.QuoteServiceServicer):
    """Indicative quotes are read only; binding ones go through the journal with the books that they are made from."""

    def __init__(
        self,
        engine: SolverEngine,
        sequencer: Sequencer[SolverEvent, SolverOutput],
        markets: Mapping[str, BookSource],
        *,
        clock: Clock,
        route_cost: RouteCost,
    ) -> None:
        self._engine = engine
        self._sequencer = sequencer
        self._markets = markets
        self._clock = clock
        self._route_cost = route_cost

    async def GetQuote(self, request: pb.GetQuoteRequest, context: _Context) -> pb.GetQuoteResponse:  # noqa: N802
        """Try the order out on the books of this moment."""
        index, side, amount = self._read(request.index, request.side, request.amount)
        now = self._clock.now()
        expires_at = now + self._engine.state.config.quote_life_ns
        terms = Terms(amount=amount, max_price=0, min_units=0, max_fee=0, expires_at=0)
        reason, text = objection_to(terms, index=index, side=side, at=now)
        if index.state is IndexState.PAUSED or (index.state is IndexState.RETIRED and side is Side.BUY):
            reason, text = RejectReason.INDEX_NOT_ACTIVE, f"{index.symbol} is {index.state.lower()}"
        if reason is not RejectReason.NONE:
            refused = impossible(reason, text)
            return pb.GetQuoteResponse(
                quote=quote_view(refused, index=index, side=side, amount=amount, at=now, expires_at=now)
            )
        routing_fee = await self._routing_fee(index, side, amount)
        wish = Wish(side=side, index=index.symbol, amount=amount, routing_fee=routing_fee)
        found = rehearse(self._engine.state, self._engine.ledger, wish, self._books(index), at=now)
        return pb.GetQuoteResponse(
            quote=quote_view(found.terms, index=index, side=side, amount=amount, at=now, expires_at=expires_at)
        )

    async def RequestBindingQuote(  # noqa: N802
        self, request: pb.RequestBindingQuoteRequest, context: _Context
    ) -> pb.RequestBindingQuoteResponse:
        """Journal the wish, signed by the account whose order it is for; the same one again gets the first answer."""
        account = account_of(request.account)
        name = client_order_id_of(request.client_quote_id, field="client_quote_id")
        index, side, amount = self._read(request.index, request.side, request.amount)
        typed = quote_typed_data(
            account, client_quote_id=name, side=side.value, index=request.index, amount=request.amount
        )
        check_signature(typed, request.signature, account=account)
        quote_id = quote_id_of(str(account), name)
        if quote_id not in self._engine.state.quotes:
            routing_fee = await self._routing_fee(index, side, amount)
            event = QuoteRequested(
                account=str(account),
                client_quote_id=name,
                side=side,
                index=index.symbol,
                amount=amount,
                routing_fee=routing_fee,
                books=self._books(index),
            )
            await submit(self._sequencer, event)
        return pb.RequestBindingQuoteResponse(quote=self._binding(quote_id))

    async def GetBindingQuote(  # noqa: N802
        self, request: pb.GetBindingQuoteRequest, context: _Context
    ) -> pb.GetBindingQuoteResponse:
        """A binding quote as it stands, or NOT_FOUND."""
        return pb.GetBindingQuoteResponse(quote=self._binding(request.quote_id))

    def _read(self, symbol: str, side: solver_pb2.IndexSide.ValueType, amount: str) -> tuple[Index, Side, int]:
        index = self._engine.state.indices.get(symbol)
        if index is None:
            known = ", ".join(sorted(self._engine.state.indices)) or "none"
            raise NotFoundError(f"no index {symbol[:32]!r}; known: {known}")
        wanted = SIDES.get(side)
        if wanted is None:
            raise InvalidFieldError("side", "must be INDEX_SIDE_BUY or INDEX_SIDE_SELL")
        return index, wanted, amount_of(amount, field="amount")

    def _books(self, index: Index) -> tuple[Book, ...]:
        """All books of the venue that indices use: what is ready of others takes part too."""
        now = self._clock.now()
        return self._markets[index.venue].freeze(symbols_of(self._engine, index.venue), now=now)

    async def _routing_fee(self, index: Index, side: Side, amount: int) -> int:
        """Cost of the way of a buy's collateral, or of what a sale brings at mid prices."""
        if side is Side.BUY:
            return await self._route_cost(index, side, amount)
        rules = self._engine.state.instruments.values()
        bases = {(one.venue, one.symbol): one.base for one in rules if one.quote == index.collateral}
        mids = {
            bases[book.venue, book.symbol]: (book.bids[0][0] + book.asks[0][0]) // 2
            for book in self._books(index)
            if book.bids and book.asks and (book.venue, book.symbol) in bases
        }
        value = floor_to_step(mul_floor(amount, unit_value(index.quantities, mids)), index.unit)
        return await self._route_cost(index, side, value) if value else 0

    def _binding(self, quote_id: str) -> pb.BindingQuote:
        quote = self._engine.state.quotes.get(quote_id)
        if quote is None:
            raise NotFoundError(f"no quote {quote_id[:40]!r}")
        return binding_view(quote, index=self._engine.state.indices[quote.index])
