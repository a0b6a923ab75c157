"""TradeCaptureReport(AE): the invoice of a mint, or of a redemption, with every lot that it stands on. Pure."""

from __future__ import annotations

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import invoices_pb2, solver_pb2
from indexmaker_fix.message import Body
from indexmaker_fix.reports import account_text, average_price, exec_id, misc_fees, order_id
from indexmaker_fix.values import date_text, time_text

__all__ = ["invoice_fees", "trade_capture"]

_CASH = "USDC"


def invoice_fees(invoice: invoices_pb2.Invoice) -> list[common_pb2.Fee]:
    """The costs of an invoice by kind; without the rounding, which has its own field."""
    amounts = [
        (common_pb2.FEE_KIND_VENUE, invoice.venue_fees),
        (common_pb2.FEE_KIND_BRIDGE_CAPITAL, invoice.routing_fees),
        (common_pb2.FEE_KIND_MANAGEMENT, invoice.management_fee),
        (common_pb2.FEE_KIND_REDEMPTION, invoice.redemption_fee),
    ]
    return [
        common_pb2.Fee(kind=kind, asset=_CASH, amount=amount) for kind, amount in amounts if amount.strip("0.") != ""
    ]


def trade_capture(invoice: invoices_pb2.Invoice, report: solver_pb2.IndexOrderReport) -> Body:
    """The body of the message.

    Of a mint: deposit = assets + venue, routing and management fees + rounding + refund, exactly. Of a redemption:
    assets = paid + venue, routing and redemption fees + rounding, and escrowed = LastQty + returned.
    """
    redeems = invoice.kind == invoices_pb2.INVOICE_KIND_REDEMPTION
    value = invoice.proceeds if redeems else invoice.assets_value
    account = account_text(invoice.account)
    side: Body = {
        "Side": "2" if redeems else "1",
        "OrderID": order_id(account, invoice.client_order_id),
        "ClOrdID": invoice.client_order_id,
        "Account": account,
        "NoMiscFees": misc_fees(invoice_fees(invoice)),
    }
    body: Body = {
        "TradeReportID": invoice.invoice_id,
        "TradeReportType": "0",
        "ExecID": exec_id(report.cursor),
        "Symbol": invoice.index,
        "LastQty": invoice.units,
        "LastPx": average_price(value, invoice.units) or "0",
        "TradeDate": date_text(report.reported_at),
        "SettlDate": date_text(report.reported_at),
        "TransactTime": time_text(report.reported_at),
        "Currency": _CASH,
        "InvoiceNumber": str(invoice.number),
        "DepositAmount": invoice.deposit,
        "AssetsValue": value,
        "RoundingAmount": invoice.rounding,
        "CashRefund": invoice.refund,
        "EscrowedQty": invoice.escrowed,
        "QtyReturned": invoice.returned,
        "CashPaid": invoice.paid,
        "LotsRoot": invoice.lots_root,
        "GateRequestID": invoice.request_id,
        "InvoiceSigner": invoice.signer,
        "MintTxHash": invoice.mint_tx_hash or report.tx_hash,
        "NoSides": [side],
        "NoLots": [_lot(lot) for lot in invoice.lots],
    }
    return {name: value for name, value in body.items() if value != ""}


def _lot(lot: invoices_pb2.InvoiceLot) -> Body:
    return {
        "LotAsset": lot.asset,
        "LotVenue": lot.venue,
        "LotSymbol": lot.symbol,
        "LotTradeID": lot.trade_id,
        "LotQty": lot.quantity,
        "LotPx": lot.price,
        "LotValue": lot.value,
        "LotFee": lot.fee or "0",
    }
