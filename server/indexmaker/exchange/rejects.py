"""Stable numbers for every refusal. Faces translate them to their own codes and texts; the numbers never change."""

from __future__ import annotations

from enum import IntEnum

__all__ = ["RejectCode"]


class RejectCode(IntEnum):
    """Why a command was refused. Hundreds group the checks in the order in which they are made."""

    # 1xx: the command names something that is not there, or is no proper command
    UNKNOWN_ACCOUNT = 101
    UNKNOWN_MARKET = 102
    UNKNOWN_ASSET = 103
    UNKNOWN_NETWORK = 104
    UNKNOWN_FEE_TIER = 105
    UNKNOWN_ORDER = 106
    UNKNOWN_ADDRESS = 107
    UNKNOWN_DEPOSIT = 108
    MALFORMED = 110
    OUT_OF_RANGE = 111
    ALREADY_DEFINED = 112
    INEXACT_MARKET = 113
    ADDRESS_TAKEN = 114
    DEPOSIT_CONFLICT = 115
    DEPOSIT_ALREADY_CREDITED = 116
    UNKNOWN_WITHDRAWAL = 117
    UNKNOWN_ORDER_LIST = 118
    ICEBERG_EXCEEDS_QUANTITY = 119
    UNSUPPORTED_COMBINATION = 120
    LIST_PRICES = 121
    # 2xx: idempotency
    DUPLICATE_CLIENT_ORDER_ID = 201
    ORDER_IDS_DISAGREE = 202
    DUPLICATE_WITHDRAWAL_ID = 203
    # 3xx: the state of the account and of the market
    ACCOUNT_SUSPENDED = 301
    MARKET_HALTED = 302
    MARKET_CANCEL_ONLY = 303
    CANCEL_RESTRICTED = 304
    WITHDRAWALS_DISABLED = 305
    WITHDRAWAL_STATE = 306
    MARKET_CLOSED = 307
    MARKET_IN_AUCTION = 308
    AMEND_RESTRICTED = 309
    # 4xx: filters
    PRICE_FILTER = 401
    PERCENT_PRICE_BY_SIDE = 402
    LOT_SIZE = 403
    MARKET_LOT_SIZE = 404
    NOTIONAL = 405
    MAX_NUM_ORDERS = 406
    WITHDRAWAL_MINIMUM = 407
    WITHDRAWAL_MAXIMUM = 408
    WITHDRAWAL_STEP = 409
    WITHDRAWAL_ADDRESS = 410
    ADDRESS_NOT_LISTED = 411
    PERCENT_PRICE = 412
    ICEBERG_PARTS = 413
    MAX_NUM_ALGO_ORDERS = 414
    MAX_NUM_ICEBERG_ORDERS = 415
    MAX_NUM_ORDER_LISTS = 416
    MAX_NUM_ORDER_AMENDS = 417
    MAX_POSITION = 418
    TRAILING_DELTA = 419
    EXCHANGE_MAX_NUM_ORDERS = 420
    EXCHANGE_MAX_NUM_ALGO_ORDERS = 421
    EXCHANGE_MAX_NUM_ICEBERG_ORDERS = 422
    EXCHANGE_MAX_NUM_ORDER_LISTS = 423
    # 5xx: feasibility
    WOULD_TAKE = 501
    WOULD_TRIGGER = 502
    NO_PEG_PRICE = 503
    # 6xx: the hold
    INSUFFICIENT_BALANCE = 601
