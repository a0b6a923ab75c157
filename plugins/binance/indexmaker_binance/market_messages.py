"""Market data as it comes from the venue, and as it goes to the core."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from indexmaker.api.marketdata.v1 import market_data_pb2 as pb
from indexmaker.instruments import Instrument
from indexmaker.money import format_atoms, parse_atoms
from indexmaker_binance.book import Book, Difference, Levels, Snapshot

__all__ = [
    "best_quote",
    "book_snapshot",
    "delta_event",
    "instrument_message",
    "read_difference",
    "read_snapshot",
    "status_event",
    "trade_event",
]

MILLISECOND = 10**6


def read_difference(data: Mapping[str, Any]) -> Difference:
    """Read a `depthUpdate`; raises `KeyError` or `MoneyError` when it is malformed."""
    return Difference(
        first=int(data["U"]),
        last=int(data["u"]),
        bids=_read_levels(data["b"]),
        asks=_read_levels(data["a"]),
        venue_at=int(data["E"]) * MILLISECOND,
    )


def read_snapshot(data: Mapping[str, Any]) -> Snapshot:
    """Read the reply of `depth`."""
    return Snapshot(
        update_id=int(data["lastUpdateId"]), bids=_read_levels(data["bids"]), asks=_read_levels(data["asks"])
    )


def trade_event(data: Mapping[str, Any], *, received_at: int) -> pb.MarketEvent:
    """Read a `trade` of the stream."""
    trade = pb.PublicTrade(
        trade_id=str(data["t"]),
        price=format_atoms(parse_atoms(data["p"])),
        quantity=format_atoms(parse_atoms(data["q"])),
        buyer_is_taker=not data["m"],
    )
    return pb.MarketEvent(symbol=data["s"], venue_at=int(data["T"]) * MILLISECOND, received_at=received_at, trade=trade)


def delta_event(symbol: str, difference: Difference, *, received_at: int) -> pb.MarketEvent:
    """Changes of a book."""
    delta = pb.BookDelta(
        bids=_levels(difference.bids),
        asks=_levels(difference.asks),
        first_update_id=difference.first,
        last_update_id=difference.last,
    )
    return pb.MarketEvent(symbol=symbol, venue_at=difference.venue_at, received_at=received_at, delta=delta)


def book_snapshot(symbol: str, book: Book, *, update_id: int, depth: int, received_at: int) -> pb.MarketEvent:
    """The book as it is, at most `depth` levels a side (0: all)."""
    snapshot = pb.BookSnapshot(
        bids=_levels(book.sorted_bids(depth)), asks=_levels(book.sorted_asks(depth)), update_id=update_id
    )
    return pb.MarketEvent(symbol=symbol, received_at=received_at, snapshot=snapshot)


def best_quote(symbol: str, book: Book, *, venue_at: int, received_at: int) -> pb.MarketEvent:
    """Best bid and ask; an absent side stays empty."""
    bid, ask = book.best_bid(), book.best_ask()
    quote = pb.BestQuote(bid=_level(bid) if bid else None, ask=_level(ask) if ask else None)
    return pb.MarketEvent(symbol=symbol, venue_at=venue_at, received_at=received_at, best_quote=quote)


def status_event(
    symbol: str, condition: pb.InstrumentStatus.Condition.ValueType, detail: str, *, received_at: int
) -> pb.MarketEvent:
    """Whether the data can be trusted."""
    status = pb.InstrumentStatus(condition=condition, detail=detail)
    return pb.MarketEvent(symbol=symbol, received_at=received_at, status=status)


def instrument_message(instrument: Instrument, *, taker_fee: str = "", maker_fee: str = "") -> pb.Instrument:
    """Trading rules; limits that are not enforced stay empty."""
    return pb.Instrument(
        symbol=instrument.symbol,
        base_asset=instrument.base,
        quote_asset=instrument.quote,
        tick_size=format_atoms(instrument.tick_size),
        lot_step=format_atoms(instrument.lot_step),
        min_quantity=_limit(instrument.min_quantity),
        max_quantity=_limit(instrument.max_quantity),
        min_price=_limit(instrument.min_price),
        max_price=_limit(instrument.max_price),
        min_notional=_limit(instrument.min_notional),
        max_notional=_limit(instrument.max_notional),
        trading=instrument.trading,
        taker_fee=taker_fee,
        maker_fee=maker_fee,
    )


def _limit(atoms: int) -> str:
    return format_atoms(atoms) if atoms else ""


def _read_levels(levels: Iterable[tuple[str, str]]) -> Levels:
    return tuple((parse_atoms(price, field="price"), parse_atoms(size, field="quantity")) for price, size in levels)


def _levels(levels: Levels) -> list[pb.Level]:
    return [_level(level) for level in levels]


def _level(level: tuple[int, int]) -> pb.Level:
    return pb.Level(price=format_atoms(level[0]), quantity=format_atoms(level[1]))
