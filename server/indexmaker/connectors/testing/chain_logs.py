"""What a scripted chain's transactions log."""

from __future__ import annotations

import hashlib

from indexmaker.api.chain.v1 import chain_pb2 as pb

__all__ = ["contract_address", "logs_of"]


def logs_of(request: pb.SubmitRequest) -> list[pb.ChainEvent]:
    """The events that a passed transaction would log."""
    match request.WhichOneof("command"):
        case "commit":
            commit = request.commit
            return [
                pb.ChainEvent(
                    contract=commit.gate,
                    request_committed=pb.RequestCommitted(request_id=one, route_id=commit.route_id),
                )
                for one in commit.request_ids
            ]
        case "settle":
            settle = request.settle
            settled = pb.RequestSettled(
                request_id=settle.request_id,
                spent=settle.spent,
                fee=settle.fee,
                back=settle.back,
                out=settle.out,
                lots_root=settle.lots_root,
            )
            return [pb.ChainEvent(contract=settle.gate, request_settled=settled)]
        case "commit_redemptions":
            lock = request.commit_redemptions
            return [
                pb.ChainEvent(contract=lock.gate, redemption_committed=pb.RedemptionCommitted(request_id=one))
                for one in lock.request_ids
            ]
        case "settle_redemption":
            paid = request.settle_redemption
            redeemed = pb.RedemptionSettled(
                request_id=paid.request_id,
                burned=paid.burned,
                returned=paid.returned,
                paid=paid.paid,
                fee=paid.fee,
                lots_root=paid.lots_root,
            )
            return [pb.ChainEvent(contract=paid.gate, redemption_settled=redeemed)]
        case "transfer":
            transfer = request.transfer
            moved = pb.TokenTransfer(token=transfer.token, recipient=transfer.recipient, amount=transfer.amount)
            return [pb.ChainEvent(contract=transfer.token, token_transfer=moved)]
        case "deploy_index":
            deploy = request.deploy_index
            made = pb.IndexDeployed(
                symbol=deploy.symbol,
                gate=contract_address(deploy.factory, deploy.symbol, "gate"),
                token=contract_address(deploy.factory, deploy.symbol, "token"),
            )
            return [pb.ChainEvent(contract=deploy.factory, index_deployed=made)]
        case "set_weights":
            given = request.set_weights
            ordered = sorted(given.weights, key=lambda one: one.asset)
            told = pb.WeightsSet(version=given.version, effective_at=given.effective_at, weights=ordered)
            return [pb.ChainEvent(contract=given.gate, weights_set=told)]
        case _:
            return []


def contract_address(*names: str) -> str:
    """Where a scripted contract is: the same names are the same address."""
    return "0x" + hashlib.blake2b("/".join(names).encode(), digest_size=20).hexdigest()
