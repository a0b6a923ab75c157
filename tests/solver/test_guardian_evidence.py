"""The guardian's own record: honest invoices pass, altered ones do not, whatever else happened on the way."""

from __future__ import annotations

import msgspec
import pytest

from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.evidence import Evidence
from solver.world import ALICE, BOB, amt, make_world


class Watched:
    """A world whose every event is shown to the guardian's record as well."""

    def __init__(self) -> None:
        self.world = make_world()
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

    def review(self, invoice: out.Invoice) -> tuple[str, ...]:
        return tuple(f"{found.check}: {found.text}" for found in self.evidence.review(invoice))

    def _sign(self, world, command):  # type: ignore[no-untyped-def]
        if not isinstance(command, out.SignInvoice):
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
