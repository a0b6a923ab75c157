"""From the core to FIX: execution reports, cancel rejects, and the answers to requests. Pure.

| report             | ExecType | OrdStatus                                   |
|--------------------|----------|---------------------------------------------|
| new                | 0        | 0                                           |
| state changed      | I        | 0, or 1 once something is filled            |
| partly filled      | F        | 1                                           |
| terms changed      | 5        | 0 or 1                                      |
| change refused     | OrderCancelReject(9) with CxlRejResponseTo 2           |
| cancel waits       | 6        | 6                                           |
| cancelled          | 4        | 4                                           |
| expired            | C        | C                                           |
| refused            | 8        | 8                                           |
| minted, or paid    | B        | 2, with the invoice's figures; AE follows   |
| cancel refused     | OrderCancelReject(9)                                   |
"""

from __future__ import annotations

from collections.abc import Iterable

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.identifiers import derived_id
from indexmaker.money import MoneyError, div_floor, format_atoms, parse_atoms
from indexmaker_fix.message import Body
from indexmaker_fix.values import date_text, time_text

__all__ = [
    "account_text",
    "average_price",
    "cancel_reject",
    "exec_id",
    "execution_report",
    "misc_fees",
    "order_id",
    "order_reject",
    "report_status",
    "status_report",
]

_Kind = pb.IndexOrderReport
_EXEC_TYPES = {
    _Kind.KIND_NEW: "0",
    _Kind.KIND_STATE: "I",
    _Kind.KIND_FILL: "F",
    _Kind.KIND_PENDING_CANCEL: "6",
    _Kind.KIND_CANCELLED: "4",
    _Kind.KIND_REPLACED: "5",
    _Kind.KIND_EXPIRED: "C",
    _Kind.KIND_REJECTED: "8",
    _Kind.KIND_MINTED: "B",
    _Kind.KIND_PAID: "B",
}
_ENDED = {
    pb.INDEX_ORDER_STATE_MINTED: "2",
    pb.INDEX_ORDER_STATE_PAID: "2",
    pb.INDEX_ORDER_STATE_CANCELLED: "4",
    pb.INDEX_ORDER_STATE_EXPIRED: "C",
    pb.INDEX_ORDER_STATE_REJECTED: "8",
}
_STATUS_OF_KIND = {
    _Kind.KIND_PENDING_CANCEL: "6",
    _Kind.KIND_CANCELLED: "4",
    _Kind.KIND_EXPIRED: "C",
    _Kind.KIND_REJECTED: "8",
    _Kind.KIND_MINTED: "2",
    _Kind.KIND_PAID: "2",
}
_REJECT_REASONS = {
    "UNKNOWN_INDEX": "1",
    "INDEX_NOT_ACTIVE": "0",
    "AMOUNT_ABOVE_MAXIMUM": "3",
    "AMOUNT_BELOW_MINIMUM": "13",
    "AMOUNT_NOT_POSITIVE": "13",
    "AMOUNT_PRECISION": "13",
    "EXPIRY_IN_PAST": "4",
    "BAD_LIMIT": "16",
    "BAD_ACCOUNT": "15",
    "WRONG_CHAIN": "15",
}
_CANCEL_REASONS = {"TOO_LATE": "0", "UNKNOWN_ORDER": "1"}
_OTHER = "99"
_LONGEST_TEXT = 1_000


def exec_id(cursor: pb.ReportCursor) -> str:
    """ExecID: the report's place in the core's journal, the same whenever it is sent."""
    return f"{cursor.sequence}.{cursor.index}"


def account_text(account: common_pb2.AccountId) -> str:
    """`42161:0x…`."""
    return f"{account.chain_id}:{account.address}"


def order_id(account: str, client_order_id: str) -> str:
    """OrderID, which follows from whose order it is and what its owner calls it."""
    return derived_id("o", account.lower(), client_order_id)


def average_price(value: str, units: str) -> str:
    """USDC for one index token, rounded down at 18 decimals; empty when there are no units or no value is known."""
    try:
        quantity, cost = parse_atoms(units), parse_atoms(value)
    except MoneyError:
        return ""
    return format_atoms(div_floor(cost, quantity)) if quantity > 0 else ""


def misc_fees(fees: Iterable[common_pb2.Fee]) -> list[Body]:
    """NoMiscFees."""
    return [
        {
            "MiscFeeAmt": fee.amount,
            "MiscFeeCurr": fee.asset,
            "MiscFeeType": "4" if fee.kind == common_pb2.FEE_KIND_VENUE else "7",
            "MiscFeeKind": common_pb2.FeeKind.Name(fee.kind).removeprefix("FEE_KIND_"),
        }
        for fee in fees
    ]


def execution_report(report: pb.IndexOrderReport, *, cancel_id: str = "", order: pb.IndexOrder | None = None) -> Body:
    """ExecutionReport(8) of a report; `order` gives the final figures where the report itself is short of them.

    `cancel_id` is the ClOrdID of the cancel request that the receiving session made, if it made one.
    """
    shown = order or report.order
    status = _STATUS_OF_KIND.get(report.kind) or _status(report.order)
    body = _order_fields(shown, status=status)
    body |= {"ExecID": exec_id(report.cursor), "ExecType": _EXEC_TYPES.get(report.kind, "I")}
    body["TransactTime"] = time_text(report.reported_at)
    if report.kind == _Kind.KIND_FILL and report.last_units:
        body["LastQty"] = report.last_units
        body |= _optional({"LastPx": average_price(report.last_value, report.last_units)})
    if report.kind == _Kind.KIND_REJECTED:
        body["OrdRejReason"] = _REJECT_REASONS.get(report.order.reason, _OTHER)
    if report.kind in (_Kind.KIND_MINTED, _Kind.KIND_PAID):
        body["SettlDate"] = date_text(report.reported_at)
    if cancel_id and report.kind in (_Kind.KIND_PENDING_CANCEL, _Kind.KIND_CANCELLED):
        body |= {"ClOrdID": cancel_id, "OrigClOrdID": shown.terms.client_order_id}
    if report.kind == _Kind.KIND_REPLACED and report.amend_id:
        body |= {"ClOrdID": report.amend_id, "OrigClOrdID": shown.terms.client_order_id}
    code = report.order.reason
    return body | _optional({"MintTxHash": report.tx_hash, "Text": _clean(report.text), "RejectCode": code[:40]})


def status_report(order: pb.IndexOrder, *, exec_id: str, at: int) -> Body:
    """ExecutionReport(8) that answers an OrderStatusRequest."""
    body = _order_fields(order, status=_status(order))
    return body | {"ExecID": exec_id, "ExecType": "I", "TransactTime": time_text(at)}


def order_reject(request: Body, *, exec_id: str, at: int, reason: str, text: str, status: str = "8") -> Body:
    """ExecutionReport(8) for a request that never became an order in the core, or about an unknown one."""
    body: Body = {name: request[name] for name in ("ClOrdID", "Account", "Symbol", "Side")}
    body |= {"OrderID": order_id(request["Account"], request["ClOrdID"]), "ExecID": exec_id, "ExecType": "8"}
    body |= {"OrdStatus": status, "CumQty": "0", "LeavesQty": "0", "OrdRejReason": reason}
    return body | {"TransactTime": time_text(at), "Text": _clean(text)}


def cancel_reject(
    *, account: str, client_order_id: str, cancel_id: str, status: str, exec_id: str, at: int, code: str, text: str
) -> Body:
    """OrderCancelReject(9); `code` is the core's machine-readable reason, or empty."""
    body: Body = {
        "OrderID": order_id(account, client_order_id),
        "ClOrdID": cancel_id or client_order_id,
        "OrigClOrdID": client_order_id,
        "Account": account,
        "OrdStatus": status,
        "ExecID": exec_id,
        "CxlRejResponseTo": "1",
        "CxlRejReason": _CANCEL_REASONS.get(code, _OTHER),
        "TransactTime": time_text(at),
    }
    return body | _optional({"Text": _clean(text), "RejectCode": code[:40]})


def report_status(report: pb.IndexOrderReport) -> str:
    """OrdStatus of an order after a report."""
    return _status(report.order)


def _status(order: pb.IndexOrder) -> str:
    ended = _ENDED.get(order.state)
    if ended:
        return ended
    if order.cancel_pending:
        return "6"
    return "1" if _positive(order.units) else "0"


def _order_fields(order: pb.IndexOrder, *, status: str) -> Body:
    terms = order.terms
    account = account_text(terms.account)
    buys = terms.side == pb.INDEX_SIDE_BUY
    body: Body = {
        "OrderID": order_id(account, terms.client_order_id),
        "ClOrdID": terms.client_order_id,
        "Account": account,
        "Symbol": terms.index or "-",
        "Side": "1" if buys else "2",
        "CashOrderQty" if buys else "OrderQty": terms.amount or "0",
        "OrdStatus": status,
        "CumQty": order.units or "0",
        "IndexOrderState": pb.IndexOrderState.Name(order.state).removeprefix("INDEX_ORDER_STATE_"),
    }
    # While a cash order works, nobody knows how many units its cash will buy.
    if status in _ENDED.values():
        body["LeavesQty"] = "0"
    elif not buys:
        body["LeavesQty"] = _less(terms.amount, order.units)
    fees = misc_fees(order.fees)
    if fees:
        body["NoMiscFees"] = fees
    return body | _optional(
        {
            "Price": terms.limit_price,
            "MaxFee": terms.max_fee,
            "CumCashQty": order.assets_value,
            "CashRefund": order.refund if _positive(order.refund) else "",
            "CashPaid": order.paid if _positive(order.paid) else "",
            "QtyReturned": order.returned if _positive(order.returned) else "",
            "AvgPx": average_price(order.assets_value, order.units),
            "InvoiceID": order.invoice_id,
            "ExpireTime": time_text(terms.expires_at) if terms.expires_at > 0 else "",
        }
    )


def _less(whole: str, part: str) -> str:
    """What is left of a decimal; all of it where one of the two is no number."""
    try:
        return format_atoms(max(0, parse_atoms(whole) - parse_atoms(part or "0")))
    except MoneyError:
        return whole


def _positive(text: str) -> bool:
    return text.strip("0.") != ""


def _optional(fields: Body) -> Body:
    return {name: value for name, value in fields.items() if value}


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST_TEXT]
