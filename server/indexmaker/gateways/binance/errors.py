"""What a client is told: Binance's codes and texts, and the table from the engine's reject codes to them.

The texts are part of the interface: trading programs switch on them.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexmaker.exchange.events import Rejected
from indexmaker.exchange.rejects import RejectCode

__all__ = [
    "ApiError",
    "amend_rejected",
    "bad_parameter",
    "cancel_rejected",
    "filter_failure",
    "illegal_characters",
    "missing",
    "missing_both",
    "no_such_order",
    "not_required",
    "order_rejected",
    "too_precise",
    "unknown_symbol",
    "withdrawal_rejected",
]


class ApiError(Exception):
    """A refusal with Binance's code, its text and the HTTP status.

    `retry_after` (seconds) is set on 429 only, `retry_at` (UTC milliseconds) with it.
    `data` tells of the parts of a request that had several.
    """

    def __init__(
        self,
        code: int,
        text: str,
        *,
        status: int = 400,
        retry_after: int = 0,
        retry_at: int = 0,
        data: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        self.status = status
        self.retry_after = retry_after
        self.retry_at = retry_at
        self.data = data

    def shown(self) -> dict[str, object]:
        """The refusal as the body of a reply."""
        body: dict[str, object] = {"code": self.code, "msg": self.text}
        if self.data is not None:
            body["data"] = self.data
        return body


def missing(name: str) -> ApiError:
    """A mandatory parameter is absent, empty or not readable."""
    return ApiError(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")


def missing_both(first: str, second: str) -> ApiError:
    """Neither of two alternatives was sent."""
    return ApiError(-1102, f"Param '{first}' or '{second}' must be sent, but both were empty/null!")


def not_required(name: str) -> ApiError:
    """A parameter that the order type does not take."""
    return ApiError(-1106, f"Parameter '{name}' sent when not required.")


def illegal_characters(name: str, legal: str) -> ApiError:
    """A value outside its grammar."""
    return ApiError(-1100, f"Illegal characters found in parameter '{name}'; legal range is '{legal}'.")


def too_precise(name: str) -> ApiError:
    """More decimals than the asset has."""
    return ApiError(-1111, f"Parameter '{name}' has too much precision.")


def bad_parameter(name: str) -> ApiError:
    """A value of the right grammar that makes no sense."""
    return ApiError(-1130, f"Data sent for parameter '{name}' is not valid.")


def unknown_symbol() -> ApiError:
    """No such market."""
    return ApiError(-1121, "Invalid symbol.")


def no_such_order() -> ApiError:
    """A query for an order that is not known."""
    return ApiError(-2013, "Order does not exist.")


def filter_failure(name: str) -> ApiError:
    """An order outside a limit of its market."""
    return ApiError(-1013, f"Filter failure: {name}")


_ORDER_TEXTS: Mapping[RejectCode, tuple[int, str]] = {
    RejectCode.UNKNOWN_MARKET: (-1121, "Invalid symbol."),
    RejectCode.OUT_OF_RANGE: (-1013, "Invalid quantity."),
    RejectCode.DUPLICATE_CLIENT_ORDER_ID: (-2010, "Duplicate order sent."),
    RejectCode.ACCOUNT_SUSPENDED: (-2010, "This action is disabled on this account."),
    RejectCode.MARKET_HALTED: (-2010, "Market is closed."),
    RejectCode.MARKET_CANCEL_ONLY: (-2010, "Market is closed."),
    RejectCode.MARKET_CLOSED: (-2010, "Market is closed."),
    RejectCode.MARKET_IN_AUCTION: (-2010, "Market is closed."),
    RejectCode.ICEBERG_EXCEEDS_QUANTITY: (-2010, "IcebergQty exceeds QTY."),
    RejectCode.UNSUPPORTED_COMBINATION: (-2010, "Unsupported order combination"),
    RejectCode.LIST_PRICES: (-2010, "The relationship of the prices for the orders is not correct."),
    RejectCode.WOULD_TRIGGER: (-2010, "Order would trigger immediately."),
    RejectCode.WOULD_TAKE: (-2010, "Order would immediately match and take."),
    RejectCode.INSUFFICIENT_BALANCE: (-2010, "Account has insufficient balance for requested action."),
}
_FILTERS = frozenset(
    {
        RejectCode.PRICE_FILTER,
        RejectCode.PERCENT_PRICE_BY_SIDE,
        RejectCode.LOT_SIZE,
        RejectCode.MARKET_LOT_SIZE,
        RejectCode.NOTIONAL,
        RejectCode.MAX_NUM_ORDERS,
        RejectCode.PERCENT_PRICE,
        RejectCode.ICEBERG_PARTS,
        RejectCode.MAX_NUM_ALGO_ORDERS,
        RejectCode.MAX_NUM_ICEBERG_ORDERS,
        RejectCode.MAX_NUM_ORDER_LISTS,
        RejectCode.MAX_POSITION,
        RejectCode.TRAILING_DELTA,
        RejectCode.EXCHANGE_MAX_NUM_ORDERS,
        RejectCode.EXCHANGE_MAX_NUM_ALGO_ORDERS,
        RejectCode.EXCHANGE_MAX_NUM_ICEBERG_ORDERS,
        RejectCode.EXCHANGE_MAX_NUM_ORDER_LISTS,
    }
)
_CANCEL_TEXTS: Mapping[RejectCode, tuple[int, str]] = {
    RejectCode.UNKNOWN_MARKET: (-1121, "Invalid symbol."),
    RejectCode.UNKNOWN_ORDER: (-2011, "Unknown order sent."),
    RejectCode.UNKNOWN_ORDER_LIST: (-2011, "Unknown order list sent."),
    RejectCode.ORDER_IDS_DISAGREE: (-2039, "Client Order ID is not correct for this order ID."),
    RejectCode.MARKET_HALTED: (-2011, "Market is closed."),
    RejectCode.CANCEL_RESTRICTED: (-2011, "Order was not canceled due to cancel restrictions."),
}


def order_rejected(rejection: Rejected) -> ApiError:
    """The answer to a refused order."""
    if rejection.code in _FILTERS:
        return filter_failure(rejection.code.name)
    code, text = _ORDER_TEXTS.get(rejection.code, (-2010, rejection.message))
    return ApiError(code, text)


def cancel_rejected(rejection: Rejected) -> ApiError:
    """The answer to a refused cancel."""
    code, text = _CANCEL_TEXTS.get(rejection.code, (-2011, rejection.message))
    return ApiError(code, text)


def amend_rejected(rejection: Rejected) -> ApiError:
    """The answer to a refused amendment."""
    if rejection.code is RejectCode.MAX_NUM_ORDER_AMENDS:
        return ApiError(-2038, "The order amend request was rejected: Filter failure: MAX_NUM_ORDER_AMENDS")
    if rejection.code is RejectCode.AMEND_RESTRICTED:
        return ApiError(-2038, f"The order amend request was rejected: {rejection.message}")
    if rejection.code in _CANCEL_TEXTS:
        return cancel_rejected(rejection)
    return order_rejected(rejection)


_WITHDRAWAL_TEXTS: Mapping[RejectCode, tuple[int, str]] = {
    RejectCode.UNKNOWN_ASSET: (-4017, "The coin is not supported."),
    RejectCode.UNKNOWN_NETWORK: (-4018, "The coin and network combination is not supported."),
    RejectCode.ACCOUNT_SUSPENDED: (-4012, "Withdrawals are not allowed on this account."),
    RejectCode.WITHDRAWALS_DISABLED: (-4044, "Withdrawals of this coin over this network are suspended."),
    RejectCode.WITHDRAWAL_MINIMUM: (-4022, "The withdrawal amount is below the minimum."),
    RejectCode.WITHDRAWAL_MAXIMUM: (-4023, "The withdrawal amount exceeds the maximum."),
    RejectCode.WITHDRAWAL_STEP: (-4021, "The withdrawal amount must be a multiple of the step of this coin."),
    RejectCode.WITHDRAWAL_ADDRESS: (-4033, "The address is illegal."),
    RejectCode.ADDRESS_NOT_LISTED: (-4035, "This address is not on the whitelist. Please join and try again."),
    RejectCode.INSUFFICIENT_BALANCE: (-4026, "You have insufficient balance."),
    RejectCode.DUPLICATE_WITHDRAWAL_ID: (-4001, "This withdrawOrderId was used for another withdrawal."),
}


def withdrawal_rejected(rejection: Rejected) -> ApiError:
    """The answer to a refused withdrawal."""
    code, text = _WITHDRAWAL_TEXTS.get(rejection.code, (-4001, rejection.message))
    return ApiError(code, text)
