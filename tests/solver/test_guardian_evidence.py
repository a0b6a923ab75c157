"""The guardian's own record: honest invoices pass, altered ones do not, whatever else happened on the way."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.errors import StateError
from indexmaker.solver.evidence import Evidence
from indexmaker.solver.invoice import canonical_lots, management_fee
from indexmaker.solver.vocabulary import LotSource
from solver.selling import holder, pay_out, ready_to_sell, sale
from solver.world import ALICE, BOB, World, amt, deep_market, instrument, make_world


class Watched:
    """A world whose every event is shown to the guardian's record as well."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or make_world()
        self.evidence = Evidence()
        for event, sequence, at in self.world.journal:
            self.evidence.apply(event, sequence=sequence, at=at)
        self.findings: list[tuple[str, ...]] = []
        plain = self.world.engine.apply

        def apply(event, *, sequence, at):  # type: ignore[no-untyped-def]
            outputs = tuple(plain(event, sequence=sequence, at=at))
            assert tuple(self.evidence.apply(event, sequence=sequence, at=at)) == outputs
            return outputs

        self.world.engine.apply = apply  # type: ignore[method-assign]
        self.world.hooks.append(self._sign)

    def review(self, invoice: out.Invoice | out.RedemptionInvoice) -> tuple[str, ...]:
        return tuple(f"{found.check}: {found.text}" for found in self.evidence.review(invoice))

    def _sign(self, world, command):  # type: ignore[no-untyped-def]
        if not isinstance(command, out.SignInvoice | out.SignRedemption):
            return None
        self.findings.append(self.review(command.invoice))
        return [world.sign(command.invoice)]


def traded() -> Watched:
    watched = Watched()
    watched.world.create_index(management_fee=amt("0.01"))
    for account, amount in ((ALICE, "100"), (BOB, "333.333333")):
        watched.world.order(account, amount)
        watched.world.deposit(account, amount)
    watched.world.run(20)
    return watched


def test_honest_invoices_are_found_good() -> None:
    watched = traded()
    assert watched.findings == [(), ()]


@pytest.mark.parametrize("part", ["refund", "assets", "units", "routing_fees", "deposit"])
def test_an_altered_invoice_is_found_out(part: str) -> None:
    watched = traded()
    order = watched.world.engine.order(ALICE, "one")
    assert order is not None
    assert order.invoice is not None
    altered = msgspec.structs.replace(order.invoice, **{part: getattr(order.invoice, part) + amt("1")})
    assert watched.review(altered)


def test_lots_of_another_invoice_cannot_be_given_again() -> None:
    watched = traded()
    mine, other = (watched.world.engine.order(account, "one") for account in (ALICE, BOB))
    assert mine is not None
    assert other is not None
    assert mine.invoice is not None
    assert other.invoice is not None
    stolen = msgspec.structs.replace(mine.invoice, lots=other.invoice.lots)
    assert any("OVERASSIGNED" in found for found in watched.review(stolen))


def test_a_basket_and_fee_that_changed_meanwhile_do_not_speak_against_an_honest_invoice() -> None:
    watched = Watched()
    watched.world.create_index(management_fee=amt("0.01"))
    watched.world.order(ALICE, "100")
    watched.world.deposit(ALICE, "100")
    while not watched.world.sent(out.PlaceAssetOrder):
        watched.world.run(1)
    watched.world.create_index(management_fee=amt("0.02"))
    watched.world.run(20)
    assert watched.findings == [()]


def test_a_refund_without_units_is_found_good() -> None:
    watched = Watched()
    watched.world.create_index()
    watched.world.markets["ETHUSDC"].asks = []
    watched.world.order(ALICE, "100")
    watched.world.deposit(ALICE, "100")
    watched.world.run(3)
    watched.world.cancel(ALICE)
    watched.world.run(3)
    assert watched.findings == [()]


def test_a_late_second_quote_changes_nothing() -> None:
    watched = traded()
    (start, *_) = watched.world.sent(out.StartTransfer)
    late = ev.RouteQuoted(transfer_id=start.transfer_id, amount_in=start.amount, amount_out=amt("1"))
    watched.world.submit(late)
    order = watched.world.engine.order(ALICE, "one")
    assert order is not None
    assert order.invoice is not None
    assert watched.review(order.invoice) == ()


def invoices(watched: Watched) -> list[out.Invoice]:
    return list(watched.world.minted.values())


def changed(value: object) -> object:
    """Another value of the same kind."""
    if isinstance(value, int):
        return value + 10**12
    if isinstance(value, tuple):
        return value[1:]
    if isinstance(value, LotSource):
        return LotSource.INVENTORY if value is not LotSource.INVENTORY else LotSource.TRADE
    return f"{value}x"


LOT_FIELDS = [field.name for field in msgspec.structs.fields(out.InvoiceLot)]


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(out.Invoice)])
def test_every_field_of_an_invoice_is_watched(field: str) -> None:
    watched = traded()
    for invoice in invoices(watched):
        value = getattr(invoice, field)
        if field == "deadline":
            value += 10 * watched.world.config.invoice_life_ns
        altered = msgspec.structs.replace(invoice, **{field: changed(value)})
        assert watched.review(altered), f"{field} = {getattr(altered, field)!r}"


@pytest.mark.parametrize("field", LOT_FIELDS)
def test_every_field_of_every_lot_is_watched(field: str) -> None:
    watched = traded()
    for invoice in invoices(watched):
        for number, lot in enumerate(invoice.lots):
            lots = list(invoice.lots)
            lots[number] = msgspec.structs.replace(lot, **{field: changed(getattr(lot, field))})
            altered = msgspec.structs.replace(invoice, lots=canonical_lots(lots))
            assert watched.review(altered), f"lot {number}: {field}"


@given(
    field=st.sampled_from(["deposit", "assets", "venue_fees", "routing_fees", "management_fee", "refund", "units"]),
    # finer than this, units are within what rounding up for the user has bought
    by=st.integers(min_value=-(10**14), max_value=10**14).filter(bool).map(lambda number: number * 10**6),
)
def test_no_amount_can_be_moved_by_any_sum(field: str, by: int) -> None:
    invoice = invoices(HONEST)[0]
    altered = msgspec.structs.replace(invoice, **{field: getattr(invoice, field) + by})
    assert HONEST.review(altered)


def test_fewer_units_than_the_lots_support_are_found_out() -> None:
    watched = traded()
    (invoice, *_) = invoices(watched)
    assert any("UNITS" in found for found in watched.review(msgspec.structs.replace(invoice, units=invoice.units // 2)))


def relieved(invoice: out.Invoice, amount: int) -> out.Invoice:
    """The same account, with so much less charged for its first lot (and the management fee on it), and given back."""
    first, *others = invoice.lots
    lot = msgspec.structs.replace(first, value=first.value - amount)
    management = management_fee(invoice.assets - amount, rate=amt("0.01"), unit=10**12)
    back = amount + invoice.management_fee - management
    return msgspec.structs.replace(
        invoice,
        lots=(lot, *others),
        assets=invoice.assets - amount,
        management_fee=management,
        refund=invoice.refund + back,
        spent=invoice.spent - amount,
        fee=invoice.fee - invoice.management_fee + management,
    )


def test_the_house_may_charge_less_than_it_could_within_bounds() -> None:
    watched = traded()
    (invoice, *_) = invoices(watched)
    assert watched.review(relieved(invoice, invoice.deposit // 100 // 10**12 * 10**12)) == ()
    too_kind = watched.review(relieved(invoice, invoice.deposit // 20 // 10**12 * 10**12))
    assert [found.partition(":")[0] for found in too_kind] == ["RELIEF"]


def test_a_commission_above_the_known_rate_is_the_houses_and_no_reason_for_a_veto() -> None:
    watched = Watched()
    watched.world.commission_asset = "USDC"
    watched.world.instruments["BTCUSDC"] = instrument("BTC", taker_fee=amt("0.015"))
    for account in (ALICE, BOB):
        watched.world.order(account, "100")
        watched.world.deposit(account, "100")
    watched.world.run(20)
    assert "OVERCHARGE" in watched.world.alerts()
    assert watched.findings == [(), ()]


def test_terms_that_the_user_amended_are_those_that_count() -> None:
    watched = Watched()
    watched.world.order(ALICE, "100", max_fee=amt("20"))
    watched.world.submit(
        ev.OrderAmendRequested(account=ALICE, client_order_id="one", amend_id="a", amount=amt("50"), max_fee=amt("9"))
    )
    watched.world.deposit(ALICE, "100")
    watched.world.run(20)
    assert watched.findings == [()]
    assert watched.evidence.record.orders[invoices(watched)[0].order_id].amount == amt("50")


def test_a_dumped_record_goes_on_as_if_it_had_never_stopped() -> None:
    watched = traded()
    again = Evidence()
    again.load(watched.evidence.dump())
    assert again.dump() == watched.evidence.dump()
    assert all(again.review(invoice) == () for invoice in invoices(watched))
    with pytest.raises(StateError):
        again.load(b"{}")


def netted() -> Watched:
    """Alice sells while Bob buys for more: most changes hands inside the batch."""
    world = holder(ALICE)
    for symbol, price in (("BTCUSDC", "100000"), ("ETHUSDC", "4000")):
        world.markets[symbol] = deep_market(price)
    ready_to_sell("4", world=world)
    watched = Watched(world)
    world.order(BOB, "900")
    world.deposit(BOB, "900")
    world.run(20)
    pay_out(world)
    return watched


def test_both_sides_of_a_cross_are_found_good() -> None:
    watched = netted()
    bought = watched.world.engine.order(BOB, "one")
    assert bought is not None
    assert {lot.source for lot in bought.lots} >= {LotSource.CROSS, LotSource.TRADE}
    assert sale(watched.world).redemption is not None
    assert watched.findings == [(), ()]


@pytest.mark.parametrize(
    "change",
    [{"quantity": 10**18}, {"price": 1}, {"value": 10**24}, {"fee": 10**18}, {"trade_id": "x-b-BTC"}, {"asset": "SOL"}],
    ids=lambda change: next(iter(change)),
)
def test_a_cross_that_the_other_side_knows_nothing_of_is_found_out(change: dict[str, object]) -> None:
    watched = netted()
    bought = watched.world.engine.order(BOB, "one")
    assert bought is not None
    assert bought.invoice is not None
    lots = [
        msgspec.structs.replace(lot, **change) if lot.source is LotSource.CROSS else lot for lot in bought.invoice.lots
    ]
    assert watched.review(msgspec.structs.replace(bought.invoice, lots=canonical_lots(lots)))


@pytest.mark.parametrize("field", [field.name for field in msgspec.structs.fields(out.RedemptionInvoice)])
def test_every_field_of_a_redemption_is_watched(field: str) -> None:
    watched = netted()
    redemption = sale(watched.world).redemption
    value = getattr(redemption, field)
    if field == "deadline":
        value += 10 * watched.world.config.invoice_life_ns
    assert watched.review(msgspec.structs.replace(redemption, **{field: changed(value)})), field


HONEST = traded()
