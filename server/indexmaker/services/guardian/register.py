"""What the guardian has signed: a file that only grows, written and synced before a signature leaves the process.

Each line is bound to the one before by a hash, so that a line that was altered or removed is noticed at the next start.
A last line without its end was never answered with a signature, and is cut off.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from indexmaker.services.solver.lots_root import lots_root
from indexmaker.solver.commands import Invoice
from indexmaker.solver.evidence import Account
from indexmaker.solver.guardian import Check, Discrepancy, trade_key
from indexmaker.solver.vocabulary import LotSource

__all__ = ["Register", "RegisterDamagedError", "Signed"]


class RegisterDamagedError(Exception):
    """The register was altered from outside: nothing may be signed until somebody has looked."""


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """One account that was signed: the amounts as the gate takes them, and what it took of each trade."""

    number: int
    request: str
    invoice_id: str
    redemption: bool
    amounts: tuple[int, int, int, int]
    lots_root: str
    deadline: int
    digest: str
    lots: tuple[tuple[str, int], ...]
    previous: str


def request_of(account: Account) -> str:
    """What may be signed for once only."""
    return f"{account.chain_id}:{account.gate}:{account.request_id}"


def _amounts(account: Account) -> tuple[int, int, int, int]:
    if isinstance(account, Invoice):
        return account.spent, account.fee, account.refund, account.units
    return account.burned, account.returned, account.paid, account.fee


def _lots(account: Account) -> Iterator[tuple[str, int]]:
    """Quantities by trade; what the house's inventory took from a seller stands on no trade of the seller's."""
    for lot in account.lots:
        if isinstance(account, Invoice) or lot.source is not LotSource.INVENTORY:
            yield trade_key(lot.venue, lot.symbol, lot.trade_id), lot.quantity


class Register:
    """The register in one file; one process holds it at a time (see `held_data_dir`)."""

    def __init__(self, file: Path) -> None:
        """Read what was signed so far.

        Raises:
            RegisterDamagedError: a line does not follow the one before.
        """
        self._file = file
        self._signed: dict[str, Signed] = {}
        self._count = 0
        self._last = ""
        self._load()

    def __len__(self) -> int:
        return self._count

    def objection(self, account: Account) -> Discrepancy | None:
        """Why an account must not be signed after what was signed before; a later deadline alone is no reason."""
        known = self._signed.get(request_of(account))
        if known is None:
            return None
        same = (known.amounts, known.lots_root) == (_amounts(account), lots_root(account.lots))
        if same and account.deadline >= known.deadline:
            return None
        why = "with an earlier deadline" if same else "with other amounts or lots"
        text = f"request {account.request_id} was signed before, as {known.invoice_id}; this account comes {why}"
        return Discrepancy(check=Check.SIGNED_BEFORE, text=text)

    def assigned(self, account: Account) -> dict[str, int]:
        """What accounts of the same kind that were signed for other requests took of each trade."""
        taken: dict[str, int] = {}
        redemption = not isinstance(account, Invoice)
        for signed in self._signed.values():
            if signed.request != request_of(account) and signed.redemption is redemption:
                for name, quantity in signed.lots:
                    taken[name] = taken.get(name, 0) + quantity
        return taken

    def enter(self, account: Account, *, digest: str) -> None:
        """Make it durable that this account is going to be signed; the very same one again changes nothing."""
        known = self._signed.get(request_of(account))
        if known is not None and known.digest == digest:
            return
        signed = Signed(
            number=self._count + 1,
            request=request_of(account),
            invoice_id=account.invoice_id,
            redemption=not isinstance(account, Invoice),
            amounts=_amounts(account),
            lots_root=lots_root(account.lots),
            deadline=account.deadline,
            digest=digest,
            lots=tuple(_lots(account)),
            previous=self._last,
        )
        line = msgspec.json.encode(signed)
        with self._file.open("ab") as file:
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._take(signed, line)

    def _take(self, signed: Signed, line: bytes) -> None:
        self._signed[signed.request] = signed
        self._count = signed.number
        self._last = hashlib.blake2b(line, digest_size=32).hexdigest()

    def _load(self) -> None:
        content = self._file.read_bytes() if self._file.exists() else b""
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with self._file.open("r+b") as file:
                file.truncate(whole)
                os.fsync(file.fileno())
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                signed = msgspec.json.decode(line, type=Signed)
            except msgspec.MsgspecError as error:
                raise RegisterDamagedError(f"{self._file}: line {number} cannot be read ({error})") from None
            if (signed.number, signed.previous) != (number, self._last):
                raise RegisterDamagedError(f"{self._file}: line {number} does not follow the one before it")
            self._take(signed, line)
