"""Sell orders over FIX: side 2, from the order to the payment."""

import pytest

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import invoices_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.identifiers import AccountId
from indexmaker.money import parse_atoms
from indexmaker_fix.dictionary import DICTIONARY
from indexmaker_fix.message import Frame, Message
from indexmaker_fix.reports import execution_report
from indexmaker_fix.requests import submit_request
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
Kind = pb.IndexOrderReport
S = pb.IndexOrderState
PAYMENT = "0x" + "a" * 64


def told(kind, state, **order):
    terms = pb.IndexOrderTerms(client_order_id="o-1", account=OWNER, side=pb.INDEX_SIDE_SELL, index="TOP2", amount="5")
    return pb.IndexOrderReport(
        cursor=pb.ReportCursor(sequence=12, index=3),
        reported_at=parse_time("20260102-03:04:05.678"),
        kind=kind,
        order=pb.IndexOrder(terms=terms, state=state, **order),
        tx_hash=PAYMENT,
    )


def keeps_to_the_dictionary(msg_type, body):
    _, fault = DICTIONARY.check(Frame(HEADER | {"MsgType": msg_type}, body, {}), sender="gateway")
    assert fault is None, fault
    return body


def test_a_sell_is_ordered_in_index_tokens():
    body = {
        "ClOrdID": "o-1",
        "Account": str(ACCOUNT),
        "Symbol": "TOP2",
        "Side": "2",
        "TransactTime": "20260102-03:04:05.678",
        "OrdType": "2",
        "OrderQty": "5",
        "Price": "180",
    }
    order = Message(header=HEADER | {"MsgType": "D"}, body=body, trailer={"Signature": "0xab"})
    terms = submit_request(order, account=ACCOUNT).terms
    assert (terms.side, terms.amount, terms.limit_price) == (pb.INDEX_SIDE_SELL, "5", "180")


@pytest.mark.parametrize(
    ("kind", "state", "units", "exec_type", "status", "leaves"),
    [
        (Kind.KIND_NEW, S.INDEX_ORDER_STATE_PENDING_TOKENS, "0", "0", "0", "5"),
        (Kind.KIND_FILL, S.INDEX_ORDER_STATE_READY, "1.5", "F", "1", "3.5"),
        (Kind.KIND_STATE, S.INDEX_ORDER_STATE_PAYABLE, "5", "I", "1", "0"),
        (Kind.KIND_STATE, S.INDEX_ORDER_STATE_PAYOUT_ROUTING, "5", "I", "1", "0"),
        (Kind.KIND_PAID, S.INDEX_ORDER_STATE_PAID, "4", "B", "2", "0"),
        (Kind.KIND_CANCELLED, S.INDEX_ORDER_STATE_CANCELLED, "0", "4", "4", "0"),
    ],
)
def test_each_report_of_a_sell_tells_what_is_sold_and_what_is_left(kind, state, units, exec_type, status, leaves):
    body = keeps_to_the_dictionary("8", execution_report(told(kind, state, units=units)))
    assert (body["Side"], body["OrderQty"]) == ("2", "5")
    assert (body["ExecType"], body["OrdStatus"], body["CumQty"], body["LeavesQty"]) == (
        exec_type,
        status,
        units,
        leaves,
    )


def test_the_payment_tells_what_is_paid_and_what_comes_back():
    report = told(Kind.KIND_PAID, S.INDEX_ORDER_STATE_PAID, units="4", paid="718.5", returned="1")
    body = keeps_to_the_dictionary("8", execution_report(report))
    assert (body["CashPaid"], body["QtyReturned"], body["MintTxHash"]) == ("718.5", "1", PAYMENT)
    assert "SettlDate" in body


def test_a_redemption_invoice_balances_in_its_trade_capture():
    invoice = invoices_pb2.Invoice(
        invoice_id="i",
        number=9,
        account=OWNER,
        client_order_id="o-1",
        index="TOP2",
        kind=invoices_pb2.INVOICE_KIND_REDEMPTION,
        request_id="4",
        escrowed="5",
        burned="4",
        returned="1",
        units="4",
        proceeds="720.0000005",
        venue_fees="0.72",
        routing_fees="0.75",
        redemption_fee="0.03",
        rounding="0.0000005",
        paid="718.5",
    )
    body = keeps_to_the_dictionary("AE", trade_capture(invoice, told(Kind.KIND_PAID, S.INDEX_ORDER_STATE_PAID)))
    (side,) = body["NoSides"]
    fees = sum(parse_atoms(fee["MiscFeeAmt"]) for fee in side["NoMiscFees"])
    assert side["Side"] == "2"
    assert parse_atoms(body["AssetsValue"]) == (
        parse_atoms(body["CashPaid"]) + fees + parse_atoms(body["RoundingAmount"])
    )
    assert (body["EscrowedQty"], body["LastQty"], body["QtyReturned"]) == ("5", "4", "1")
    assert "DepositAmount" not in body
