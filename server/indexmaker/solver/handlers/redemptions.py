"""Index tokens that users put into a gate to sell them: seen, confirmed by policy, taken back, locked.

Nothing is sold before the gate has locked the tokens of its order: until then their owner may take them back. Orders
whose tokens are confirmed share one lock; before it is asked for, the way of the proceeds is quoted on their estimated
value, so that an order whose fee limit could not be kept is refused while nothing has moved.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.money import ATOMS, ceil_to_step, floor_to_step, mul_floor
from indexmaker.solver import accounts
from indexmaker.solver.commands import CommitRedemptions, QuoteRoute
from indexmaker.solver.events import (
    CollateralCommitted,
    CommitFailed,
    RedemptionRetracted,
    RedemptionSeen,
    RedemptionTerms,
    RedemptionWithdrawn,
    RouteQuoted,
    RouteRefused,
)
from indexmaker.solver.handlers.funding import free_and_end, fund_account, retry_or_reject, unbind
from indexmaker.solver.handlers.lots import (
    RETRACTED,
    WITHDRAWN,
    book_arrival,
    commit_lot,
    is_closed,
    lot_key,
    move,
    needed_finality,
    removed_lots,
    take_out,
    terms_key,
    tokens_of,
)
from indexmaker.solver.handlers.payouts import make_payable
from indexmaker.solver.handlers.redemption_settlement import limits_of
from indexmaker.solver.handlers.terms import apply_price_limit
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import Index, IndexOrder, LotState, RedemptionLimits, TokenCommit, TokenLot
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import CommitFailure, ExecType, Finality, OrderState, RejectReason

__all__ = [
    "form_commits",
    "leave_commit",
    "on_commit_failed",
    "on_committed",
    "on_redemption_retracted",
    "on_redemption_seen",
    "on_redemption_terms",
    "on_redemption_withdrawn",
    "on_route_quoted",
    "on_route_refused",
]

_UNTOUCHED = "the index tokens were not touched"


def on_redemption_seen(step: Step, event: RedemptionSeen) -> None:
    """Book an escrow once, and count it when its finality is enough for its value."""
    key = lot_key(event.chain_id, event.tx_hash, event.log_index)
    lot = step.state.token_lots.get(key)
    if lot is None or lot.state is LotState.GONE:
        if is_closed(step, event.chain_id, event.gate, event.request_id):
            return
        if lot is not None and lot.finality is Finality.FINAL:
            return
        lot = _book(step, event, key)
        if lot is None:
            return
    else:
        lot.block_hash = event.block_hash
        if lot.removed == RETRACTED:
            lot.removed = ""  # it is there again
        if event.finality.rank > lot.finality.rank:
            lot.finality = event.finality
    if lot.state is LotState.UNCONFIRMED and lot.finality.rank >= _needed(step, lot).rank:
        move(step, lot, "unconfirmed", "confirmed")
        lot.state = LotState.CONFIRMED
        fund_account(step, lot.account)


def on_redemption_retracted(step: Step, event: RedemptionRetracted) -> None:
    """Take an escrow back out, with what depends on it; after the lock only a person can judge."""
    lot = step.state.token_lots.get(lot_key(event.chain_id, event.tx_hash, event.log_index))
    if lot is not None and event.block_hash in ("", lot.block_hash):
        _remove(step, lot, RETRACTED)


def on_redemption_withdrawn(step: Step, event: RedemptionWithdrawn) -> None:
    """The owner took the tokens back on the gate; final, so the escrow cannot come again."""
    lot = tokens_of(step, event.chain_id, event.gate, event.request_id)
    if lot is not None:
        _withdraw(step, lot)


def on_redemption_terms(step: Step, event: RedemptionTerms) -> None:
    """Keep the limits of a request; the price is heeded by the sale, the fee before the lock and at the payment."""
    if is_closed(step, event.chain_id, event.gate, event.request_id):
        return
    key = terms_key(event.chain_id, event.gate, event.request_id)
    step.state.redemption_limits[key] = RedemptionLimits(min_out=event.min_out, max_fee=event.max_fee)


def _withdraw(step: Step, lot: TokenLot) -> None:
    _remove(step, lot, WITHDRAWN)
    if lot.state is LotState.GONE:
        lot.finality = Finality.FINAL


def _book(step: Step, event: RedemptionSeen, key: str) -> TokenLot | None:
    gate = event.gate.lower()
    twin = tokens_of(step, event.chain_id, gate, event.request_id)
    if event.units <= 0 or (twin is not None and twin.key != key):
        text = "a second redemption with this request id, or without units: not booked"
        step.alert("REDEMPTION", key, text)
        return None
    index = _index_at(step, event.chain_id, gate)
    lot = TokenLot(
        key=key,
        sequence=step.sequence,
        chain_id=event.chain_id,
        tx_hash=event.tx_hash,
        request_id=event.request_id,
        gate=gate,
        account=event.account.lower(),
        asset=accounts.index_token(index.symbol if index is not None else gate),
        amount=event.units,
        finality=event.finality,
        state=LotState.UNCONFIRMED,
        block_hash=event.block_hash,
    )
    step.state.token_lots[key] = lot
    book_arrival(step, lot)
    return lot


def _index_at(step: Step, chain_id: int, gate: str) -> Index | None:
    indices = step.state.indices.values()
    return next((index for index in indices if (index.chain_id, index.gate) == (chain_id, gate)), None)


def _needed(step: Step, lot: TokenLot) -> Finality:
    """By the value at the last known prices; without them the strictest finality that is configured."""
    index = _index_at(step, lot.chain_id, lot.gate)
    value = _value(step, index, lot.amount) if index is not None else 0
    if value:
        return needed_finality(step, value)
    return max((tier.finality for tier in step.state.config.finality), key=lambda f: f.rank, default=Finality.FINAL)


def _value(step: Step, index: Index, units: int) -> int:
    """What units would bring at the last known mid prices; 0 when one of these is not known."""
    marks = step.state.marks
    if any(asset not in marks for asset, _ in index.quantities):
        return 0
    price = sum(mul_floor(quantity, marks[asset]) for asset, quantity in index.quantities)
    return mul_floor(units, price)


def _remove(step: Step, lot: TokenLot, why: str) -> None:
    if lot.state is LotState.GONE:
        return
    order = step.state.orders.get(lot.order_id)
    locked = lot.state is LotState.COMMITTED
    if locked or (order is not None and not leave_commit(step, order)):
        lot.removed = "" if locked else why
        told = (order.order_id,) if order is not None else ()
        step.alert("REDEMPTION", lot.key, f"{why} after its lock was sent", *told)
        return
    take_out(step, lot)
    if order is not None:
        step.tell(order, ExecType.STATUS, text=f"its index tokens were {why}")
        fund_account(step, order.account)


def form_commits(step: Step) -> None:
    """Group the orders whose tokens are confirmed, and ask what paying them would cost."""
    groups: dict[str, list[IndexOrder]] = {}
    for order in step.orders_in(OrderState.PENDING_TOKENS):
        if order.lot_key and not order.commit_id and order.retry_at <= step.at:
            key = f"{order.index}:{order.order_id if order.alone else ''}"
            groups.setdefault(key, []).append(order)
    most = step.state.config.routing_max_orders
    for key in sorted(groups):
        for start in range(0, len(groups[key]), most):
            _form(step, groups[key][start : start + most])


def _form(step: Step, orders: list[IndexOrder]) -> None:
    index = step.index_of(orders[0])
    values = [(order.order_id, ceil_to_step(_value(step, index, order.amount), index.unit)) for order in orders]
    commit = TokenCommit(
        commit_id=step.name("c", orders[0].order_id),
        sequence=step.sequence,
        index=index.symbol,
        amount=sum(value for _, value in values) if all(value for _, value in values) else 0,
        shares=tuple(values),
    )
    step.state.token_commits[commit.commit_id] = commit
    for order in orders:
        order.commit_id = commit.commit_id
    if not commit.amount:
        _lock(step, commit)
        return
    step.send(
        QuoteRoute(
            command_id=derived_id("rq", commit.commit_id),
            transfer_id=commit.commit_id,
            source=index.destination,
            destination=index.custody,
            route=index.route,
            asset=index.collateral,
            amount=commit.amount,
        )
    )


def leave_commit(step: Step, order: IndexOrder) -> bool:
    """Take a sell order out before the lock of its tokens is sent, and free its lot; False when it is too late.

    The other orders of its commit are grouped anew.
    """
    if order.state is not OrderState.PENDING_TOKENS:
        return False
    commit = step.state.token_commits.get(order.commit_id)
    if commit is not None:
        if commit.committing:
            return False
        _drop(step, commit)
    unbind(step, order)
    return True


def _drop(step: Step, commit: TokenCommit) -> None:
    """Give a commit up; its orders may be grouped again."""
    del step.state.token_commits[commit.commit_id]
    step.confirm(derived_id("rq", commit.commit_id))
    step.confirm(_command_id(commit))
    for order in _orders(step, commit):
        order.commit_id = ""


def _orders(step: Step, commit: TokenCommit) -> list[IndexOrder]:
    return [step.state.orders[order_id] for order_id, _ in commit.shares]


def _command_id(commit: TokenCommit) -> str:
    return derived_id("cr", commit.commit_id)


def on_route_quoted(step: Step, event: RouteQuoted) -> None:
    """Refuse the orders that the payment would be too dear for, alone; lock the tokens of the others."""
    commit = step.state.token_commits.get(event.transfer_id)
    if commit is None or commit.committing:
        return
    unit = step.state.indices[commit.index].unit
    shares = split_in_units(max(0, event.amount_in - event.amount_out), list(commit.shares), unit=unit)
    values = dict(commit.shares)
    refused = [
        order
        for order in _orders(step, commit)
        if _too_dear(step, order, values[order.order_id], shares[order.order_id])
    ]
    if not refused:
        _lock(step, commit)
        return
    _drop(step, commit)
    for order in refused:
        text = f"routing and redemption fee would be above the limit; {_UNTOUCHED}"
        free_and_end(step, order, OrderState.REJECTED, reason=RejectReason.FEE_ABOVE_LIMIT, text=text)


def _too_dear(step: Step, order: IndexOrder, value: int, routing_fee: int) -> bool:
    unit = step.index_of(order).unit
    fee = routing_fee + floor_to_step(mul_floor(value, order.management_fee), unit)
    limits = limits_of(step, order)
    above = bool(order.max_fee) and fee > order.max_fee
    return above or fee >= value or (limits is not None and fee > limits.max_fee)


def on_route_refused(step: Step, event: RouteRefused) -> None:
    """The proceeds could not be carried: try again later, or reject the orders; nothing has moved."""
    commit = step.state.token_commits.get(event.transfer_id)
    if commit is None or commit.committing:
        return
    orders = _orders(step, commit)
    _drop(step, commit)
    for order in orders:
        retry_or_reject(step, order, f"{event.reason}; {_UNTOUCHED}", retryable=event.retryable)


def _lock(step: Step, commit: TokenCommit) -> None:
    index = step.state.indices[commit.index]
    commit.committing = True
    step.confirm(derived_id("rq", commit.commit_id))
    lots = [step.state.token_lots[order.lot_key] for order in _orders(step, commit)]
    step.send(
        CommitRedemptions(
            command_id=_command_id(commit),
            chain_id=index.chain_id,
            gate=index.gate,
            request_ids=tuple(lot.request_id for lot in lots),
        )
    )


def on_committed(step: Step, event: CollateralCommitted) -> None:
    """The tokens are locked: what backs them may be sold."""
    commit = _by_command(step, event.command_id)
    if commit is None:
        return
    orders = _orders(step, commit)
    _drop(step, commit)
    for order in orders:
        lot = step.state.token_lots[order.lot_key]
        commit_lot(step, lot)
        move(step, lot, "confirmed", "committed")
        order.tradable = order.amount
        order.least_price = _least_price(order, lot, limits_of(step, order))
        apply_price_limit(order)
        step.enter(order, OrderState.READY)
        step.tell(order, ExecType.STATUS, text="index tokens locked")
        if order.ending is not None:
            make_payable(step, order)


def _least_price(order: IndexOrder, lot: TokenLot, limits: RedemptionLimits | None) -> int:
    """What a unit must bring so that the request's least payment is met after the redemption fee, rounded up."""
    if limits is None or not limits.min_out:
        return 0
    per_unit = -(-limits.min_out * ATOMS // lot.amount)
    return -(-per_unit * ATOMS // (ATOMS - order.management_fee))


def on_commit_failed(step: Step, event: CommitFailed) -> None:
    """Nothing is locked: orders that should end do so, the others try again.

    When a request was gone, each of them tries alone, so that the missing one holds nobody up.
    """
    commit = _by_command(step, event.command_id)
    if commit is None:
        return
    orders = _orders(step, commit)
    _drop(step, commit)
    for order in orders:
        order.alone = order.alone or event.failure is CommitFailure.REQUEST_GONE
        if order.ending is None:
            retry_or_reject(step, order, f"{event.reason}; {_UNTOUCHED}", retryable=True)
        else:
            free_and_end(step, order, order.ending, reason=order.ending_reason, text=_UNTOUCHED)
    _apply_removals(step)


def _apply_removals(step: Step) -> None:
    """Take out the escrows that left their gate while their lock was on the way."""
    for lot in removed_lots(step, step.state.token_lots):
        why, lot.removed = lot.removed, ""
        if why == WITHDRAWN:
            _withdraw(step, lot)
        else:
            _remove(step, lot, why)


def _by_command(step: Step, command_id: str) -> TokenCommit | None:
    for commit in step.state.token_commits.values():
        if commit.committing and _command_id(commit) == command_id:
            return commit
    return None
