"""What the FIX gateway tells, as small typed structs; decimals stay text, times are UTC nanoseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import msgspec

from indexmaker_fix.message import Message
from indexmaker_fix.values import parse_time

__all__ = [
    "BusinessReject",
    "CancelReject",
    "Event",
    "ExecutionReport",
    "Fee",
    "Lot",
    "News",
    "QuoteReject",
    "QuoteReport",
    "SecurityList",
    "SessionReject",
    "TradeCaptureReport",
    "event_of",
]


class Fee(msgspec.Struct, frozen=True, kw_only=True):
    """A cost, by kind."""

    kind: str
    amount: str
    currency: str


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a trade at the venue that an index token stands on."""

    asset: str
    venue: str
    symbol: str
    trade_id: str
    quantity: str
    price: str
    value: str
    fee: str


class ExecutionReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A change of an order. `exec_id` is the same however often the report is delivered."""

    exec_id: str
    exec_type: str
    status: str
    order_id: str
    client_order_id: str
    original_client_order_id: str
    account: str
    index: str
    side: str
    state: str
    amount: str
    limit_price: str
    units: str
    average_price: str
    last_units: str
    cash_spent: str
    refund: str
    fees: tuple[Fee, ...]
    invoice_id: str
    mint_tx_hash: str
    reject_reason: str
    reject_code: str
    text: str
    at: int
    possible_duplicate: bool
    paid: str = ""
    """Of a sell: USDC."""
    returned: str = ""
    """Of a sell: index tokens given back."""

    @property
    def final(self) -> bool:
        """Whether the order has ended."""
        return self.status in ("2", "4", "8", "C")


class TradeCaptureReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The invoice of a mint: deposit = assets + fees + rounding + refund, exactly; or of a redemption (`side` SELL):
    assets = paid + fees + rounding and escrowed = units + returned.
    """

    invoice_id: str
    number: int
    exec_id: str
    client_order_id: str
    account: str
    index: str
    units: str
    price: str
    deposit: str
    assets_value: str
    rounding: str
    refund: str
    fees: tuple[Fee, ...]
    lots: tuple[Lot, ...]
    lots_root: str
    request_id: str
    signer: str
    mint_tx_hash: str
    at: int
    possible_duplicate: bool
    side: str = "BUY"
    paid: str = ""
    escrowed: str = ""
    returned: str = ""


class CancelReject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A wish to cancel, or to change terms, was refused."""

    client_order_id: str
    original_client_order_id: str
    status: str
    reason: str
    code: str
    text: str


class BusinessReject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A message was understood and had no effect."""

    ref_seq_num: int
    ref_msg_type: str
    reference: str
    reason: str
    text: str


class SessionReject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A message broke the dictionary or a rule of the session, and had no effect."""

    ref_seq_num: int
    ref_msg_type: str
    tag_id: int
    reason: str
    text: str


class QuoteReport(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What an order would get. A binding quote has an id, which the order names, and a state: OPEN, USED, EXPIRED.

    `units` and `price` are what is expected, `limit_price` is the worst that an order with the quote may get.
    """

    request_id: str
    index: str
    side: str
    amount: str
    units: str
    price: str
    limit_price: str
    mid_price: str
    fees: tuple[Fee, ...]
    refund: str
    payout: str
    at: int
    expires_at: int
    quote_id: str = ""
    state: str = ""


class QuoteReject(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """There is no quote."""

    request_id: str
    index: str
    reason: str
    code: str
    text: str


class SecurityList(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The indices, each as its group of FIX fields."""

    request_id: str
    entries: tuple[Mapping[str, Any], ...]


class News(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A message for people."""

    headline: str
    text: str


Event: TypeAlias = (
    ExecutionReport
    | TradeCaptureReport
    | CancelReject
    | BusinessReject
    | SessionReject
    | QuoteReport
    | QuoteReject
    | SecurityList
    | News
)


def event_of(message: Message) -> Event | None:
    """The message as a struct; None for types that this client does not know."""
    make = _MAKERS.get(message.msg_type)
    return make(message) if make else None


def _fees(groups: list[dict[str, str]]) -> tuple[Fee, ...]:
    return tuple(
        Fee(kind=one.get("MiscFeeKind", one["MiscFeeType"]), amount=one["MiscFeeAmt"], currency=one["MiscFeeCurr"])
        for one in groups
    )


def _execution_report(message: Message) -> ExecutionReport:
    body = message.body
    return ExecutionReport(
        exec_id=body["ExecID"],
        exec_type=body["ExecType"],
        status=body["OrdStatus"],
        order_id=body["OrderID"],
        client_order_id=body.get("ClOrdID", ""),
        original_client_order_id=body.get("OrigClOrdID", ""),
        account=body.get("Account", ""),
        index=body["Symbol"],
        side="BUY" if body["Side"] == "1" else "SELL",
        state=body.get("IndexOrderState", ""),
        amount=str(body.get("CashOrderQty", body.get("OrderQty", ""))),
        limit_price=body.get("Price", ""),
        units=body["CumQty"],
        average_price=body.get("AvgPx", ""),
        last_units=body.get("LastQty", ""),
        cash_spent=body.get("CumCashQty", ""),
        refund=body.get("CashRefund", ""),
        fees=_fees(body.get("NoMiscFees", [])),
        invoice_id=body.get("InvoiceID", ""),
        mint_tx_hash=body.get("MintTxHash", ""),
        reject_reason=body.get("OrdRejReason", ""),
        reject_code=body.get("RejectCode", ""),
        text=body.get("Text", ""),
        at=parse_time(body["TransactTime"]),
        possible_duplicate=message.possible_duplicate,
        paid=body.get("CashPaid", ""),
        returned=body.get("QtyReturned", ""),
    )


def _trade_capture(message: Message) -> TradeCaptureReport:
    body = message.body
    side = body["NoSides"][0]
    lots = (
        Lot(
            asset=lot["LotAsset"],
            venue=lot["LotVenue"],
            symbol=lot["LotSymbol"],
            trade_id=lot["LotTradeID"],
            quantity=lot["LotQty"],
            price=lot["LotPx"],
            value=lot["LotValue"],
            fee=lot["LotFee"],
        )
        for lot in body["NoLots"]
    )
    return TradeCaptureReport(
        invoice_id=body["TradeReportID"],
        number=int(body.get("InvoiceNumber", "0")),
        exec_id=body["ExecID"],
        client_order_id=side["ClOrdID"],
        account=side["Account"],
        index=body["Symbol"],
        units=body["LastQty"],
        price=body["LastPx"],
        deposit=body.get("DepositAmount", ""),
        assets_value=body.get("AssetsValue", ""),
        rounding=body.get("RoundingAmount", ""),
        refund=body.get("CashRefund", ""),
        fees=_fees(side.get("NoMiscFees", [])),
        lots=tuple(lots),
        lots_root=body.get("LotsRoot", ""),
        request_id=body.get("GateRequestID", ""),
        signer=body.get("InvoiceSigner", ""),
        mint_tx_hash=body.get("MintTxHash", ""),
        at=parse_time(body["TransactTime"]),
        possible_duplicate=message.possible_duplicate,
        side="BUY" if side["Side"] == "1" else "SELL",
        paid=body.get("CashPaid", ""),
        escrowed=body.get("EscrowedQty", ""),
        returned=body.get("QtyReturned", ""),
    )


def _cancel_reject(message: Message) -> CancelReject:
    body = message.body
    return CancelReject(
        client_order_id=body["ClOrdID"],
        original_client_order_id=body["OrigClOrdID"],
        status=body["OrdStatus"],
        reason=body.get("CxlRejReason", ""),
        code=body.get("RejectCode", ""),
        text=body.get("Text", ""),
    )


def _business_reject(message: Message) -> BusinessReject:
    body = message.body
    return BusinessReject(
        ref_seq_num=int(body.get("RefSeqNum", "0")),
        ref_msg_type=body["RefMsgType"],
        reference=body.get("BusinessRejectRefID", ""),
        reason=body["BusinessRejectReason"],
        text=body.get("Text", ""),
    )


def _session_reject(message: Message) -> SessionReject:
    body = message.body
    return SessionReject(
        ref_seq_num=int(body["RefSeqNum"]),
        ref_msg_type=body.get("RefMsgType", ""),
        tag_id=int(body.get("RefTagID", "0")),
        reason=body.get("SessionRejectReason", ""),
        text=body.get("Text", ""),
    )


def _quote(message: Message) -> QuoteReport:
    body = message.body
    buys = body["Side"] == "1"
    return QuoteReport(
        request_id=body["QuoteReqID"],
        index=body["Symbol"],
        side="BUY" if buys else "SELL",
        amount=body.get("CashOrderQty" if buys else "OrderQty", ""),
        units=body.get("OfferSize" if buys else "BidSize", ""),
        price=body.get("OfferPx" if buys else "BidPx", ""),
        limit_price=body["Price"],
        mid_price=body.get("MidPx", ""),
        fees=_fees(body.get("NoMiscFees", [])),
        refund=body.get("CashRefund", ""),
        payout=body.get("CashPaid", ""),
        at=parse_time(body["TransactTime"]),
        expires_at=parse_time(body["ValidUntilTime"]),
        quote_id=body.get("QuoteID", ""),
        state=body.get("BindingQuoteState", ""),
    )


def _quote_reject(message: Message) -> QuoteReject:
    body = message.body
    return QuoteReject(
        request_id=body["QuoteReqID"],
        index=body["Symbol"],
        reason=body["QuoteRequestRejectReason"],
        code=body.get("RejectCode", ""),
        text=body.get("Text", ""),
    )


def _security_list(message: Message) -> SecurityList:
    return SecurityList(request_id=message.body["SecurityReqID"], entries=tuple(message.body["NoRelatedSym"]))


def _news(message: Message) -> News:
    return News(headline=message.body["Headline"], text=message.body.get("Text", ""))


_MAKERS: dict[str, Callable[[Message], Event]] = {
    "8": _execution_report,
    "AE": _trade_capture,
    "9": _cancel_reject,
    "j": _business_reject,
    "3": _session_reject,
    "S": _quote,
    "AG": _quote_reject,
    "y": _security_list,
    "B": _news,
}
