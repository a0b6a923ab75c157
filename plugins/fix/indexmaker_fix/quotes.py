"""Quotes: what a QuoteRequest(R) asks of the core, and its answers Quote(S) and QuoteRequestReject(AG). Pure."""

from __future__ import annotations

from indexmaker.api.solver.v1 import quotes_pb2 as pb
from indexmaker.api.solver.v1 import solver_pb2
from indexmaker.identifiers import AccountId
from indexmaker_fix.message import Body, Message
from indexmaker_fix.reports import misc_fees
from indexmaker_fix.requests import SIDES, account_message, amount_of, check_id, owner_of, signature_of
from indexmaker_fix.values import time_text

__all__ = ["binding_request", "indicative_request", "is_binding", "quote_answer", "quote_reject"]

_OTHER = "99"
_REASONS = {
    "UNKNOWN_INDEX": "1",
    "INDEX_NOT_ACTIVE": "2",
    "INDEX_REBALANCING": "2",
    "TRADING_HALTED": "2",
    "AMOUNT_ABOVE_MAXIMUM": "3",
    "MAX_SUPPLY": "3",
    "DAILY_ISSUANCE": "3",
    "DAILY_NOTIONAL": "3",
    "TOO_MANY_OPEN_ORDERS": "3",
    "ACCOUNT_NOT_ALLOWED": "6",
    "NO_MARKET": "8",
    "NO_CAPACITY": "9",
}
"""QuoteRequestRejectReason(658) by the core's reason."""


def is_binding(message: Message) -> bool:
    """Whether capacity shall be held."""
    return bool(message.body.get("BindingQuote", "N") == "Y")


def indicative_request(message: Message, *, account: AccountId) -> pb.GetQuoteRequest:
    """A QuoteRequest(R) that holds nothing."""
    owner_of(message, account=account)
    check_id(message, "QuoteReqID")
    body = message.body
    return pb.GetQuoteRequest(index=body["Symbol"], side=SIDES[body["Side"]], amount=amount_of(message))


def binding_request(message: Message, *, account: AccountId) -> pb.RequestBindingQuoteRequest:
    """A signed QuoteRequest(R) with BindingQuote=Y; QuoteReqID names the quote, for ever."""
    owner = owner_of(message, account=account)
    check_id(message, "QuoteReqID")
    body = message.body
    return pb.RequestBindingQuoteRequest(
        account=account_message(owner),
        client_quote_id=body["QuoteReqID"],
        index=body["Symbol"],
        side=SIDES[body["Side"]],
        amount=amount_of(message),
        signature=signature_of(message),
    )


def quote_answer(request: Message, quote: pb.Quote, *, binding: pb.BindingQuote | None = None) -> tuple[str, Body]:
    """The quote, or the reject of one that is not possible. A binding one says its id and its state."""
    if not quote.possible:
        text = "; ".join(quote.obstacles) or quote.reason
        return "AG", quote_reject(request, code=quote.reason, text=text)
    buys = quote.side == solver_pb2.INDEX_SIDE_BUY
    body: Body = {
        "QuoteReqID": request.body["QuoteReqID"],
        "Account": request.body["Account"],
        "Symbol": quote.index,
        "Side": request.body["Side"],
        "CashOrderQty" if buys else "OrderQty": quote.amount,
        "BindingQuote": "Y" if binding else "N",
        "OfferPx" if buys else "BidPx": quote.price,
        "OfferSize" if buys else "BidSize": quote.units,
        "Price": quote.limit_price,
        "MidPx": quote.mid_price,
        "AssetsValue": quote.assets_value,
        "CashRefund": quote.refund,
        "CashPaid": quote.payout,
        "QuoteSlippage": quote.slippage,
        "QuoteBatches": str(quote.batches),
        "TransactTime": time_text(quote.quoted_at),
        "ValidUntilTime": time_text(quote.expires_at),
        "NoMiscFees": misc_fees(quote.fees),
    }
    if binding:
        state = pb.QuoteState.Name(binding.state).removeprefix("QUOTE_STATE_")
        body |= {"QuoteID": binding.quote_id, "BindingQuoteState": state}
    return "S", {name: value for name, value in body.items() if value not in ("", [])}


def quote_reject(request: Message, *, code: str, text: str) -> Body:
    """The body of QuoteRequestReject(AG); `code` is the core's reason, if it gave one."""
    body: Body = {
        "QuoteReqID": request.body["QuoteReqID"],
        "Symbol": request.body["Symbol"],
        "QuoteRequestRejectReason": _REASONS.get(code, _OTHER),
    }
    more = {"RejectCode": code, "Text": text[:1000]}
    return body | {name: value for name, value in more.items() if value}
