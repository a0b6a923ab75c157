"""The translation between FIX and the core, as a table; and everything that is sent keeps to the dictionary."""

from __future__ import annotations

import pytest

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import indices_pb2, invoices_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.identifiers import AccountId
from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.errors import FaultyError
from indexmaker_fix.message import Frame, Message
from indexmaker_fix.reports import average_price, cancel_reject, execution_report, order_reject, status_report
from indexmaker_fix.requests import cancel_request, submit_request
from indexmaker_fix.security_list import security_list
from indexmaker_fix.trade_captures import trade_capture
from indexmaker_fix.values import parse_time

ACCOUNT = AccountId(42161, "0x" + "11" * 20)
OWNER = common_pb2.AccountId(chain_id=42161, address=ACCOUNT.address)
HEADER = {
    "BeginString": "FIXT.1.1",
    "MsgSeqNum": "2",
    "SenderCompID": "A",
    "TargetCompID": "B",
    "SendingTime": "20260102-03:04:05.678",
}
TERMS = {
    "ClOrdID": "o-1",
    "Account": str(ACCOUNT),
    "Symbol": "TOP2",
    "Side": "1",
    "TransactTime": "20260102-03:04:05.678",
    "OrdType": "1",
    "CashOrderQty": "250.50",
}
Kind = pb.IndexOrderReport
S = pb.IndexOrderState


def message(msg_type, body, trailer=None):
    signature = {"Signature": "0xab"} if trailer is None else trailer
    return Message(header=HEADER | {"MsgType": msg_type}, body=body, trailer=signature)


def keeps_to_the_dictionary(msg_type, body):
    _, fault = DICTIONARY.check(Frame(HEADER | {"MsgType": msg_type}, body, {}), sender="gateway")
    assert fault is None, fault
    return body


def report(kind, state, **order):
    terms = pb.IndexOrderTerms(client_order_id="o-1", account=OWNER, side=pb.INDEX_SIDE_BUY, index="TOP2", amount="250")
    extra = {name: order.pop(name) for name in ("last_units", "last_value", "text", "tx_hash") if name in order}
    return pb.IndexOrderReport(
        cursor=pb.ReportCursor(sequence=12, index=3),
        reported_at=parse_time("20260102-03:04:05.678"),
        kind=kind,
        order=pb.IndexOrder(terms=terms, state=state, **order),
        **extra,
    )


def test_market_order_is_passed_on_text_by_text():
    request = submit_request(message("D", TERMS), account=ACCOUNT)
    assert request.terms == pb.IndexOrderTerms(
        client_order_id="o-1", account=OWNER, side=pb.INDEX_SIDE_BUY, index="TOP2", amount="250.50"
    )
    assert request.signature == "0xab"


def test_limits_and_expiry_are_passed_on_exactly():
    terms = TERMS | {
        "OrdType": "2",
        "Price": "99.10",
        "MaxFee": "1.0",
        "ExpireTime": "20260102-03:04:05.000000001",
        "Account": str(ACCOUNT).upper().replace("0X", "0x"),
    }
    passed = submit_request(message("D", terms), account=ACCOUNT).terms
    assert (passed.limit_price, passed.max_fee) == ("99.10", "1.0")
    assert passed.expires_at == parse_time("20260102-03:04:05") + 1


def test_sale_is_ordered_by_quantity():
    terms = {name: value for name, value in TERMS.items() if name != "CashOrderQty"} | {"Side": "2", "OrderQty": "3"}
    passed = submit_request(message("D", terms), account=ACCOUNT).terms
    assert (passed.side, passed.amount) == (pb.INDEX_SIDE_SELL, "3")


@pytest.mark.parametrize("build", [submit_request, cancel_request])
def test_request_without_a_signature_is_faulty(build):
    body = TERMS | {"OrigClOrdID": "o-0"}
    with pytest.raises(FaultyError, match="Signature is required"):
        build(message("D", body, trailer={}), account=ACCOUNT)


@pytest.mark.parametrize("build", [submit_request, cancel_request])
def test_request_for_another_account_is_not_authorized(build):
    body = TERMS | {"OrigClOrdID": "o-0", "Account": "1" + str(ACCOUNT)}
    with pytest.raises(FaultyError) as refused:
        build(message("D", body), account=ACCOUNT)
    assert (refused.value.fault.business, refused.value.fault.reason) == (True, "6")


@pytest.mark.parametrize(
    ("kind", "state", "units", "exec_type", "status"),
    [
        (Kind.KIND_NEW, S.INDEX_ORDER_STATE_PENDING_COLLATERAL, "0", "0", "0"),
        (Kind.KIND_STATE, S.INDEX_ORDER_STATE_ROUTING, "0", "I", "0"),
        (Kind.KIND_STATE, S.INDEX_ORDER_STATE_MINT_SUBMITTED, "1.5", "I", "1"),
        (Kind.KIND_FILL, S.INDEX_ORDER_STATE_READY, "1.5", "F", "1"),
        (Kind.KIND_PENDING_CANCEL, S.INDEX_ORDER_STATE_ENGAGED, "1.5", "6", "6"),
        (Kind.KIND_CANCELLED, S.INDEX_ORDER_STATE_CANCELLED, "0", "4", "4"),
        (Kind.KIND_EXPIRED, S.INDEX_ORDER_STATE_EXPIRED, "0", "C", "C"),
        (Kind.KIND_REJECTED, S.INDEX_ORDER_STATE_REJECTED, "0", "8", "8"),
        (Kind.KIND_MINTED, S.INDEX_ORDER_STATE_MINTED, "2", "B", "2"),
    ],
)
def test_each_report_has_its_type_and_status(kind, state, units, exec_type, status):
    body = keeps_to_the_dictionary("8", execution_report(report(kind, state, units=units)))
    assert (body["ExecType"], body["OrdStatus"], body["CumQty"]) == (exec_type, status, units)
    assert body["ExecID"] == "12.3"
    assert ("LeavesQty" in body) == (status in "248C")


def test_every_kind_of_report_but_the_refused_cancel_is_an_execution_report_by_the_dictionary():
    for kind in set(Kind.Kind.values()) - {Kind.KIND_CANCEL_REJECTED}:
        for state in S.values():
            keeps_to_the_dictionary("8", execution_report(report(kind, state, text="a\nb", tx_hash="0x" + "a" * 64)))


def test_fill_has_the_price_of_its_own_part_and_the_average_of_all():
    told = report(
        Kind.KIND_FILL, S.INDEX_ORDER_STATE_READY, units="2", assets_value="210", last_units="1", last_value="110"
    )
    body = execution_report(told)
    assert (body["LastQty"], body["LastPx"], body["AvgPx"], body["CumCashQty"]) == ("1", "110", "105", "210")


def test_price_that_nobody_knows_is_left_out():
    body = execution_report(report(Kind.KIND_FILL, S.INDEX_ORDER_STATE_READY, units="1", last_units="1"))
    assert "LastPx" not in body
    assert average_price("10", "3") == "3.333333333333333333"
    assert average_price("10", "0") == average_price("", "1") == ""


@pytest.mark.parametrize(
    ("code", "reason"),
    [("UNKNOWN_INDEX", "1"), ("AMOUNT_ABOVE_MAXIMUM", "3"), ("WRONG_CHAIN", "15"), ("NEW_ONE", "99")],
)
def test_refusal_has_the_reason_as_number_and_as_code(code, reason):
    told = report(Kind.KIND_REJECTED, S.INDEX_ORDER_STATE_REJECTED, reason=code)
    body = keeps_to_the_dictionary("8", execution_report(told))
    assert (body["OrdRejReason"], body["RejectCode"]) == (reason, code)


def test_cancel_of_this_session_is_reported_under_its_id():
    told = report(Kind.KIND_CANCELLED, S.INDEX_ORDER_STATE_CANCELLED)
    body = keeps_to_the_dictionary("8", execution_report(told, cancel_id="c-1"))
    assert (body["ClOrdID"], body["OrigClOrdID"]) == ("c-1", "o-1")


def test_answers_that_the_gateway_gives_itself_keep_to_the_dictionary():
    at = parse_time("20260102-03:04:05.678")
    keeps_to_the_dictionary("8", order_reject(TERMS, exec_id="A.2", at=at, reason="99", text="no\x00"))
    order = report(Kind.KIND_NEW, S.INDEX_ORDER_STATE_READY).order
    order.cancel_pending = True
    assert keeps_to_the_dictionary("8", status_report(order, exec_id="A.3", at=at))["OrdStatus"] == "6"
    body = cancel_reject(
        account=str(ACCOUNT), client_order_id="o-1", cancel_id="", status="2", exec_id="1.0", at=at, code="", text=""
    )
    assert keeps_to_the_dictionary("9", body)["CxlRejReason"] == "99"


def test_invoice_keeps_every_lot_with_its_trade():
    lots = [
        invoices_pb2.InvoiceLot(
            asset="BTC", venue="v", symbol="BTCUSDC", trade_id=str(n), quantity="1", price="2", value="2", fee=""
        )
        for n in range(1_500)
    ]
    invoice = invoices_pb2.Invoice(
        invoice_id="i", number=9, account=OWNER, client_order_id="o-1", index="TOP2", request_id=str(2**255),
        deposit="250", assets_value="200", venue_fees="0.2", management_fee="0", units="2", lots=lots,
    )  # fmt: skip
    told = report(Kind.KIND_MINTED, S.INDEX_ORDER_STATE_MINTED, tx_hash="0x" + "a" * 64)
    body = keeps_to_the_dictionary("AE", trade_capture(invoice, told))
    assert [lot["LotTradeID"] for lot in body["NoLots"]] == [str(n) for n in range(1_500)]
    assert [fee["MiscFeeKind"] for fee in body["NoSides"][0]["NoMiscFees"]] == ["VENUE"]
    assert (body["LastPx"], body["MintTxHash"]) == ("100", "0x" + "a" * 64)


def test_no_index_is_an_answer_too():
    assert keeps_to_the_dictionary("y", security_list({"SecurityReqID": "r"}, []))["SecurityRequestResult"] == "2"
    index = indices_pb2.Index(symbol="TOP2", chain_id=42161, state=indices_pb2.INDEX_STATE_PAUSED)
    body = keeps_to_the_dictionary("y", security_list({"SecurityReqID": "r"}, [index]))
    assert body["NoRelatedSym"][0]["SecurityStatus"] == "2"
