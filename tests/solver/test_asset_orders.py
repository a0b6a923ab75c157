"""Each rule of an order on the venue, one at a time: what is sent again, asked about, backed off from, given up."""

import pytest

from indexmaker.instruments import Instrument
from indexmaker.money import ATOMS
from indexmaker.solver import SolverConfig, accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.state import AssetOrderState
from indexmaker.solver.vocabulary import AssetOrderStatus, OrderState, RejectClass, TransferState
from solver.world import ALICE, SECOND, amt, instrument, make_world, market

SILENCE = SolverConfig().order_timeout_ns // SECOND
BACKOFF = SolverConfig().rate_backoff_ns / SECOND


def engaged(answer, *, amount="1000", config=None, symbol="BTCUSDC"):
    """A batch whose orders are answered as usual, but those of one symbol by `answer`."""
    world = make_world(config)

    def hook(world, command):
        if isinstance(command, out.PlaceAssetOrder) and command.symbol == symbol:
            return answer(world, command)
        return None

    world.hooks.append(hook)
    world.order(ALICE, amount)
    world.deposit(ALICE, amount)
    world.tick()
    world.play()
    world.solve()
    world.play()
    return world


def silent(world, command):
    return []


def rejecting(reject_class, times=100):
    left = [times]

    def answer(world, command):
        if not left[0]:
            return None
        left[0] -= 1
        return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject_class)]

    return answer


def orders(world, symbol="BTCUSDC"):
    return [o for o in world.engine.state.asset_orders.values() if o.symbol == symbol]


def placed(world, symbol="BTCUSDC"):
    return [c for c in world.sent(out.PlaceAssetOrder) if c.symbol == symbol]


def queries(world):
    return world.sent(out.QueryAssetOrder)


def answer_queries(world, *events):
    """Answer the queries that wait with these events, made by each query's client order id."""
    while world.inbox:
        command = world.inbox.popleft()
        if isinstance(command, out.QueryAssetOrder):
            for make in events:
                world.submit(make(command.client_order_id))


def not_found(name):
    return ev.AssetOrderRejected(client_order_id=name, reject_class=RejectClass.NOT_FOUND)


def ended(name, quantity):
    return ev.AssetOrderDone(client_order_id=name, status=AssetOrderStatus.EXPIRED, executed_quantity=quantity)


def test_a_silent_order_is_asked_about_when_the_silence_is_as_long_as_allowed_and_not_before():
    world = engaged(silent)
    world.tick(SILENCE - 1)
    assert queries(world) == []
    world.tick(1)
    assert [q.client_order_id for q in queries(world)] == [placed(world)[0].client_order_id]
    assert orders(world)[0].state is AssetOrderState.UNKNOWN


def test_each_question_has_an_id_of_its_own_and_the_former_is_forgotten():
    world = engaged(silent)
    world.tick(SILENCE)
    world.tick(SILENCE)
    first, second = queries(world)
    assert first.command_id != second.command_id
    assert [c.command_id for c in world.engine.pending()] == [second.command_id]


def test_an_order_that_traded_just_now_is_not_asked_about():
    world = engaged(silent)
    world.tick(SILENCE - 1)
    world.submit(world.trade(placed(world)[0], amt("100000"), amt("0.001")))
    world.tick(1)
    assert queries(world) == []
    world.tick(SILENCE - 1)
    assert len(queries(world)) == 1


def test_an_unknown_result_is_asked_about_at_once():
    world = engaged(lambda w, c: [ev.AssetOrderUnknown(client_order_id=c.client_order_id)])
    assert len(queries(world)) == 1


def test_a_reject_of_unknown_meaning_is_an_unknown_result():
    world = engaged(rejecting(RejectClass.UNKNOWN))
    assert len(queries(world)) == 1
    assert orders(world)[0].state is AssetOrderState.UNKNOWN


def test_an_order_already_asked_about_is_not_asked_about_again_by_a_second_unknown():
    world = engaged(silent)
    name = placed(world)[0].client_order_id
    world.submit(ev.AssetOrderUnknown(client_order_id=name))
    world.submit(ev.AssetOrderUnknown(client_order_id=name))
    assert len(queries(world)) == 1


@pytest.mark.parametrize("attempts", [1, 3])
def test_an_order_not_found_ends_after_as_many_questions_as_configured(attempts):
    world = engaged(silent, config=SolverConfig(query_attempts=attempts))
    for number in range(attempts):
        assert not world.engine.state.batches[orders(world)[0].batch_id].closed
        world.tick(SILENCE)
        assert len(queries(world)) == number + 1
        answer_queries(world, not_found)
    assert "LEG_LOST" in world.alerts()
    assert world.engine.state.batches[orders(world)[0].batch_id].closed
    assert world.engine.pending() == ()


def test_an_order_that_traded_and_is_then_not_found_ends_with_the_trades_that_are_known():
    world = engaged(silent, config=SolverConfig(query_attempts=2))
    world.submit(world.trade(placed(world)[0], amt("100000"), amt("0.002")))
    for _ in range(2):
        world.tick(SILENCE)
        answer_queries(world, not_found)
    assert orders(world)[0].state is AssetOrderState.DONE
    assert world.last(ALICE).units > amt("1.9")
    (alert,) = [a for a in world.told(out.Alert) if a.kind == "LEG_LOST"]
    assert "0.002 executed" in alert.text
    late = world.trade(placed(world)[0], amt("100000"), amt("0.001"))
    world.submit(late)
    assert [lot.trade_id for lot in world.engine.state.inventory if lot.trade_id == late.trade_id]


def test_an_answer_that_an_order_has_ended_waits_for_all_its_trades():
    world = engaged(silent)
    name = placed(world)[0].client_order_id
    world.submit(ended(name, amt("0.002")))
    assert orders(world)[0].state is AssetOrderState.LIVE
    world.submit(world.trade(placed(world)[0], amt("100000"), amt("0.001")))
    assert orders(world)[0].state is AssetOrderState.LIVE
    world.submit(world.trade(placed(world)[0], amt("100000"), amt("0.001")))
    assert orders(world)[0].state is AssetOrderState.DONE
    assert world.engine.pending() == ()


def test_an_ended_order_with_missing_trades_is_asked_about_after_a_restart():
    world = engaged(silent)
    world.submit(ended(placed(world)[0].client_order_id, amt("0.002")))
    assert [type(command) for command in world.engine.pending()] == [out.QueryAssetOrder]
    assert queries(world) == []


def test_a_second_word_about_the_end_changes_nothing():
    world = engaged(silent)
    name = placed(world)[0].client_order_id
    world.submit(ended(name, amt("0.002")))
    before = world.engine.dump()
    world.submit(ended(name, 0))
    assert world.engine.dump() == before
    other = engaged(silent)
    name = placed(other)[0].client_order_id
    other.submit(ended(name, 0))
    before = other.engine.dump()
    other.submit(ended(name, amt("0.002")))
    assert other.engine.dump() == before


def test_an_order_not_found_is_not_asked_about_after_a_restart_before_its_silence_is_over():
    world = engaged(silent)
    world.tick(SILENCE)
    answer_queries(world, not_found)
    assert world.engine.pending() == ()


def test_an_end_below_zero_counts_as_nothing():
    world = engaged(silent)
    world.submit(ended(placed(world)[0].client_order_id, -5))
    assert orders(world)[0].state is AssetOrderState.DONE
    assert orders(world)[0].done_quantity == 0


def test_an_order_given_up_that_was_executed_after_all_is_told():
    world = engaged(rejecting(RejectClass.OTHER))
    name = placed(world)[0].client_order_id
    world.submit(ended(name, amt("0.001")))
    assert "LATE_FILL" in world.alerts()
    quiet = engaged(rejecting(RejectClass.OTHER))
    quiet.submit(ended(placed(quiet)[0].client_order_id, 0))
    assert "LATE_FILL" not in quiet.alerts()


def test_words_about_orders_that_were_never_sent_are_passed_over():
    world = make_world()
    before = world.engine.dump()
    world.submit(ev.AssetOrderAccepted(client_order_id="ghost"))
    world.submit(ended("ghost", 1))
    world.submit(ev.AssetOrderUnknown(client_order_id="ghost"))
    world.submit(not_found("ghost"))
    assert world.engine.dump() == before


def test_an_accepted_order_is_live_and_is_to_be_asked_about_after_a_restart():
    world = engaged(lambda w, c: [ev.AssetOrderAccepted(client_order_id=c.client_order_id)])
    assert orders(world)[0].state is AssetOrderState.LIVE
    assert [type(command) for command in world.engine.pending()] == [out.QueryAssetOrder]
    before = world.engine.dump()
    world.submit(ev.AssetOrderAccepted(client_order_id=placed(world)[0].client_order_id))
    assert world.engine.dump() == before


def test_an_acceptance_that_comes_after_the_end_changes_nothing():
    world = engaged(rejecting(RejectClass.OTHER))
    before = world.engine.dump()
    world.submit(ev.AssetOrderAccepted(client_order_id=placed(world)[0].client_order_id))
    assert world.engine.dump() == before


def test_a_rate_refusal_backs_off_twice_as_long_each_time_and_then_gives_up():
    world = engaged(rejecting(RejectClass.RATE), config=SolverConfig(leg_attempts=3, order_timeout_ns=1000 * SECOND))
    sent = [1]
    for pause in (BACKOFF, 2 * BACKOFF):
        world.tick(pause - 0.5)
        world.play()
        assert len(placed(world)) == sent[-1]
        world.tick(0.5)
        world.play()
        sent.append(len(placed(world)))
    assert sent == [1, 2, 3]
    assert len({c.client_order_id for c in placed(world)}) == 3
    assert "LEG_REJECTED" in world.alerts()
    assert world.engine.state.batches[orders(world)[0].batch_id].closed


def test_an_order_that_waits_for_its_back_off_is_neither_asked_about_nor_refused_again():
    world = engaged(rejecting(RejectClass.RATE), config=SolverConfig(rate_backoff_ns=100 * SECOND))
    assert world.engine.pending() == ()
    world.tick(2 * SILENCE)
    assert queries(world) == []
    before = world.engine.dump()
    world.submit(not_found(placed(world)[0].client_order_id))
    assert world.engine.dump() == before


def test_an_order_refused_for_its_rate_that_the_venue_had_taken_all_the_same_is_finished():
    world = engaged(rejecting(RejectClass.RATE, times=1), config=SolverConfig(rate_backoff_ns=100 * SECOND))
    name = placed(world)[0].client_order_id
    world.submit(world.trade(placed(world)[0], amt("100000"), amt("0.002")))
    world.submit(ended(name, amt("0.002")))
    assert orders(world)[0].state is AssetOrderState.DONE
    world.tick(101)
    world.play()
    assert len(placed(world)) == 1


def test_a_refusal_for_lack_of_balance_holds_the_instrument_for_a_time():
    world = engaged(rejecting(RejectClass.BALANCE, times=1), config=SolverConfig(hold_ns=10 * SECOND))
    assert world.engine.state.holds == {"binance:BTCUSDC": world.now + 10 * SECOND}
    world.tick(9)
    world.solve()
    assert len(placed(world)) == 1
    world.tick(1)
    world.solve()
    assert len(placed(world)) == 2


def test_other_refusals_hold_nothing():
    world = engaged(rejecting(RejectClass.OTHER, times=1))
    assert world.engine.state.holds == {}


def stricter(**rules):
    """Answers the first order with a refusal by rules that become known at the same time."""
    used = []

    def answer(world, command):
        if used:
            return None
        used.append(command)
        now: Instrument = instrument("BTC", **rules)
        world.instruments["BTCUSDC"] = now
        world.submit(ev.InstrumentsUpdated(venue="binance", instruments=(now,)))
        reject = RejectClass.FILTER
        return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]

    return answer


def test_a_refusal_by_a_filter_sends_what_the_rules_of_now_allow():
    tick = 9 * ATOMS
    world = engaged(stricter(lot_step=amt("0.001"), tick_size=tick))
    first, second = placed(world)
    assert second.quantity == first.quantity // amt("0.001") * amt("0.001")
    assert first.price % tick
    assert second.price == first.price // tick * tick
    assert first.client_order_id != second.client_order_id
    assert "LEG_REJECTED" not in world.alerts()
    world.tick(SILENCE)
    assert queries(world) == []
    assert orders(world)[0].state is AssetOrderState.DONE


def test_an_order_sent_again_by_new_rules_that_forbid_it_ends_its_leg():
    world = engaged(stricter(lot_step=amt("0.001"), min_notional=amt("100000")))
    assert len(placed(world)) == 1
    assert "LEG" in world.alerts()
    assert world.engine.state.batches[orders(world)[0].batch_id].closed


def test_a_refusal_by_the_highest_notional_sends_less():
    world = engaged(stricter(max_notional=amt("200")))
    first, second = placed(world)[:2]
    assert first.quantity * first.price > 200 * ATOMS * ATOMS
    assert amt("195") * ATOMS < second.quantity * second.price <= 200 * ATOMS * ATOMS


def test_a_refusal_by_a_filter_that_the_known_rules_do_not_explain_ends_the_leg():
    world = engaged(rejecting(RejectClass.FILTER, times=1))
    assert len(placed(world)) == 1
    (alert,) = [a for a in world.told(out.Alert) if a.kind == "LEG_REJECTED"]
    assert alert.text == "FILTER: no reason given"


def test_filters_that_change_all_the_time_end_the_leg_after_as_many_attempts_as_configured():
    steps = iter(["0.0004", "0.0005", "0.0007", "0.0011"])

    def answer(world, command):
        rules = instrument("BTC", lot_step=amt(next(steps)))
        world.instruments["BTCUSDC"] = rules
        world.submit(ev.InstrumentsUpdated(venue="binance", instruments=(rules,)))
        reject = RejectClass.FILTER
        return [ev.AssetOrderRejected(client_order_id=command.client_order_id, reject_class=reject)]

    world = engaged(answer, config=SolverConfig(leg_attempts=3))
    assert len(placed(world)) == 3


def test_rules_that_forbid_the_order_close_its_leg_with_an_alert():
    world = engaged(rejecting(RejectClass.RATE, times=1))
    rules = instrument("BTC", min_notional=amt("100000"))
    world.submit(ev.InstrumentsUpdated(venue="binance", instruments=(rules,)))
    world.tick(2)
    world.play()
    assert len(placed(world)) == 1
    (alert,) = [a for a in world.told(out.Alert) if a.kind == "LEG"]
    assert alert.text.startswith("NOTIONAL")
    assert alert.subject.endswith(":binance:BTC")
    assert world.engine.state.batches[orders(world)[0].batch_id].closed


def test_a_leg_that_ends_closes_its_batch_only_when_the_others_have_ended():
    world = make_world()
    world.hooks.append(lambda w, c: [] if isinstance(c, out.PlaceAssetOrder) else None)
    world.order(ALICE, "1000")
    world.deposit(ALICE, "1000")
    world.run(1)
    first, second = world.sent(out.PlaceAssetOrder)
    world.submit(ended(first.client_order_id, 0))
    assert world.last(ALICE).state is OrderState.ENGAGED
    world.submit(ended(second.client_order_id, 0))
    assert world.last(ALICE).state is OrderState.READY


def test_trades_without_a_price_or_a_quantity_are_not_booked():
    world = engaged(silent)
    before = world.engine.ledger.state()
    command = placed(world)[0]
    for price, quantity in ((0, ATOMS), (ATOMS, 0), (ATOMS, -1)):
        world.submit(world.trade(command, price, quantity))
    assert world.engine.ledger.state() == before


def test_a_trade_of_our_order_in_another_symbol_is_not_booked():
    world = engaged(silent)
    command = placed(world)[0]
    before = world.engine.ledger.state()
    trade = ev.ExecutionReported(
        venue="binance",
        symbol="ETHUSDC",
        trade_id="77",
        client_order_id=command.client_order_id,
        price=ATOMS,
        quantity=ATOMS,
        commission=0,
        commission_asset="",
        at=0,
    )
    world.submit(trade)
    assert world.engine.ledger.state() == before
    assert "FOREIGN_FILL" in world.alerts()


def test_a_transfer_that_arrives_short_is_not_spent_beyond_what_is_there():
    world = make_world()
    world.submit(ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("-1000"), reference="none left"))

    def short(world, command):
        if not isinstance(command, out.StartTransfer):
            return None
        moved = ev.TransferUpdated(
            transfer_id=command.transfer_id,
            state=TransferState.ARRIVED,
            amount_out=amt("600"),
            hop_tx_hashes=("0x01",),
        )
        credited = ev.VenueDepositSeen(
            venue="binance", asset="USDC", amount=amt("600"), tx_hash="0x01", deposit_id="d", credited=True
        )
        return [moved, credited]

    world.hooks.append(short)
    world.order(ALICE, "1000")
    world.deposit(ALICE, "1000")
    world.run(1)
    assert "SHORT_ARRIVAL" in world.alerts()
    spent = sum(c.price * c.quantity // ATOMS for c in world.sent(out.PlaceAssetOrder))
    assert amt("500") < spent <= amt("600")
    assert world.engine.ledger.balance(accounts.at_venue(ALICE, "routed", "binance", "USDC")) > amt("390")
    world.submit(ev.HouseCapital(place="venue:binance", asset="USDC", amount=amt("400"), reference="made good"))
    world.run(4)
    assert world.last(ALICE).state is OrderState.MINTED
    assert world.last(ALICE).spent > amt("980")


def test_all_of_a_thin_book_is_taken_to_the_last_lot():
    world = make_world()
    world.markets["BTCUSDC"] = market("100000", quantity="0.001")
    world.order(ALICE, "1000")
    world.deposit(ALICE, "1000")
    world.run(1)
    assert placed(world)[0].quantity == amt("0.001")
