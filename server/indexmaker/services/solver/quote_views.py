"""Quotes as messages."""

from __future__ import annotations

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import quotes_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2
from indexmaker.identifiers import AccountId
from indexmaker.money import format_atoms
from indexmaker.solver.commands import QuoteTerms
from indexmaker.solver.state import Index, Quote
from indexmaker.solver.vocabulary import Side

__all__ = ["binding_view", "quote_view"]


def quote_view(terms: QuoteTerms, *, index: Index, side: Side, amount: int, at: int, expires_at: int) -> pb.Quote:
    """Terms of a quote; without numbers when it is not possible."""
    view = pb.Quote(
        index=index.symbol,
        side=solver_pb2.IndexSide.Value(f"INDEX_SIDE_{side.value}"),
        amount=format_atoms(amount),
        possible=terms.possible,
        reason=terms.reason.value,
        obstacles=terms.obstacles,
        quoted_at=at,
        expires_at=expires_at,
    )
    if not terms.possible:
        return view
    view.MergeFrom(
        pb.Quote(
            units=format_atoms(terms.units),
            price=format_atoms(terms.price),
            limit_price=format_atoms(terms.limit_price),
            mid_price=format_atoms(terms.mid_price),
            fees=_fees(terms, index.collateral),
            assets_value=format_atoms(terms.assets),
            refund=format_atoms(terms.refund) if side is Side.BUY else "",
            payout=format_atoms(terms.payout) if side is Side.SELL else "",
            slippage=format_atoms(terms.slippage),
            batches=terms.batches,
        )
    )
    return view


def binding_view(quote: Quote, *, index: Index) -> pb.BindingQuote:
    """A binding quote as it stands."""
    owner = AccountId.parse(quote.account)
    made_at = quote.made_at
    return pb.BindingQuote(
        quote_id=quote.quote_id,
        account=common_pb2.AccountId(chain_id=owner.chain_id, address=owner.address),
        client_quote_id=quote.client_quote_id,
        quote=quote_view(
            quote.terms,
            index=index,
            side=quote.side,
            amount=quote.amount,
            at=made_at,
            expires_at=quote.expires_at,
        ),
        state=pb.QuoteState.Value(f"QUOTE_STATE_{quote.state.value}"),
    )


def _fees(terms: QuoteTerms, asset: str) -> list[common_pb2.Fee]:
    amounts = [
        (common_pb2.FEE_KIND_VENUE, terms.venue_fees),
        (common_pb2.FEE_KIND_ROUTING, terms.routing_fee),
        (common_pb2.FEE_KIND_MANAGEMENT, terms.management_fee),
    ]
    return [common_pb2.Fee(kind=kind, asset=asset, amount=format_atoms(amount)) for kind, amount in amounts]
