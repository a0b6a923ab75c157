"""A chain in memory that forks on demand and forgets what left it, and a client that keeps a journal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from indexmaker_evm.events import ChainLog, Finality, Header, Kind, Levels, TokenTransfer
from indexmaker_evm.follower.session import CursorMark, Delivery
from indexmaker_evm.follower.source import Head, NotReadyError, Span
from indexmaker_evm.follower.watches import Watch, matches

CHAIN_ID = 42161
TOKEN = "0x" + "aa" * 20
OURS = "0x" + "01" * 20
THEIRS = "0x" + "02" * 20


@dataclass
class FakeChain:
    """A `ChainSource`; block `safe_lag` below the head is safe, twice as deep it is final."""

    safe_lag: int = 3
    headers_now: list[Header] = field(default_factory=list)
    logs: dict[str, tuple[ChainLog, ...]] = field(default_factory=dict)
    made: int = 0
    largest_range: int = 7
    silent: bool = False

    def __post_init__(self) -> None:
        self.mine(())

    @property
    def tip(self) -> Header:
        return self.headers_now[-1]

    def mine(self, recipients: Sequence[str], *, tx_hashes: Sequence[str] = ()) -> Header:
        self.made += 1
        number = len(self.headers_now)
        parent = self.headers_now[-1].hash if self.headers_now else "0x" + "0" * 64
        header = Header(number=number, hash=f"0x{self.made:064x}", parent=parent, at=number * 10**9)
        self.headers_now.append(header)
        self.logs[header.hash] = tuple(
            ChainLog(
                chain_id=CHAIN_ID,
                tx_hash=tx_hashes[index] if tx_hashes else f"0x{self.made:060x}{index:04x}",
                log_index=index,
                block_number=number,
                block_hash=header.hash,
                block_at=header.at,
                contract=TOKEN,
                body=TokenTransfer(token=TOKEN, sender=THEIRS, recipient=recipient, amount="1"),
            )
            for index, recipient in enumerate(recipients)
        )
        return header

    def drop(self, depth: int) -> list[ChainLog]:
        """The last blocks leave the chain; no node remembers them."""
        gone = self.headers_now[-depth:]
        del self.headers_now[-depth:]
        return [log for header in gone for log in self.logs.pop(header.hash)]

    def expected(self, watches: Sequence[Watch]) -> dict[tuple[str, int], str]:
        return {
            (log.tx_hash, log.log_index): log.block_hash
            for header in self.headers_now
            for log in self.logs[header.hash]
            if matches(watches, log)
        }

    @property
    def levels(self) -> Levels:
        latest = self.tip.number
        return Levels(latest=latest, safe=max(latest - self.safe_lag, 0), final=max(latest - 2 * self.safe_lag, 0))

    async def head(self) -> Head:
        if self.silent:
            raise NotReadyError("silent")
        return Head(latest=self.tip, safe=self.levels.safe, final=self.levels.final)

    async def header(self, number: int) -> Header:
        if not 0 <= number < len(self.headers_now):
            raise NotReadyError("unknown height")
        return self.headers_now[number]

    async def headers(self, first: int, last: int) -> list[Header]:
        return [await self.header(number) for number in range(first, last + 1)]

    async def header_by_hash(self, block_hash: str) -> Header:
        for header in self.headers_now:
            if header.hash == block_hash:
                return header
        raise NotReadyError("unknown block")

    async def logs_of(self, headers: Sequence[Header], watches: Sequence[Watch]) -> list[tuple[ChainLog, ...]]:
        for header in headers:
            await self.header_by_hash(header.hash)
        return [tuple(log for log in self.logs[h.hash] if matches(watches, log)) for h in headers]

    async def logs_between(self, first: int, last: int, watches: Sequence[Watch]) -> Span:
        last = min(last, first + self.largest_range - 1)
        headers = await self.headers(first, last)
        logs = [log for part in await self.logs_of(headers, watches) for log in part]
        return Span(last=last, logs=tuple(logs))


@dataclass
class Journal:
    """What a client makes durable: its view of the chain and its cursor, together."""

    logs: dict[tuple[str, int], tuple[str, Finality]] = field(default_factory=dict)
    cursor: CursorMark | None = None

    def copy(self) -> Journal:
        return Journal(dict(self.logs), self.cursor)


class Client:
    """Applies deliveries as the protocol says: an event counts once; a retraction undoes it in its own block only."""

    def __init__(self) -> None:
        self.now = Journal()
        self.saved = Journal()
        self.retracted: list[tuple[int, int]] = []

    async def take(self, delivery: Delivery) -> None:
        for notice in delivery.notices:
            key = (notice.log.tx_hash, notice.log.log_index)
            if notice.kind is Kind.RETRACT:
                self.retracted.append(notice.log.place)
                if key in self.now.logs and self.now.logs[key][0] == notice.log.block_hash:
                    del self.now.logs[key]
            else:
                assert notice.kind is Kind.APPLY or key in self.now.logs, "promoted without having been applied"
                self.now.logs[key] = (notice.log.block_hash, notice.finality)
        self.now.cursor = delivery.mark

    def save(self) -> None:
        self.saved = self.now.copy()

    def crash(self) -> None:
        self.now = self.saved.copy()
