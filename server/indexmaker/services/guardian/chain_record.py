"""What the gates logged about requests, kept by request; one event changes one record."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
import structlog

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.money import parse_atoms
from indexmaker.solver.guardian import ChainRequest, Settled
from indexmaker.solver.vocabulary import Finality

__all__ = ["ChainRecord", "read_record", "request_key", "write_record"]

_log = structlog.get_logger(__name__)

_FINALITY = {
    pb.FINALITY_SEEN: Finality.SEEN,
    pb.FINALITY_CONFIRMED: Finality.CONFIRMED,
    pb.FINALITY_SAFE: Finality.SAFE,
    pb.FINALITY_FINAL: Finality.FINAL,
}


def request_key(chain_id: int, gate: str, request_id: int | str) -> str:
    """How requests are filed."""
    return f"{chain_id}:{gate.lower()}:{request_id}"


class ChainRecord(msgspec.Struct, kw_only=True):
    """Requests by `request_key`; `cursors` say how far each chain was read, `gates` which gates up to there."""

    requests: dict[str, ChainRequest] = msgspec.field(default_factory=dict)
    cursors: dict[int, tuple[int, str]] = msgspec.field(default_factory=dict)
    gates: set[tuple[int, str]] = msgspec.field(default_factory=set)

    def take(self, event: pb.ChainEvent) -> None:
        """Take one event; one that was told before changes nothing, a retraction takes it back."""
        body = event.WhichOneof("body")
        if body is None or not hasattr(getattr(event, body), "request_id"):
            return
        key = request_key(event.id.chain_id, event.contract, getattr(event, body).request_id)
        gone = event.kind == pb.ChainEvent.KIND_RETRACT
        if body in ("deposit_requested", "redemption_requested"):
            self._arrived(key, event, gone=gone)
        elif (known := self.requests.get(key)) is not None:
            self.requests[key] = _changed(known, event, body, gone=gone)

    def _arrived(self, key: str, event: pb.ChainEvent, *, gone: bool) -> None:
        redemption = event.WhichOneof("body") == "redemption_requested"
        known = self.requests.get(key)
        tx_hash = event.id.tx_hash.lower()
        if gone:
            if known is not None and known.tx_hash == tx_hash:
                del self.requests[key]
            return
        if known is not None and known.tx_hash == tx_hash:
            self.requests[key] = msgspec.structs.replace(known, finality=_FINALITY[event.finality])
            return
        request = event.redemption_requested if redemption else event.deposit_requested
        self.requests[key] = ChainRequest(
            redemption=redemption,
            tx_hash=tx_hash,
            account=f"{event.id.chain_id}:{request.controller.lower()}",
            amount=parse_atoms(event.redemption_requested.units if redemption else event.deposit_requested.amount),
            finality=_FINALITY[event.finality],
        )


def _changed(known: ChainRequest, event: pb.ChainEvent, body: str, *, gone: bool) -> ChainRequest:
    tx_hash = event.id.tx_hash.lower()
    match body:
        case "request_terms":
            limits = (parse_atoms(event.request_terms.min_units), parse_atoms(event.request_terms.max_fee))
            return msgspec.structs.replace(known, least=limits[0], max_fee=limits[1])
        case "redemption_terms":
            limits = (parse_atoms(event.redemption_terms.min_amount), parse_atoms(event.redemption_terms.max_fee))
            return msgspec.structs.replace(known, least=limits[0], max_fee=limits[1])
        case "request_cancelled" | "redemption_cancelled":
            return msgspec.structs.replace(known, cancelled=not gone)
        case "request_defaulted" | "redemption_defaulted":
            return msgspec.structs.replace(known, defaulted=not gone)
        case "request_settled":
            mint = event.request_settled
            settled = _settled(tx_hash, (mint.spent, mint.fee, mint.back, mint.out), mint.lots_root)
            return msgspec.structs.replace(known, settled=None if gone else settled)
        case "redemption_settled":
            paid = event.redemption_settled
            settled = _settled(tx_hash, (paid.burned, paid.returned, paid.paid, paid.fee), paid.lots_root)
            return msgspec.structs.replace(known, settled=None if gone else settled)
    return known


def _settled(tx_hash: str, amounts: tuple[str, str, str, str], lots_root: str) -> Settled:
    first, second, third, fourth = map(parse_atoms, amounts)
    return Settled(tx_hash=tx_hash, amounts=(first, second, third, fourth), lots_root=lots_root)


def read_record(file: Path) -> ChainRecord:
    """The record in a file; an empty one, so that the chain is read anew, when there is none or it is damaged."""
    try:
        digest, _, content = file.read_bytes().partition(b"\n")
        if hashlib.blake2b(content, digest_size=32).hexdigest().encode() == digest:
            return msgspec.json.decode(content, type=ChainRecord)
        _log.warning("chain_record_refused", reason="its hash does not fit")
    except FileNotFoundError:
        pass
    except msgspec.MsgspecError as error:
        _log.warning("chain_record_refused", reason=str(error))
    return ChainRecord()


def write_record(file: Path, record: ChainRecord) -> None:
    """Replace the file; at any moment it is a whole one."""
    content = msgspec.json.encode(record)
    fresh = file.with_suffix(".new")
    with fresh.open("wb") as handle:
        handle.write(hashlib.blake2b(content, digest_size=32).hexdigest().encode() + b"\n" + content)
        handle.flush()
        os.fsync(handle.fileno())
    fresh.replace(file)
