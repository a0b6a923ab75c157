"""Between the protos and the plugin's own words; whatever comes in is checked here."""

from __future__ import annotations

from collections.abc import Iterable

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import MoneyError, format_atoms, parse_atoms
from indexmaker_evm import events
from indexmaker_evm.events import Levels, Notice
from indexmaker_evm.follower.session import CursorMark, Delivery
from indexmaker_evm.follower.watches import GateWatch, TransferWatch, Watch
from indexmaker_evm.rpc import from_hex, is_address
from indexmaker_evm.transactions.commands import CommitRequests, SettleRequest, TransferTokens, TxCommand
from indexmaker_evm.transactions.model import Transaction

__all__ = [
    "address",
    "command_id_of",
    "command_of",
    "cursor_of",
    "decimal_of",
    "events_response",
    "transaction_message",
    "uint_of",
    "watch_of",
]

MAX_COMMAND_ID = 64
UINT256 = 1 << 256


def address(text: str, *, field: str) -> str:
    """A lower-case address; raises `InvalidFieldError`."""
    if not is_address(text):
        raise InvalidFieldError(field, "20 bytes of hexadecimal with 0x are needed")
    return text.lower()


def uint_of(text: str, *, field: str) -> int:
    """A whole number that fits 256 bits; raises `InvalidFieldError`."""
    if not (text.isascii() and text.isdecimal() and int(text) < UINT256):
        raise InvalidFieldError(field, "a whole number of at most 256 bits is needed")
    return int(text)


def decimal_of(text: str, *, field: str) -> int:
    """A decimal that is not negative, in atoms; raises `InvalidFieldError`."""
    try:
        atoms = parse_atoms(text, field=field)
    except MoneyError as error:
        raise InvalidFieldError(field, str(error)) from None
    if atoms < 0:
        raise InvalidFieldError(field, "must not be negative")
    return atoms


def _bytes_of(text: str, *, length: int, field: str) -> bytes:
    try:
        data = from_hex(text)
    except ValueError:
        data = b""
    if len(data) != length:
        raise InvalidFieldError(field, f"{length} bytes of hexadecimal with 0x are needed")
    return data


def command_of(request: pb.SubmitRequest) -> TxCommand:
    """The command of a request, checked; its chain and command id are the caller's business."""
    match request.WhichOneof("command"):
        case "commit":
            commit = request.commit
            if not commit.request_ids:
                raise InvalidFieldError("commit.request_ids", "at least one is needed")
            return CommitRequests(
                gate=address(commit.gate, field="commit.gate"),
                request_ids=tuple(uint_of(text, field="commit.request_ids") for text in commit.request_ids),
                route_id=uint_of(commit.route_id, field="commit.route_id"),
            )
        case "settle":
            settle = request.settle
            return SettleRequest(
                gate=address(settle.gate, field="settle.gate"),
                request_id=uint_of(settle.request_id, field="settle.request_id"),
                spent=decimal_of(settle.spent, field="settle.spent"),
                fee=decimal_of(settle.fee, field="settle.fee"),
                back=decimal_of(settle.back, field="settle.back"),
                out=decimal_of(settle.out, field="settle.out"),
                lots_root=_bytes_of(settle.lots_root, length=32, field="settle.lots_root"),
                deadline=settle.deadline,
                signer=address(settle.signer, field="settle.signer"),
                signature=_bytes_of(settle.signature, length=65, field="settle.signature"),
            )
        case "transfer":
            transfer = request.transfer
            return TransferTokens(
                token=address(transfer.token, field="transfer.token"),
                recipient=address(transfer.recipient, field="transfer.recipient"),
                amount=decimal_of(transfer.amount, field="transfer.amount"),
            )
    raise InvalidFieldError("command", "one of commit, settle and transfer is needed")


def command_id_of(request: pb.SubmitRequest) -> str:
    """The command id; raises `InvalidFieldError` when it is missing or too long."""
    if not 1 <= len(request.command_id) <= MAX_COMMAND_ID:
        raise InvalidFieldError("command_id", f"1 to {MAX_COMMAND_ID} characters are needed")
    return request.command_id


def watch_of(watch: pb.Watch) -> Watch:
    """A watch, checked."""
    match watch.WhichOneof("target"):
        case "gate":
            return GateWatch(gate=address(watch.gate.gate, field="watch.gate.gate"), from_block=watch.from_block)
        case "transfers":
            recipients = frozenset(
                address(text, field="watch.transfers.recipients") for text in watch.transfers.recipients
            )
            if not recipients:
                raise InvalidFieldError("watch.transfers.recipients", "at least one is needed")
            token = address(watch.transfers.token, field="watch.transfers.token")
            return TransferWatch(token=token, recipients=recipients, from_block=watch.from_block)
    raise InvalidFieldError("watch.target", "one of gate and transfers is needed")


def cursor_of(cursor: pb.Cursor) -> CursorMark:
    """A cursor, checked."""
    if cursor.block_hash:
        _bytes_of(cursor.block_hash, length=32, field="cursors.block_hash")
    return CursorMark(chain_id=cursor.chain_id, number=cursor.block_number, block_hash=cursor.block_hash.lower())


def events_response(deliveries: Iterable[Delivery], *, instance_id: str) -> pb.StreamEventsResponse:
    """One message of everything that waited; of several cursors of a chain the last one counts."""
    response = pb.StreamEventsResponse(instance_id=instance_id)
    cursors: dict[int, CursorMark] = {}
    for delivery in deliveries:
        response.events.extend(_event(notice) for notice in delivery.notices)
        cursors[delivery.mark.chain_id] = delivery.mark
    for mark in cursors.values():
        response.cursors.add(chain_id=mark.chain_id, block_number=mark.number, block_hash=mark.block_hash)
    return response


def _event(notice: Notice) -> pb.ChainEvent:
    log = notice.log
    event = pb.ChainEvent(
        id=common_pb2.LogId(chain_id=log.chain_id, tx_hash=log.tx_hash, log_index=log.log_index),
        block_number=log.block_number,
        block_hash=log.block_hash,
        block_at=log.block_at,
        kind=pb.ChainEvent.Kind.ValueType(notice.kind),
        finality=pb.Finality.ValueType(notice.finality),
        contract=log.contract,
    )
    match log.body:
        case events.DepositRequested() as b:
            event.deposit_requested.CopyFrom(
                pb.DepositRequested(request_id=b.request_id, controller=b.controller, owner=b.owner, amount=b.amount)
            )
        case events.RequestTerms() as b:
            event.request_terms.CopyFrom(
                pb.RequestTerms(request_id=b.request_id, min_units=b.min_units, max_fee=b.max_fee)
            )
        case events.RequestCancelled() as b:
            event.request_cancelled.CopyFrom(pb.RequestCancelled(request_id=b.request_id))
        case events.RequestCommitted() as b:
            event.request_committed.CopyFrom(
                pb.RequestCommitted(request_id=b.request_id, route_id=b.route_id, amount=b.amount)
            )
        case events.RequestSettled() as b:
            event.request_settled.CopyFrom(
                pb.RequestSettled(
                    request_id=b.request_id,
                    controller=b.controller,
                    spent=b.spent,
                    fee=b.fee,
                    back=b.back,
                    out=b.out,
                    lots_root=b.lots_root,
                    invoice_hash=b.invoice_hash,
                )
            )
        case events.TokenTransfer() as b:
            event.token_transfer.CopyFrom(
                pb.TokenTransfer(token=b.token, sender=b.sender, recipient=b.recipient, amount=b.amount)
            )
    return event


def transaction_message(transaction: Transaction, *, levels: Levels | None) -> pb.Transaction:
    """A transaction as it stands; confirmations are counted from the head that is known now."""
    confirmations = 0
    if transaction.in_block and levels is not None:
        confirmations = max(levels.latest - transaction.block_number + 1, 1)
    return pb.Transaction(
        command_id=transaction.command_id,
        chain_id=transaction.chain_id,
        state=pb.Transaction.State.ValueType(transaction.state),
        nonce=transaction.nonce or 0,
        tx_hashes=transaction.hashes,
        block_number=transaction.block_number,
        confirmations=confirmations,
        cost_native=format_atoms(transaction.cost_wei),
        error=transaction.error,
    )
