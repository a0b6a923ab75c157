"""Between the protos and the plugin's own words; whatever comes in is checked here."""

from __future__ import annotations

from collections.abc import Iterable

from indexmaker.api.chain.v1 import chain_pb2 as pb
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import format_atoms
from indexmaker_evm.events import Levels
from indexmaker_evm.fields import address, bytes_of, decimal_of, symbol_of, uint_of
from indexmaker_evm.follower.session import CursorMark
from indexmaker_evm.follower.watches import FactoryWatch, GateWatch, TransferWatch, Watch
from indexmaker_evm.transactions.commands import (
    ApproveGate,
    CommitRedemptions,
    CommitRequests,
    DeployIndex,
    SettleRedemption,
    SettleRequest,
    SetWeights,
    TransferTokens,
    TxCommand,
)
from indexmaker_evm.transactions.model import Transaction
from indexmaker_evm.views import (
    AllowanceView,
    BalanceView,
    CollateralView,
    RequestView,
    SolvencyView,
    SupplyView,
    View,
    WeightsView,
)

__all__ = ["command_id_of", "command_of", "cursor_of", "transaction_message", "view_of", "watch_of"]

MAX_COMMAND_ID = 64
NOBODY = "0x" + "0" * 40


def command_of(request: pb.SubmitRequest) -> TxCommand:
    """The command of a request, checked; its chain and command id are the caller's business."""
    match request.WhichOneof("command"):
        case "commit":
            return _commit(request.commit)
        case "settle":
            return _settle(request.settle)
        case "commit_redemptions":
            commit = request.commit_redemptions
            return CommitRedemptions(
                gate=address(commit.gate, field="commit_redemptions.gate"),
                request_ids=_request_ids(commit.request_ids, field="commit_redemptions.request_ids"),
            )
        case "settle_redemption":
            return _settle_redemption(request.settle_redemption)
        case "deploy_index":
            return _deploy_index(request.deploy_index)
        case "set_weights":
            return _set_weights(request.set_weights)
        case "approve_gate":
            return ApproveGate(gate=address(request.approve_gate.gate, field="approve_gate.gate"))
        case "transfer":
            transfer = request.transfer
            return TransferTokens(
                token=address(transfer.token, field="transfer.token"),
                recipient=address(transfer.recipient, field="transfer.recipient"),
                amount=decimal_of(transfer.amount, field="transfer.amount"),
            )
    raise InvalidFieldError("command", "a command is needed, such as commit, settle or transfer")


def _commit(commit: pb.CommitRequests) -> CommitRequests:
    return CommitRequests(
        gate=address(commit.gate, field="commit.gate"),
        request_ids=_request_ids(commit.request_ids, field="commit.request_ids"),
        route_id=uint_of(commit.route_id, field="commit.route_id"),
    )


def _settle(settle: pb.SettleRequest) -> SettleRequest:
    return SettleRequest(
        gate=address(settle.gate, field="settle.gate"),
        request_id=uint_of(settle.request_id, field="settle.request_id"),
        spent=decimal_of(settle.spent, field="settle.spent"),
        fee=decimal_of(settle.fee, field="settle.fee"),
        back=decimal_of(settle.back, field="settle.back"),
        out=decimal_of(settle.out, field="settle.out"),
        lots_root=bytes_of(settle.lots_root, length=32, field="settle.lots_root"),
        deadline=settle.deadline,
        signer=address(settle.signer, field="settle.signer"),
        signature=bytes_of(settle.signature, length=65, field="settle.signature"),
    )


def _settle_redemption(settle: pb.SettleRedemption) -> SettleRedemption:
    return SettleRedemption(
        gate=address(settle.gate, field="settle_redemption.gate"),
        request_id=uint_of(settle.request_id, field="settle_redemption.request_id"),
        burned=decimal_of(settle.burned, field="settle_redemption.burned"),
        returned=decimal_of(settle.returned, field="settle_redemption.returned"),
        paid=decimal_of(settle.paid, field="settle_redemption.paid"),
        fee=decimal_of(settle.fee, field="settle_redemption.fee"),
        lots_root=bytes_of(settle.lots_root, length=32, field="settle_redemption.lots_root"),
        deadline=settle.deadline,
        signer=address(settle.signer, field="settle_redemption.signer"),
        signature=bytes_of(settle.signature, length=65, field="settle_redemption.signature"),
    )


def _deploy_index(deploy: pb.DeployIndex) -> DeployIndex:
    if not deploy.name:
        raise InvalidFieldError("deploy_index.name", "the token needs a name")
    return DeployIndex(
        factory=address(deploy.factory, field="deploy_index.factory"),
        symbol=symbol_of(deploy.symbol, field="deploy_index.symbol"),
        name=deploy.name,
        curator=address(deploy.curator or NOBODY, field="deploy_index.curator"),
    )


def _set_weights(weights: pb.SetWeights) -> SetWeights:
    field = "set_weights.weights"
    given = {
        symbol_of(one.asset, field=f"{field}.asset"): decimal_of(one.weight, field=f"{field}.weight")
        for one in weights.weights
    }
    if len(given) < len(weights.weights):
        raise InvalidFieldError(field, "an asset is named twice")
    return SetWeights(
        gate=address(weights.gate, field="set_weights.gate"),
        version=uint_of(weights.version, field="set_weights.version"),
        weights=tuple(sorted(given.items())),
        effective_at=weights.effective_at,
    )


def _request_ids(texts: Iterable[str], *, field: str) -> tuple[int, ...]:
    ids = tuple(uint_of(text, field=field) for text in texts)
    if not ids:
        raise InvalidFieldError(field, "at least one is needed")
    return ids


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
        case "factory":
            factory = address(watch.factory.factory, field="watch.factory.factory")
            return FactoryWatch(factory=factory, from_block=watch.from_block)
    raise InvalidFieldError("watch.target", "one of gate, transfers and factory is needed")


def view_of(view: pb.View) -> View:
    """A view, checked."""
    match view.WhichOneof("view"):
        case "token_balance":
            balance = view.token_balance
            return BalanceView(
                token=address(balance.token, field="views.token_balance.token"),
                holder=address(balance.holder, field="views.token_balance.holder"),
            )
        case "token_supply":
            return SupplyView(token=address(view.token_supply.token, field="views.token_supply.token"))
        case "token_allowance":
            allowance = view.token_allowance
            return AllowanceView(
                token=address(allowance.token, field="views.token_allowance.token") if allowance.token else "",
                owner=address(allowance.owner, field="views.token_allowance.owner"),
                spender=address(allowance.spender, field="views.token_allowance.spender"),
            )
        case "gate_request":
            return RequestView(
                gate=address(view.gate_request.gate, field="views.gate_request.gate"),
                request_id=uint_of(view.gate_request.request_id, field="views.gate_request.request_id"),
            )
        case "gate_weights":
            return WeightsView(gate=address(view.gate_weights.gate, field="views.gate_weights.gate"))
        case "gate_solvency":
            return SolvencyView(gate=address(view.gate_solvency.gate, field="views.gate_solvency.gate"))
        case "gate_collateral":
            asked = view.gate_collateral
            holder = address(asked.holder, field="views.gate_collateral.holder") if asked.holder else ""
            return CollateralView(gate=address(asked.gate, field="views.gate_collateral.gate"), holder=holder)
    raise InvalidFieldError("views", "a view is needed, such as token_balance or gate_request")


def cursor_of(cursor: pb.Cursor) -> CursorMark:
    """A cursor, checked."""
    if cursor.block_hash:
        bytes_of(cursor.block_hash, length=32, field="cursors.block_hash")
    return CursorMark(chain_id=cursor.chain_id, number=cursor.block_number, block_hash=cursor.block_hash.lower())


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
