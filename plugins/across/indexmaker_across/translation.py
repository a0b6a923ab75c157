"""Messages of the bridge service to and from this room's types."""

from __future__ import annotations

import re

from indexmaker.api.bridge.v1 import bridge_pb2 as pb
from indexmaker.api.common.v1 import common_pb2
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker_across import events as ev
from indexmaker_across.config import AcrossConfig
from indexmaker_across.journal import Promise
from indexmaker_across.lanes import Lanes
from indexmaker_across.quotes import Charges
from indexmaker_across.transfer import Phase, Terms, Transfer
from indexmaker_across.usdc import ASSET, read_usdc, usdc_text
from indexmaker_evm.rpc.hexadecimal import is_address

__all__ = ["decision_of", "is_return", "quote_message", "route_messages", "terms_of", "transfer_message"]

MAX_ID = 64
_ID = re.compile(r"[!-~]{1,64}\Z")
_VENUE = re.compile(rf"VENUE:([A-Za-z0-9_.-]{{1,64}}):{ASSET}\Z")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}\Z")
_STATES = {
    Phase.COLLECTING: pb.Transfer.STATE_MOVING,
    Phase.CREATED: pb.Transfer.STATE_CREATED,
    Phase.BRIDGING: pb.Transfer.STATE_MOVING,
    Phase.FILLING: pb.Transfer.STATE_MOVING,
    Phase.PAYING: pb.Transfer.STATE_MOVING,
    Phase.SENT: pb.Transfer.STATE_SENT,
    Phase.COMPLETED: pb.Transfer.STATE_COMPLETED,
    Phase.CANCELLED: pb.Transfer.STATE_CANCELLED,
    Phase.REFUND_PENDING: pb.Transfer.STATE_REFUND_PENDING,
    Phase.CLAIMING: pb.Transfer.STATE_REFUND_PENDING,
    Phase.REFUNDED: pb.Transfer.STATE_REFUNDED,
}
_RETURNED = (Phase.CANCELLED, Phase.REFUNDED)


def is_return(source: str, destination: str, *, config: AcrossConfig) -> bool:
    """Whether a route leads back from a venue; raises `InvalidFieldError` when it is not served."""
    if source == config.origin.designation:
        _check_venue(destination, field="destination", config=config)
        return False
    if config.returns is None or destination != config.origin.designation:
        served = f"only {config.origin.designation}"
        if config.returns is not None:
            served += f", and venues with {config.origin.designation} as destination"
        raise InvalidFieldError("source", f"{source[:80]!r} is not served, {served}")
    _check_venue(source, field="source", config=config)
    return True


def _check_venue(designation: str, *, field: str, config: AcrossConfig) -> None:
    match = _VENUE.match(designation)
    if match is None:
        raise InvalidFieldError(field, f"{designation[:80]!r} is not of the form VENUE:<venue>:{ASSET}")
    if config.venues and match[1] not in config.venues:
        raise InvalidFieldError(field, f"venue {match[1]!r} is none of {', '.join(config.venues)}")


def route_messages(config: AcrossConfig) -> list[pb.Route]:
    """The routes served; `*` stands for any venue."""
    start, middle = config.origin.designation, config.destination.designation
    ends = [f"VENUE:{venue}:{ASSET}" for venue in config.venues or ("*",)]
    ways = [(start, middle, end) for end in ends]
    if config.returns is not None:
        ways += [(end, middle, start) for end in ends]
    return [
        pb.Route(
            source=hops[0],
            destination=hops[-1],
            hops=hops,
            min_amount=config.min_amount,
            max_amount=config.max_amount,
        )
        for hops in ways
    ]


def terms_of(request: pb.StartTransferRequest, *, config: AcrossConfig, lanes: Lanes) -> Terms:
    """Read a start; raises `InvalidFieldError`."""
    returns = is_return(request.source, request.destination, config=config)
    if not _ID.match(request.transfer_id):
        raise InvalidFieldError("transfer_id", f"must be 1 to {MAX_ID} visible ASCII characters")
    amount = read_usdc(request.amount_in, field="amount_in")
    min_out = read_usdc(request.min_amount_out, field="min_amount_out")
    if min_out > amount:
        raise InvalidFieldError("min_amount_out", "must not be above amount_in")
    return Terms(
        transfer_id=request.transfer_id,
        source=request.source,
        destination=request.destination,
        amount=amount,
        min_out=min_out,
        recipient=_keeper(request, lanes) if returns else _venue(request, lanes, config=config),
        source_tx=_withdrawal(request) if returns else "",
    )


def _venue(request: pb.StartTransferRequest, lanes: Lanes, *, config: AcrossConfig) -> str:
    if request.destination_chain_id != config.destination.chain_id:
        rule = f"payments go out on chain {config.destination.chain_id} only"
        raise InvalidFieldError("destination_chain_id", rule)
    return _recipient(request.destination_address, lanes)


def _keeper(request: pb.StartTransferRequest, lanes: Lanes) -> str:
    """The one recipient of all that returns; a caller may leave it out, but not name another."""
    assert lanes.back is not None, "a route that is not served was refused before"
    named = request.destination_address.lower()
    if named not in ("", lanes.back.recipient):
        raise InvalidFieldError("destination_address", f"money returns to {lanes.back.recipient} only")
    if request.destination_chain_id not in (0, lanes.back.landing_chain_id):
        raise InvalidFieldError("destination_chain_id", f"money returns to chain {lanes.back.landing_chain_id} only")
    return lanes.back.recipient


def _withdrawal(request: pb.StartTransferRequest) -> str:
    if not _HASH.match(request.source_tx_hash):
        rule = "the hash of the venue's withdrawal is needed, 32 bytes of hexadecimal with 0x"
        raise InvalidFieldError("source_tx_hash", rule)
    return request.source_tx_hash.lower()


def _recipient(text: str, lanes: Lanes) -> str:
    field = "destination_address"
    if not is_address(text) or int(text, 16) == 0:
        raise InvalidFieldError(field, "must be 20 bytes of hexadecimal with 0x, and not zero")
    if text.lower() in lanes.ours():
        raise InvalidFieldError(field, f"{text} is a contract or account of the bridge itself")
    return text.lower()


def quote_message(promise: Promise, *, config: AcrossConfig, lanes: Lanes, returns: bool) -> pb.QuoteTransferResponse:
    """A quote; one for the way back says where the venue shall withdraw to."""
    message = pb.QuoteTransferResponse(
        quote_id=promise.quote_id,
        amount_out=usdc_text(promise.output),
        fees=_fees(promise.charges),
        expires_at=promise.expires_at,
        expected_ms=config.expected_ms,
    )
    if returns and lanes.back is not None:
        message.pickup_network = config.destination.network
        message.pickup_address = lanes.back.route
        message.pickup_chain_id = lanes.back.departure_chain_id
    return message


def transfer_message(transfer: Transfer, *, config: AcrossConfig) -> pb.Transfer:
    """A transfer; what was observed takes the place of what was quoted, and nothing arrives of one that came back."""
    amount = transfer.amount
    message = pb.Transfer(
        transfer_id=transfer.transfer_id,
        source=transfer.terms.source,
        destination=transfer.terms.destination,
        state=pb.Transfer.STATE_NEEDS_OPERATOR if _needs_operator(transfer) else _STATES[transfer.phase],
        amount_in=usdc_text(amount),
        amount_out="0",
        hops=_hops(transfer, middle=config.destination.designation),
        reason=transfer.reason,
        changed_at=transfer.changed_at,
    )
    if transfer.phase not in _RETURNED:
        out = transfer.received or transfer.output
        message.amount_out = usdc_text(out)
        message.fees.extend(_fees(transfer.charges.scaled_to(amount - out)))
    return message


def decision_of(request: pb.ResolveTransferRequest) -> ev.Retried | ev.RefundAccepted | ev.Abandoned:
    """Read an operator's decision; raises `InvalidFieldError`."""
    operator, note = request.operator, request.note
    match request.action:
        case pb.ResolveTransferRequest.ACTION_RETRY_HOP:
            return ev.Retried(operator=operator, note=note)
        case pb.ResolveTransferRequest.ACTION_ACCEPT_REFUND:
            return ev.RefundAccepted(operator=operator, note=note)
        case pb.ResolveTransferRequest.ACTION_ABANDON:
            return ev.Abandoned(operator=operator, note=note)
    raise InvalidFieldError("action", "say what to do: retry the hop, accept the refund or abandon")


def _needs_operator(transfer: Transfer) -> bool:
    return transfer.alarm and transfer.phase not in _RETURNED


def _hops(transfer: Transfer, *, middle: str) -> list[pb.Hop]:
    hops = []
    if transfer.returns:
        hops.append(_withdrawal_hop(transfer, middle))
    if transfer.deposit is not None:
        hops.append(_across_hop(transfer, middle))
    if transfer.received and not transfer.returns:
        hops.append(_payment_hop(transfer, middle))
    return hops


def _withdrawal_hop(transfer: Transfer, middle: str) -> pb.Hop:
    brought = usdc_text(transfer.collected) if transfer.collected else ""
    return pb.Hop(
        source=transfer.terms.source,
        destination=middle,
        kind="withdrawal",
        source_tx_hash=transfer.terms.source_tx,
        destination_tx_hash=transfer.terms.source_tx if brought else "",
        amount_in=usdc_text(transfer.amount),
        amount_out=brought,
    )


def _across_hop(transfer: Transfer, middle: str) -> pb.Hop:
    return pb.Hop(
        source=middle if transfer.returns else transfer.terms.source,
        destination=transfer.terms.destination if transfer.returns else middle,
        kind="across",
        source_tx_hash=transfer.deposit_tx,
        destination_tx_hash=transfer.fill_tx,
        amount_in=usdc_text(transfer.amount),
        amount_out=usdc_text(transfer.received) if transfer.received else "",
    )


def _payment_hop(transfer: Transfer, middle: str) -> pb.Hop:
    amount = usdc_text(transfer.received)
    return pb.Hop(
        source=middle,
        destination=transfer.terms.destination,
        kind="transfer",
        source_tx_hash=transfer.payment_tx,
        destination_tx_hash=transfer.payment_tx,
        amount_in=amount,
        amount_out=amount if transfer.phase in (Phase.SENT, Phase.COMPLETED) else "",
    )


def _fees(charges: Charges) -> list[common_pb2.Fee]:
    kinds = (
        (common_pb2.FEE_KIND_BRIDGE_CAPITAL, charges.capital),
        (common_pb2.FEE_KIND_BRIDGE_GAS, charges.gas),
        (common_pb2.FEE_KIND_BRIDGE_LP, charges.lp),
    )
    return [common_pb2.Fee(kind=kind, asset=ASSET, amount=usdc_text(amount)) for kind, amount in kinds if amount]
