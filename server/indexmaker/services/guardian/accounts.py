"""Accounts between the solver's records and the guardian's protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf.message import Message

from indexmaker.api.solver.v1 import guardian_pb2 as pb
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import MoneyError, format_atoms, parse_atoms
from indexmaker.solver.commands import Invoice, InvoiceLot, RedemptionInvoice
from indexmaker.solver.evidence import Account
from indexmaker.solver.vocabulary import LotSource

__all__ = ["account_of", "mint_message", "redemption_message"]

_MINT_MONEY = (
    *("deposit", "assets", "venue_fees", "routing_fees", "management_fee", "rounding", "refund"),
    *("units", "spent", "fee"),
)
_REDEMPTION_MONEY = (
    *("escrowed", "burned", "returned", "proceeds", "venue_fees", "routing_fees", "redemption_fee", "rounding"),
    *("paid", "fee"),
)
_NAMES = (
    *("invoice_id", "order_id", "client_order_id", "account", "index", "basket_version", "chain_id", "gate"),
    *("request_id", "transfer_id"),
)
_LOT_NAMES = ("asset", "venue", "symbol", "trade_id", "batch_id")
_LOT_MONEY = ("quantity", "price", "value", "fee")


def mint_message(invoice: Invoice) -> pb.MintAccount:
    """The account of a buy order, for the wire."""
    message = pb.MintAccount(**_written(invoice, _NAMES, _MINT_MONEY))
    message.deposit_tx = invoice.deposit_tx
    message.deadline_at = invoice.deadline
    message.lots.extend(map(_lot_message, invoice.lots))
    return message


def redemption_message(invoice: RedemptionInvoice) -> pb.RedemptionAccount:
    """The account of a sell order, for the wire."""
    message = pb.RedemptionAccount(**_written(invoice, _NAMES, _REDEMPTION_MONEY))
    message.request_tx = invoice.request_tx
    message.deadline_at = invoice.deadline
    message.lots.extend(map(_lot_message, invoice.lots))
    return message


def account_of(request: pb.SignRequest | pb.ReviewRequest) -> Account:
    """The account in a request.

    Raises:
        InvalidFieldError: there is none, or an amount is no decimal.
    """
    try:
        match request.WhichOneof("account"):
            case "mint":
                mint = request.mint
                return Invoice(
                    **_read(mint, _NAMES, _MINT_MONEY),
                    deposit_tx=mint.deposit_tx,
                    deadline=mint.deadline_at,
                    lots=tuple(map(_lot, mint.lots)),
                )
            case "redemption":
                redemption = request.redemption
                return RedemptionInvoice(
                    **_read(redemption, _NAMES, _REDEMPTION_MONEY),
                    request_tx=redemption.request_tx,
                    deadline=redemption.deadline_at,
                    lots=tuple(map(_lot, redemption.lots)),
                )
    except (MoneyError, ValueError) as error:
        raise InvalidFieldError("account", str(error)) from None
    raise InvalidFieldError("account", "give the account of a buy or of a sell order")


def _written(record: Account | InvoiceLot, names: Sequence[str], money: Sequence[str]) -> dict[str, Any]:
    return {
        **{name: getattr(record, name) for name in names},
        **{name: format_atoms(getattr(record, name)) for name in money},
    }


def _read(message: Message, names: Sequence[str], money: Sequence[str]) -> dict[str, Any]:
    return {
        **{name: getattr(message, name) for name in names},
        **{name: parse_atoms(getattr(message, name)) for name in money},
    }


def _lot_message(lot: InvoiceLot) -> pb.AccountLot:
    return pb.AccountLot(**_written(lot, _LOT_NAMES, _LOT_MONEY), source=lot.source.value)


def _lot(lot: pb.AccountLot) -> InvoiceLot:
    return InvoiceLot(**_read(lot, _LOT_NAMES, _LOT_MONEY), source=LotSource(lot.source))
