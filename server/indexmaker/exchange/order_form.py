"""Whether an order is a proper order at all: which fields its type takes, and their ranges."""

from __future__ import annotations

from indexmaker.exchange.filters import Failure, has_limit, waits
from indexmaker.exchange.frequent_words import GTC, GTD, LIMIT_MAKER, MARKET, NO_PEG
from indexmaker.exchange.order_commands import PlaceOrder
from indexmaker.exchange.rejects import RejectCode
from indexmaker.exchange.stops import BIPS
from indexmaker.exchange.vocabulary import PegPrice

__all__ = ["malformed"]

MAX_I64 = 2**63 - 1
MAX_I128 = 2**127 - 1
MAX_PEG_OFFSET = 100


def malformed(command: PlaceOrder, *, at: int) -> Failure | None:
    """What makes a command no proper order, or None."""
    if not 1 <= len(command.client_order_id) <= 36:
        return RejectCode.MALFORMED, "client_order_id must have 1 to 36 characters"
    if not (0 <= command.price <= MAX_I64 and 0 <= command.quantity <= MAX_I64):
        return RejectCode.OUT_OF_RANGE, "price and quantity must be within 0 to 2**63 - 1"
    if not 0 <= command.quote_amount <= MAX_I128:
        return RejectCode.OUT_OF_RANGE, "quote_amount must be within 0 to 2**127 - 1"
    kind = command.type
    if kind is MARKET or command.quote_amount:
        failure = _malformed_market(command)
        if failure is not None:
            return failure
    failure = None
    if command.stop_price or command.trailing_delta or waits(kind):
        failure = _malformed_stop(command)
    if failure is None and (command.iceberg or command.peg_offset or command.peg is not NO_PEG):
        failure = _malformed_limit(command)
    if failure is not None:
        return failure
    if command.expires_at or command.time_in_force is GTD:
        return _malformed_date(command, at=at)
    return None


def _malformed_market(command: PlaceOrder) -> Failure | None:
    if command.type is not MARKET:
        return RejectCode.MALFORMED, "only a market order may have a quote_amount"
    if command.price:
        return RejectCode.MALFORMED, "a market order has no price"
    if bool(command.quantity) == bool(command.quote_amount):
        return RejectCode.MALFORMED, "a market order needs either a quantity or a quote_amount"
    return None


def _malformed_stop(command: PlaceOrder) -> Failure | None:
    kind = command.type
    if not waits(kind):
        return RejectCode.MALFORMED, f"{kind} takes neither stop_price nor trailing_delta"
    if not (0 <= command.stop_price <= MAX_I64 and 0 <= command.trailing_delta < BIPS):
        return RejectCode.OUT_OF_RANGE, "stop_price must be within 0 to 2**63 - 1, trailing_delta below 10000"
    if not (command.stop_price or command.trailing_delta):
        return RejectCode.MALFORMED, f"{kind} needs a stop_price, a trailing_delta or both"
    if command.price and not has_limit(kind):
        return RejectCode.MALFORMED, f"{kind} has no price; it trades at any price once it is triggered"
    return None


def _malformed_limit(command: PlaceOrder) -> Failure | None:
    kind = command.type
    if not has_limit(kind):
        return RejectCode.MALFORMED, f"{kind} takes neither iceberg nor peg"
    if command.iceberg:
        if not 0 < command.iceberg <= MAX_I64:
            return RejectCode.OUT_OF_RANGE, "iceberg must be within 0 to 2**63 - 1"
        if command.iceberg > command.quantity:
            return RejectCode.ICEBERG_EXCEEDS_QUANTITY, "an iceberg cannot show more than the quantity of the order"
        if kind is not LIMIT_MAKER and command.time_in_force is not GTC:
            return RejectCode.MALFORMED, "an iceberg must be good till cancelled"
    if not 0 <= command.peg_offset <= MAX_PEG_OFFSET:
        return RejectCode.OUT_OF_RANGE, f"peg_offset must be within 0 to {MAX_PEG_OFFSET}"
    if command.peg is NO_PEG:
        return (RejectCode.MALFORMED, "peg_offset needs a peg") if command.peg_offset else None
    if command.price:
        return RejectCode.MALFORMED, "a pegged order has no price of its own"
    if kind is LIMIT_MAKER and command.peg is PegPrice.MARKET:
        return RejectCode.MALFORMED, "a LIMIT_MAKER cannot be pegged to the other side"
    return None


def _malformed_date(command: PlaceOrder, *, at: int) -> Failure | None:
    if command.expires_at:
        if command.type is MARKET or command.time_in_force is not GTD:
            return RejectCode.MALFORMED, "expires_at belongs to GTD orders, which market orders cannot be"
        if not at < command.expires_at <= MAX_I64:
            return RejectCode.OUT_OF_RANGE, "expires_at must be later than now"
    elif has_limit(command.type) and command.type is not LIMIT_MAKER:
        return RejectCode.MALFORMED, "a GTD order needs expires_at"
    return None
