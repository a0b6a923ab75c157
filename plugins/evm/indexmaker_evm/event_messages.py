"""Notices about a chain as messages of the event stream."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.api.common.v1 import common_pb2
from indexmaker_evm import events
from indexmaker_evm.events import Notice
from indexmaker_evm.follower.session import CursorMark, Delivery

__all__ = ["event_message", "events_response"]

_PLAIN: dict[type[events.Body], str] = {
    events.DepositRequested: "deposit_requested",
    events.RequestTerms: "request_terms",
    events.RequestCancelled: "request_cancelled",
    events.RequestCommitted: "request_committed",
    events.RequestSettled: "request_settled",
    events.RequestDefaulted: "request_defaulted",
    events.RedemptionRequested: "redemption_requested",
    events.RedemptionTerms: "redemption_terms",
    events.RedemptionCancelled: "redemption_cancelled",
    events.RedemptionCommitted: "redemption_committed",
    events.RedemptionSettled: "redemption_settled",
    events.RedemptionDefaulted: "redemption_defaulted",
    events.IndexDeployed: "index_deployed",
    events.TokenTransfer: "token_transfer",
}
"""Bodies whose fields have the names of their message's."""


def events_response(deliveries: Iterable[Delivery], *, instance_id: str) -> pb.StreamEventsResponse:
    """One message of everything that waited; of several cursors of a chain the last one counts."""
    response = pb.StreamEventsResponse(instance_id=instance_id)
    cursors: dict[int, CursorMark] = {}
    for delivery in deliveries:
        response.events.extend(event_message(notice) for notice in delivery.notices)
        cursors[delivery.mark.chain_id] = delivery.mark
    for mark in cursors.values():
        response.cursors.add(chain_id=mark.chain_id, block_number=mark.number, block_hash=mark.block_hash)
    return response


def event_message(notice: Notice) -> pb.ChainEvent:
    """One event."""
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
    if isinstance(log.body, events.WeightsSet):
        weights = [pb.AssetWeight(asset=asset, weight=weight) for asset, weight in log.body.weights]
        told = pb.WeightsSet(version=log.body.version, effective_at=log.body.effective_at, weights=weights)
        event.weights_set.CopyFrom(told)
        return event
    message = getattr(event, _PLAIN[type(log.body)])
    for name, value in msgspec.structs.asdict(log.body).items():
        setattr(message, name, value)
    return event
