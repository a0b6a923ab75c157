"""Reading an operator's decision."""

from __future__ import annotations

from indexmaker.api.operations.v1 import operations_pb2 as pb
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.identifiers import AccountId, IdentifierError
from indexmaker.services.solver.requests import amount_of
from indexmaker.solver import events as ev
from indexmaker.solver.state import order_id_of

__all__ = ["decision_of"]

_LONGEST = 500


def decision_of(request: pb.DecideRequest) -> ev.SolverEvent:
    """The event of a decision; raises `InvalidFieldError` naming the field."""
    signed = {
        "operator": _text(request.operator, "operator"),
        "reason": _text(request.reason, "reason"),
    }
    match request.WhichOneof("decision"):
        case "halt_trading":
            return ev.TradingHalted(**signed)
        case "resume_trading":
            return ev.TradingResumed(**signed)
        case "review_invoice":
            invoice_id = _text(request.review_invoice.invoice_id, "review_invoice.invoice_id")
            return ev.InvoiceReviewed(invoice_id=invoice_id, **signed)
        case "retry_settlement":
            return ev.SettlementRetried(order_id=_order(request.retry_settlement), **signed)
        case "restart_payout":
            return ev.PayoutRestarted(payout_id=_text(request.restart_payout.payout_id, "payout_id"), **signed)
        case "write_off_transfer":
            transfer_id = _text(request.write_off_transfer.transfer_id, "write_off_transfer.transfer_id")
            return ev.TransferWrittenOff(transfer_id=transfer_id, **signed)
        case "collect_claim":
            return _claim(request.collect_claim, signed)
        case "resolve_asset_order":
            order = request.resolve_asset_order
            return ev.AssetOrderResolved(
                client_order_id=_text(order.client_order_id, "resolve_asset_order.client_order_id"),
                executed_quantity=amount_of(order.executed_quantity, field="resolve_asset_order.executed_quantity"),
                **signed,
            )
        case "state_price":
            price = amount_of(request.state_price.price, field="state_price.price")
            return ev.PriceStated(asset=_text(request.state_price.asset, "state_price.asset"), price=price, **signed)
        case _:
            raise InvalidFieldError("decision", "say what is decided")


def _claim(claim: pb.CollectClaim, signed: dict[str, str]) -> ev.ClaimCollected:
    return ev.ClaimCollected(
        place=_text(claim.place, "collect_claim.place"),
        asset=_text(claim.asset, "collect_claim.asset"),
        amount=amount_of(claim.amount, field="collect_claim.amount"),
        reference=_text(claim.reference, "collect_claim.reference"),
        **signed,
    )


def _order(retry: pb.RetrySettlement) -> str:
    try:
        account = AccountId.parse(retry.account)
    except IdentifierError as error:
        raise InvalidFieldError("retry_settlement.account", str(error)) from None
    return order_id_of(str(account), retry.client_order_id)


def _text(text: str, field: str) -> str:
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        raise InvalidFieldError(field, f"must be 1 to {_LONGEST} printable characters")
    return text
