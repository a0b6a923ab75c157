"""Values of FIX fields: how each data type is written, and times both ways."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping

__all__ = ["CHECKS", "date_text", "parse_time", "time_text"]

_SECOND = 1_000_000_000
_END = 2**63
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d):(\d\d):(\d\d)(?:\.(\d{3}|\d{6}|\d{9}))?\Z", re.ASCII)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def parse_time(text: str) -> int:
    """UTC nanoseconds of `20260102-03:04:05[.sss|.ssssss|.sssssssss]`; raises `ValueError`."""
    match = _TIME.match(text)
    if match is None:
        raise ValueError(f"{text[:40]!r} is not a UTC time such as 20260102-03:04:05.678")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    moment = dt.datetime(year, month, day, hour, minute, second, tzinfo=dt.UTC)
    at = int((moment - _EPOCH).total_seconds()) * _SECOND + int((match[7] or "").ljust(9, "0"))
    if not 0 <= at < _END:
        raise ValueError(f"{text} is not between 1970 and 2262")
    return at


def time_text(at: int) -> str:
    """UTC nanoseconds as FIX writes them, with as many digits as are needed: milli-, micro- or nanoseconds."""
    seconds, fraction = divmod(at, _SECOND)
    moment = _EPOCH + dt.timedelta(seconds=seconds)
    digits = f"{fraction:09d}"
    shortest = next(digits[:size] for size in (3, 6, 9) if not digits[size:].strip("0"))
    return f"{moment:%Y%m%d-%H:%M:%S}.{shortest}"


def date_text(at: int) -> str:
    """The UTC day of a time."""
    return f"{_EPOCH + dt.timedelta(seconds=at // _SECOND):%Y%m%d}"


def _pattern(expression: str) -> Callable[[str], bool]:
    compiled = re.compile(expression, re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


def _is_time(text: str) -> bool:
    try:
        parse_time(text)
    except ValueError:
        return False
    return True


_decimal = _pattern(r"(0|[1-9][0-9]{0,28})(\.[0-9]{1,18})?")

CHECKS: Mapping[str, tuple[Callable[[str], bool], str]] = {
    "STRING": (_pattern(r"[^\x00-\x1f\x7f]+"), "text without control characters"),
    "BOOLEAN": (_pattern("[YN]"), "Y or N"),
    "INT": (_pattern(r"-?[0-9]{1,9}"), "a whole number"),
    "LENGTH": (_pattern(r"[0-9]{1,9}"), "a whole number"),
    "SEQNUM": (_pattern(r"[0-9]{1,18}"), "a whole number of at most 18 digits"),
    "QTY": (_decimal, "a decimal such as 12.5, not negative, at most 18 decimals"),
    "PRICE": (_decimal, "a decimal such as 12.5, not negative, at most 18 decimals"),
    "AMT": (_decimal, "a decimal such as 12.5, not negative, at most 18 decimals"),
    "UTCTIMESTAMP": (_is_time, "a UTC time such as 20260102-03:04:05.678"),
    "LOCALMKTDATE": (_pattern(r"[0-9]{8}"), "a day such as 20260102"),
}
"""How to check a value of each data type, and what is said of one that does not fit."""
