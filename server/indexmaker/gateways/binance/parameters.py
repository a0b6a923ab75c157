"""Reading a request's parameters: which are there, what they may look like, and what to say when they may not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from indexmaker.gateways.binance.errors import ApiError, illegal_characters, missing, too_precise
from indexmaker.money import parse_atoms

__all__ = ["CLIENT_ORDER_ID", "Parameters", "form"]

W = TypeVar("W", bound=StrEnum)

_DECIMAL = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
_INTEGER = r"^[0-9]{1,20}$"
_SYMBOL = r"^[\w\-._&&[^a-z]]{1,50}$"
_SYMBOLS = r"^\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\]$"
CLIENT_ORDER_ID = r"^[a-zA-Z0-9-_]{1,36}$"
_DECIMAL_RE = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?\Z")
_INTEGER_RE = re.compile(r"[0-9]{1,20}\Z")
_SYMBOL_RE = re.compile(r"[^\Wa-z]{1,50}\Z|[A-Z0-9_.-]{1,50}\Z")
_CLIENT_ORDER_ID_RE = re.compile(r"[a-zA-Z0-9_-]{1,36}\Z")
_PLACES = 8


def form(*sources: str) -> dict[str, str]:
    """Parse query strings and form bodies; the first source that names a parameter wins.

    Raises:
        ApiError: a parameter occurs twice in one source.
    """
    result: dict[str, str] = {}
    for source in sources:
        seen: set[str] = set()
        for name, value in parse_qsl(source, keep_blank_values=True):
            if name in seen:
                raise ApiError(-1101, f"Duplicate values for parameter '{name}'.")
            seen.add(name)
            result.setdefault(name, value)
    return result


class Parameters:
    """The parameters of one request. Decimals are read into 10**-18 (see `indexmaker.money`)."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def optional(self, name: str) -> str | None:
        """The text of a parameter, None when it was not sent; an empty one is an error."""
        value = self._values.get(name)
        if value == "":
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        return value

    def text(self, name: str) -> str:
        """The text of a mandatory parameter."""
        value = self._values.get(name)
        if not value:
            raise missing(name)
        return value

    def symbol(self, name: str = "symbol") -> str:
        """A mandatory symbol of legal grammar; whether it is listed is not checked here."""
        value = self.text(name)
        if not _SYMBOL_RE.match(value):
            raise illegal_characters(name, _SYMBOL)
        return value

    def symbols(self) -> list[str] | None:
        """`symbol` or the JSON list `symbols`; None when neither was sent."""
        listed = self.optional("symbols")
        if "symbol" in self:
            if listed is not None:
                raise ApiError(-1128, "Combination of optional parameters invalid.")
            return [self.symbol()]
        if listed is None:
            return None
        try:
            return msgspec.json.decode(listed, type=list[str])
        except msgspec.MsgspecError:
            raise illegal_characters("symbols", _SYMBOLS) from None

    def decimal(self, name: str) -> int | None:
        """A non-negative decimal in 10**-18, with at most eight places that are not zero."""
        value = self.optional(name)
        if value is None:
            return None
        if not _DECIMAL_RE.match(value):
            raise illegal_characters(name, _DECIMAL)
        whole, _, fraction = value.partition(".")
        fraction = fraction.rstrip("0")
        if len(fraction) > _PLACES:
            raise too_precise(name)
        whole = whole.lstrip("0") or "0"
        return parse_atoms(f"{whole}.{fraction}" if fraction else whole, field=name)

    def integer(self, name: str) -> int | None:
        """A non-negative whole number."""
        value = self.optional(name)
        if value is None:
            return None
        if not _INTEGER_RE.match(value):
            raise illegal_characters(name, _INTEGER)
        return int(value)

    def bounded(self, name: str, *, default: int, largest: int) -> int:
        """A count such as `limit`: at least 1, more than `largest` counts as `largest`."""
        value = self.integer(name)
        if value is None:
            return default
        if value == 0:
            raise missing(name)
        return min(value, largest)

    def boolean(self, name: str, *, default: bool) -> bool:
        """`true` or `false` in any case."""
        value = self.optional(name)
        if value is None:
            return default
        if value.lower() not in {"true", "false"}:
            raise illegal_characters(name, "true|false")
        return value.lower() == "true"

    def word(self, name: str, words: type[W], *, otherwise: ApiError) -> W | None:
        """A word of a closed list; `otherwise` is raised for any other."""
        value = self.optional(name)
        if value is None:
            return None
        try:
            return words(value)
        except ValueError:
            raise otherwise from None

    def client_order_id(self, name: str) -> str | None:
        """An id chosen by the client."""
        value = self.optional(name)
        if value is not None and not _CLIENT_ORDER_ID_RE.match(value):
            raise illegal_characters(name, CLIENT_ORDER_ID)
        return value

    def first_sent(self, names: Iterable[str]) -> str | None:
        """The first of `names` that was sent, if any."""
        return next((name for name in names if name in self._values), None)
