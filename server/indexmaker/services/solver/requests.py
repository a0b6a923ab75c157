"""Reading requests: every field is checked here, so that nothing malformed reaches the engine."""

from __future__ import annotations

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import solver_pb2 as pb
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.identifiers import AccountId, IdentifierError, check_client_order_id
from indexmaker.money import MoneyError, parse_atoms
from indexmaker.solver.events import OrderAmendRequested, OrderSubmitted
from indexmaker.solver.vocabulary import Side
from indexmaker.typed_data import amend_typed_data, order_typed_data

__all__ = [
    "SIDES",
    "account_of",
    "amend_of",
    "amount_of",
    "client_order_id_of",
    "order_of",
    "signed_amend",
    "signed_terms",
]

_MAX_INDEX_LENGTH = 32
_MAX_QUOTE_LENGTH = 40
SIDES = {pb.INDEX_SIDE_BUY: Side.BUY, pb.INDEX_SIDE_SELL: Side.SELL}


def account_of(account: common_pb2.AccountId, *, field: str = "account") -> AccountId:
    """The account that a request names; raises `InvalidFieldError`."""
    try:
        return AccountId.parse(f"{account.chain_id}:{account.address}")
    except IdentifierError as error:
        raise InvalidFieldError(field, str(error)) from None


def client_order_id_of(text: str, *, field: str = "client_order_id") -> str:
    """A client order id; raises `InvalidFieldError`."""
    try:
        return check_client_order_id(text)
    except IdentifierError as error:
        raise InvalidFieldError(field, str(error)) from None


def amount_of(text: str, *, field: str, optional: bool = False) -> int:
    """A decimal in atoms; an empty optional one is 0. Raises `InvalidFieldError`."""
    if optional and not text:
        return 0
    try:
        atoms = parse_atoms(text, field=field)
    except MoneyError as error:
        raise InvalidFieldError(field, str(error).removeprefix(f"{field}: ")) from None
    if atoms < 0:
        raise InvalidFieldError(field, f"{text} is negative")
    return atoms


def signed_terms(terms: pb.IndexOrderTerms, *, account: AccountId, quote_id: str = "") -> dict[str, object]:
    """The typed data that the user must have signed for these terms."""
    return order_typed_data(
        account,
        client_order_id=terms.client_order_id,
        side=pb.IndexSide.Name(terms.side).removeprefix("INDEX_SIDE_"),
        index=terms.index,
        amount=terms.amount,
        limit_price=terms.limit_price,
        max_fee=terms.max_fee,
        expires_at=terms.expires_at,
        quote_id=quote_id,
    )


def order_of(terms: pb.IndexOrderTerms, *, account: AccountId, digest: str, quote_id: str = "") -> OrderSubmitted:
    """The event of an order; what depends on the engine's state is checked by the engine."""
    side = SIDES.get(terms.side)
    if side is None:
        raise InvalidFieldError("terms.side", "must be INDEX_SIDE_BUY or INDEX_SIDE_SELL")
    if not terms.index or len(terms.index) > _MAX_INDEX_LENGTH:
        raise InvalidFieldError("terms.index", "must name an index, such as TOP20")
    if len(quote_id) > _MAX_QUOTE_LENGTH:
        raise InvalidFieldError("quote_id", "is not one that a binding quote has")
    if terms.expires_at < 0:
        raise InvalidFieldError("terms.expires_at", "must be UTC nanoseconds, or 0 for never")
    return OrderSubmitted(
        client_order_id=client_order_id_of(terms.client_order_id, field="terms.client_order_id"),
        account=str(account),
        side=side,
        index=terms.index,
        amount=amount_of(terms.amount, field="terms.amount"),
        max_price=amount_of(terms.limit_price, field="terms.limit_price", optional=True),
        max_fee=amount_of(terms.max_fee, field="terms.max_fee", optional=True),
        expires_at=terms.expires_at,
        signature_digest=digest,
        quote_id=quote_id,
    )


def signed_amend(request: pb.AmendIndexOrderRequest, *, account: AccountId) -> dict[str, object]:
    """The typed data that the user must have signed for this change."""
    return amend_typed_data(
        account,
        client_order_id=request.client_order_id,
        amend_id=request.amend_id,
        amount=request.amount,
        limit_price=request.limit_price,
        max_fee=request.max_fee,
        expires_at=request.expires_at,
    )


def amend_of(request: pb.AmendIndexOrderRequest, *, account: AccountId, digest: str) -> OrderAmendRequested:
    """The event of a change of terms."""
    if request.expires_at < 0:
        raise InvalidFieldError("expires_at", "must be UTC nanoseconds, or 0 to leave it")

    def changed(text: str, field: str) -> int | None:
        return amount_of(text, field=field) if text else None

    return OrderAmendRequested(
        account=str(account),
        client_order_id=client_order_id_of(request.client_order_id),
        amend_id=client_order_id_of(request.amend_id, field="amend_id"),
        amount=changed(request.amount, "amount"),
        max_price=changed(request.limit_price, "limit_price"),
        max_fee=changed(request.max_fee, "max_fee"),
        expires_at=request.expires_at or None,
        signature_digest=digest,
    )
