"""The way of sale proceeds from the venue to the keeper's wallet: group, quote, withdraw, carry, arrive.

What the end of trading hands over: an order's `units` are sold, `lots` are what was sold for them, `proceeds` and
`sale_fees` are the sums of the lots' values and fees, and `accounts.proceeds` of its account at the index's venue
holds exactly `proceeds - sale_fees`.

Orders of one venue and one chain that are payable within the routing window share a transfer. Nothing is charged that
was not quoted: an order pays its share of the quoted or the real fee, whichever is less, and never more than its own
limit and its request's allow; the house pays what is above. The assets are sold by then, so no limit can be kept by
giving the tokens back.
"""

from __future__ import annotations

from indexmaker.identifiers import derived_id
from indexmaker.ledger import Movement, Posting
from indexmaker.money import format_atoms
from indexmaker.solver import accounts
from indexmaker.solver.commands import Contribution, QuoteRoute, StartTransfer, WithdrawCollateral
from indexmaker.solver.events import RouteQuoted, RouteRefused, TransferUpdated, WithdrawalUpdated
from indexmaker.solver.handlers.redemption_settlement import limits_of, renew_redemption
from indexmaker.solver.redemption_invoice import PaymentLimits, charge, payment_limits
from indexmaker.solver.routing_fees import split_in_units
from indexmaker.solver.state import Index, IndexOrder, Payout, PayoutStage
from indexmaker.solver.step import Step
from indexmaker.solver.vocabulary import ExecType, FeeAmount, OrderState, TransferState, WithdrawalState

__all__ = [
    "WITHDRAWAL_FEE",
    "form_payouts",
    "make_payable",
    "on_route_quoted",
    "on_route_refused",
    "on_transfer_updated",
    "on_withdrawal_updated",
    "restart_payout",
]

WITHDRAWAL_FEE = "withdrawal"
"""Kind of the venue's own fee in the quote of a return transfer."""

_STOPPED = (TransferState.FAILED, TransferState.REFUNDED, TransferState.NEEDS_OPERATOR)
_LEFT = (WithdrawalState.SENT, WithdrawalState.COMPLETED)


def make_payable(step: Step, order: IndexOrder) -> None:
    """End the trading of a sell order: what was sold is paid, the other tokens are returned.

    Redemption fee and what is finer than a token unit stay at the venue; an order that sold nothing needs no transfer.
    """
    step.enter(order, OrderState.PAYABLE)
    order.retry_at = 0
    order.attempts = 0
    filled = order.units and order.ending is None
    exec_type = ExecType.FILL if filled else ExecType.STATUS
    step.tell(order, exec_type, reason=order.ending_reason, text="trading is over")
    index = step.index_of(order)
    if order.units:
        without_routing = charge(
            order.proceeds,
            venue_fees=order.sale_fees,
            rate=order.management_fee,
            routing_fee=0,
            limits=_limits(step, order),
        )
        net = order.proceeds - order.sale_fees
        order.payout_share = min(without_routing.paid, max(0, net) // index.unit * index.unit)
        source = accounts.proceeds(order.account, index.venue, index.collateral)
        charges = accounts.payout_charges(order.account, index.venue, index.collateral)
        step.post(Movement.between(source, charges, amount=net - order.payout_share))
    if not order.payout_share:
        renew_redemption(step, order)


def _limits(step: Step, order: IndexOrder) -> PaymentLimits:
    return payment_limits(
        max_fee=order.max_fee,
        limits=limits_of(step, order),
        burned=order.units,
        escrowed=order.deposit,
        unit=step.index_of(order).unit,
    )


def form_payouts(step: Step) -> None:
    """Group the payable orders whose window has passed, and ask what bringing their money to the chain costs."""
    config = step.state.config
    groups: dict[tuple[object, ...], list[IndexOrder]] = {}
    for order in step.orders_in(OrderState.PAYABLE):
        if order.payout_share and not order.transfer_id and order.retry_at <= step.at:
            groups.setdefault(_way(step.index_of(order)), []).append(order)
    for key in sorted(groups, key=repr):
        waiting = groups[key]
        while waiting:
            due = waiting[0].state_since + config.routing_window_ns <= step.at
            if not due and len(waiting) < config.routing_max_orders:
                break
            _quote(step, waiting[: config.routing_max_orders])
            waiting = waiting[config.routing_max_orders :]


def _way(index: Index) -> tuple[object, ...]:
    return index.venue, index.collateral, index.destination, index.custody, index.route, index.chain_id, index.unit


def _quote(step: Step, orders: list[IndexOrder]) -> None:
    index = step.index_of(orders[0])
    payout_id = step.name("p", orders[0].order_id)
    payout = Payout(
        payout_id=payout_id,
        sequence=step.sequence,
        venue=index.venue,
        asset=index.collateral,
        source=index.destination,
        destination=index.custody,
        route=index.route,
        chain_id=index.chain_id,
        unit=index.unit,
        amount=sum(order.payout_share for order in orders),
        shares=tuple((order.order_id, order.payout_share) for order in orders),
        stage=PayoutStage.QUOTING,
    )
    step.state.payouts[payout_id] = payout
    for order in orders:
        order.transfer_id = payout_id
    step.send(
        QuoteRoute(
            command_id=derived_id("rq", payout_id),
            transfer_id=payout_id,
            source=payout.source,
            destination=payout.destination,
            route=payout.route,
            asset=payout.asset,
            amount=payout.amount,
        )
    )


def _orders(step: Step, payout: Payout) -> list[IndexOrder]:
    return [step.state.orders[order_id] for order_id, _ in payout.shares]


def _drop(step: Step, payout: Payout) -> None:
    """Give a payout up while all its money is at the venue; its orders are grouped again."""
    payout.stage = PayoutStage.DROPPED
    step.confirm(derived_id("rq", payout.payout_id))
    step.confirm(payout.withdraw_command)
    for order in _orders(step, payout):
        order.transfer_id = ""
        if order.state is OrderState.PAYOUT_ROUTING:
            step.enter(order, OrderState.PAYABLE)


def on_route_quoted(step: Step, event: RouteQuoted) -> None:
    """Have the venue send the money to where the route picks it up."""
    payout = step.state.payouts.get(event.transfer_id)
    if payout is None or payout.stage is not PayoutStage.QUOTING:
        return
    if event.amount_in != payout.amount or (event.expires_at and event.expires_at <= step.at):
        _drop(step, payout)
        return
    if not event.pickup_address:
        _try_later(step, payout, "the route names no address to pick the money up at")
        return
    step.confirm(derived_id("rq", payout.payout_id))
    payout.quoted_out = event.amount_out
    payout.fees = event.fees
    payout.expected_in = payout.amount - sum(fee.amount for fee in event.fees if fee.kind == WITHDRAWAL_FEE)
    payout.network, payout.address = event.pickup_network, event.pickup_address
    _withdraw(step, payout)
    for order in _orders(step, payout):
        step.enter(order, OrderState.PAYOUT_ROUTING)
        step.tell(order, ExecType.STATUS, text="the proceeds leave the venue")


def _withdraw(step: Step, payout: Payout) -> None:
    payout.stage = PayoutStage.WITHDRAWING
    payout.withdraw_attempts += 1
    payout.withdraw_command = derived_id("wd", payout.payout_id, payout.withdraw_attempts)
    step.send(
        WithdrawCollateral(
            command_id=payout.withdraw_command,
            transfer_id=payout.payout_id,
            venue=payout.venue,
            asset=payout.asset,
            amount=payout.amount,
            network=payout.network,
            address=payout.address,
        )
    )


def on_route_refused(step: Step, event: RouteRefused) -> None:
    """Try again later, perhaps with more orders; the money stays at the venue until it can be carried."""
    payout = step.state.payouts.get(event.transfer_id)
    if payout is not None and payout.stage is PayoutStage.QUOTING:
        _try_later(step, payout, event.reason)


def _try_later(step: Step, payout: Payout, why: str) -> None:
    """Group the orders anew after a pause that doubles; a person is told when it has been tried often."""
    _drop(step, payout)
    config = step.state.config
    for order in _orders(step, payout):
        order.attempts += 1
        order.retry_at = step.at + config.retry_delay_ns * 2 ** min(order.attempts - 1, config.routing_attempts)
        if order.attempts == config.routing_attempts:
            step.alert("PAYOUT", order.order_id, f"the proceeds cannot be carried yet: {why}", order.order_id)


def on_withdrawal_updated(step: Step, event: WithdrawalUpdated) -> None:
    """Follow the withdrawal; as soon as its transaction is known, the route carries on from there."""
    payout = next((one for one in step.state.payouts.values() if one.withdraw_command == event.command_id), None)
    if payout is None or not payout.withdraw_command:
        return
    changed = payout.withdrawal is not event.state
    left = payout.withdrawal in _LEFT
    if payout.stage in (PayoutStage.DROPPED, PayoutStage.ARRIVED):
        _withdrawal_after_the_end(step, payout, event)
        return
    if left and event.state is WithdrawalState.ACCEPTED:
        return
    if payout.withdrawal is WithdrawalState.FAILED:
        if event.state in _LEFT:
            text = f"the venue says {event.state} of a withdrawal that it had refused: ask it before this is restarted"
            step.alert("PAYOUT", payout.payout_id, text, *(order_id for order_id, _ in payout.shares))
        return
    payout.withdrawal = event.state
    if event.state in (WithdrawalState.COMPLETED, WithdrawalState.FAILED):
        step.confirm(event.command_id)
    if event.state in _LEFT and not left:
        _book_departure(step, payout, 1)
    if event.state in _LEFT and event.tx_hash and not payout.transfer_id:
        payout.withdraw_tx = event.tx_hash
        payout.carried = _carried(step, payout, event)
        payout.stage = PayoutStage.MOVING
        _start(step, payout)
    elif event.state is WithdrawalState.FAILED and changed:
        if left:
            _book_departure(step, payout, -1)
        payout.stage = PayoutStage.FAILED
        step.confirm(derived_id("ts", payout.transfer_id))
    if event.state in (WithdrawalState.FAILED, WithdrawalState.NEEDS_OPERATOR) and changed:
        text = f"withdrawal {event.state}: {event.reason or 'no reason given'}"
        step.alert("PAYOUT", payout.payout_id, text, *(order_id for order_id, _ in payout.shares))


def _carried(step: Step, payout: Payout, event: WithdrawalUpdated) -> int:
    """What the route shall carry: never more than was asked for, which would be money of others at the same place."""
    if not 0 <= event.amount <= payout.amount:
        stated = format_atoms(event.amount)
        step.alert("PAYOUT", payout.payout_id, f"the venue says that {stated} left, which cannot be: carried as quoted")
        return payout.expected_in
    return event.amount or payout.expected_in


def _withdrawal_after_the_end(step: Step, payout: Payout, event: WithdrawalUpdated) -> None:
    """What the venue still says once it no longer decides; what contradicts the books is for a person."""
    if event.state in (WithdrawalState.COMPLETED, WithdrawalState.FAILED):
        step.confirm(event.command_id)
    if payout.stage is PayoutStage.DROPPED and event.state in _LEFT:
        step.alert("PAYOUT", event.command_id, "a withdrawal that was given up has left the venue after all")
    if payout.stage is PayoutStage.ARRIVED and event.state is WithdrawalState.FAILED:
        step.alert("PAYOUT", event.command_id, "the venue says that a withdrawal failed whose money has arrived")


def _book_departure(step: Step, payout: Payout, sign: int) -> None:
    movements = [
        Movement.between(
            accounts.proceeds(order.account, payout.venue, payout.asset),
            accounts.payout_transit(order.account, payout.asset),
            amount=sign * share,
        )
        for order, (_, share) in zip(_orders(step, payout), payout.shares, strict=True)
    ]
    step.post(*movements)


def _start(step: Step, payout: Payout) -> None:
    payout.transfer_attempts += 1
    again = payout.transfer_attempts > 1
    payout.transfer_id = f"{payout.payout_id}-{payout.transfer_attempts}" if again else payout.payout_id
    payout.last = None
    lots = [step.state.token_lots[order.lot_key] for order in _orders(step, payout)]
    step.send(
        StartTransfer(
            command_id=derived_id("ts", payout.transfer_id),
            transfer_id=payout.transfer_id,
            source=payout.source,
            destination=payout.destination,
            route=payout.route,
            asset=payout.asset,
            amount=payout.carried,
            min_out=max(0, payout.quoted_out - max(0, payout.expected_in - payout.carried)),
            commit_tx=payout.withdraw_tx,
            contributions=tuple(
                Contribution(order_id=order_id, request_id=lot.request_id, amount=share)
                for lot, (order_id, share) in zip(lots, payout.shares, strict=True)
            ),
        )
    )


def on_transfer_updated(step: Step, event: TransferUpdated) -> None:
    """Take the transfer's state; a stopped one alerts a person, and goes on if the connector says so later."""
    payout = next((one for one in step.state.payouts.values() if one.transfer_id == event.transfer_id != ""), None)
    if payout is None or payout.withdrawal not in _LEFT or payout.stage is PayoutStage.ARRIVED:
        return
    changed = payout.last is not event.state
    payout.last = event.state
    payout.hops = tuple(sorted({*payout.hops, *(tx.lower() for tx in event.hop_tx_hashes)}))
    if event.state in (TransferState.FAILED, TransferState.REFUNDED):
        payout.stage = PayoutStage.FAILED
        step.confirm(derived_id("ts", payout.transfer_id))
    if event.state in _STOPPED and changed:
        orders = [order_id for order_id, _ in payout.shares]
        step.alert("PAYOUT", payout.payout_id, f"{event.state}: {event.reason or 'no reason given'}", *orders)
    if event.state is TransferState.COMPLETED and event.amount_out > 0:
        step.confirm(derived_id("ts", payout.transfer_id))
        if event.fees:
            withdrawal = FeeAmount(kind=WITHDRAWAL_FEE, asset=payout.asset, amount=payout.amount - payout.carried)
            payout.fees = (withdrawal, *event.fees)
        _arrive(step, payout, event.amount_out)


def _arrive(step: Step, payout: Payout, amount: int) -> None:
    """Book the money in the keeper's wallet, each order's share less its part of the fee, and account for it."""
    payout.stage = PayoutStage.ARRIVED
    payout.arrived = amount
    if amount < payout.quoted_out:
        short = format_atoms(payout.quoted_out - amount)
        step.alert("SHORT_ARRIVAL", payout.payout_id, f"{short} less than quoted arrived; the house bears it")
    real = payout.amount - amount
    fee = max(0, min(payout.amount - payout.quoted_out, real))
    wanted = split_in_units(fee, list(payout.shares), unit=payout.unit)
    keeper = accounts.keeper(payout.chain_id, payout.asset)
    postings = [Posting(accounts.bridge(payout.asset), real), Posting(keeper, -real)]
    for order, (_, share) in zip(_orders(step, payout), payout.shares, strict=True):
        charged = charge(
            order.proceeds,
            venue_fees=order.sale_fees,
            rate=order.management_fee,
            routing_fee=wanted[order.order_id],
            limits=_limits(step, order),
        )
        order.routing_fee = charged.routing_fee
        if order.routing_fee < wanted[order.order_id]:
            over = format_atoms(wanted[order.order_id] - order.routing_fee)
            step.alert("FEE_LIMIT", order.order_id, f"the house bears {over} of the routing fee", order.order_id)
        postings.append(Posting(accounts.payout_transit(order.account, payout.asset), -share))
        postings.append(
            Posting(accounts.payable(order.account, payout.chain_id, payout.asset), share - order.routing_fee)
        )
        postings.append(Posting(keeper, order.routing_fee))
    step.post(Movement(tuple(postings)))
    for order in _orders(step, payout):
        order.retry_at = 0
        step.tell(order, ExecType.STATUS, text="the proceeds are on the chain; invoice made")
        renew_redemption(step, order)


def restart_payout(step: Step, payout_id: str) -> bool:
    """Go on with a payout that has failed; False when there is none.

    After a failed withdrawal the money is at the venue: the orders are grouped and quoted anew. After a transfer that
    was cancelled or came back the money is where the route picks it up: it is carried again, under a new id.
    """
    payout = step.state.payouts.get(payout_id)
    if payout is None or payout.stage is not PayoutStage.FAILED:
        return False
    if payout.withdrawal is WithdrawalState.FAILED:
        _drop(step, payout)
        return True
    payout.stage = PayoutStage.MOVING
    _start(step, payout)
    return True
