"""Invoices over HTTP: figures that add up, no markup from values, nothing for those without the key."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from html.parser import HTMLParser

import pytest
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from indexmaker.api.common.v1 import common_pb2
from indexmaker.api.solver.v1 import invoices_pb2 as pb
from indexmaker.gateways.invoices import InvoiceAccess, invoice_app
from indexmaker.gateways.invoices.html import tag
from indexmaker.gateways.invoices.page import invoice_page, uses_of
from indexmaker.money import parse_atoms

EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=y>"


def lot(asset: str, trade: str, quantity: str, value: str, **more: str) -> pb.InvoiceLot:
    return pb.InvoiceLot(
        asset=asset,
        venue="binance",
        symbol=f"{asset}USDC",
        trade_id=trade,
        quantity=quantity,
        price="50000",
        value=value,
        fee="0.05",
        batch_id="b-1",
        source=more.pop("source", "TRADE"),
        proof=["0x" + "ab" * 32],
    )


def mint(**changes: object) -> pb.Invoice:
    values = {
        "invoice_id": "i-abc",
        "number": 7,
        "account": common_pb2.AccountId(chain_id=42161, address="0x" + "ab" * 20),
        "client_order_id": "first",
        "index": "TOP2",
        "request_id": "3",
        "deposit": "100",
        "assets_value": "95.5",
        "venue_fees": "0.150000000000000001",
        "routing_fees": "1.25",
        "management_fee": "0.1",
        "rounding": "0.000000999999999999",
        "refund": "2.999999",
        "units": "0.955",
        "lots": [lot("BTC", "11", "0.001", "50"), lot("BTC", "12", "0.0005", "25.5"), lot("ETH", "13", "0.008", "20")],
        "lots_root": "0x" + "77" * 32,
        "mint_tx_hash": "0x" + "99" * 32,
        "final": True,
        "created_at": 1_700_000_000_000_000_000,
        "signer": "0x" + "55" * 20,
        "kind": pb.INVOICE_KIND_MINT,
        "transactions": [
            pb.InvoiceTransaction(step="deposit", chain_id=42161, tx_hash="0x" + "d0" * 32),
            pb.InvoiceTransaction(step="mint", chain_id=42161, tx_hash="0x" + "99" * 32),
        ],
    }
    return pb.Invoice(**(values | changes))  # type: ignore[arg-type]


def redemption() -> pb.Invoice:
    return pb.Invoice(
        invoice_id="i-sold",
        number=2,
        account=common_pb2.AccountId(chain_id=42161, address="0x" + "ab" * 20),
        kind=pb.INVOICE_KIND_REDEMPTION,
        index="TOP2",
        units="0.5",
        escrowed="0.7",
        burned="0.5",
        returned="0.2",
        proceeds="50",
        paid="49.2",
        venue_fees="0.05",
        routing_fees="0.5",
        redemption_fee="0.25",
        rounding="0",
        lots=[lot("BTC", "x-b-1-BTC", "0.001", "50", source="CROSS")],
    )


INVOICES = {"i-abc": mint(), "i-sold": redemption(), "i-evil": mint(invoice_id="i-evil", client_order_id=EVIL)}
ACCESS = InvoiceAccess("a secret of some length", token="sesame")


@pytest.fixture
async def client() -> AsyncIterator[TestClient]:
    async def find(invoice_id: str) -> pb.Invoice | None:
        if invoice_id == "i-broken":
            raise RuntimeError("the archive burns, with a secret inside")
        return INVOICES.get(invoice_id)

    async with TestClient(TestServer(invoice_app(find, access=ACCESS))) as opened:
        yield opened


def place(invoice_id: str) -> str:
    return f"/invoices/{invoice_id}?key={ACCESS.key_of(invoice_id)}"


HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class Reader(HTMLParser):
    """The text of a page, its elements, and the cells of its tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        assert self.open == [], "elements that are not closed"

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(name)
        self.attributes += attributes
        self.elements.append((name, dict(attributes)))
        if name not in ("meta", "br", "hr"):
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(name)

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data + " "


async def test_programs_get_json_with_every_figure(client: TestClient) -> None:
    response = await client.get(place("i-abc"))
    assert response.status == 200
    assert response.content_type == "application/json"
    found = await response.json()
    assert (found["deposit"], found["rounding"], found["number"]) == ("100", "0.000000999999999999", "7")
    assert [one["quantity"] for one in found["lots"]] == ["0.001", "0.0005", "0.008"]


async def test_people_get_a_page_with_every_figure(client: TestClient) -> None:
    response = await client.get(place("i-abc"), headers=HTML)
    assert response.content_type == "text/html"
    text = Reader(await response.text()).text
    invoice = mint()
    for figure in (invoice.deposit, invoice.assets_value, invoice.venue_fees, invoice.routing_fees):
        assert f" {figure} " in text
    for figure in (invoice.management_fee, invoice.rounding, invoice.refund, "0.0015", "75.5", "0.955"):
        assert figure in text
    for one in (*(tx.tx_hash for tx in invoice.transactions), invoice.lots_root, invoice.signer, "trade 12"):
        assert one in text


async def test_a_redemption_has_a_page_of_its_own_words(client: TestClient) -> None:
    text = Reader(await (await client.get(place("i-sold"), headers=HTML)).text()).text
    for part in ("Redemption invoice 2", "49.2", "0.7", "another order of the same batch", "Paid to you"):
        assert part in text


@pytest.mark.parametrize("invoice", [mint(), redemption()], ids=["mint", "redemption"])
def test_the_lines_add_up_to_the_total(invoice: pb.Invoice) -> None:
    (_, total), parts = uses_of(invoice)
    assert sum(parse_atoms(amount) for _, amount in parts) == parse_atoms(total)
    assert "does not add up" not in invoice_page(invoice)


def test_a_page_whose_lines_do_not_add_up_says_so() -> None:
    assert "does not add up" in invoice_page(mint(refund="3"))


def test_a_void_invoice_says_what_takes_its_place() -> None:
    assert "Void" in invoice_page(mint(replaced_by="i-next"))
    assert "i-next" in invoice_page(mint(replaced_by="i-next"))


async def test_the_page_needs_nothing_from_anywhere(client: TestClient) -> None:
    response = await client.get(place("i-abc"), headers=HTML)
    read = Reader(await response.text())
    assert read.names & {"script", "link", "img", "iframe", "object", "form"} == set()
    assert not [name for name, _ in read.attributes if name in ("src", "href", "style") or name.startswith("on")]
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_the_page_can_be_read_without_seeing_it() -> None:
    page = invoice_page(mint())
    assert '<html lang="en">' in page
    headings = [attributes for name, attributes in Reader(page).elements if name == "th"]
    assert headings
    assert all("scope" in attributes for attributes in headings)
    assert all(attributes["aria-hidden"] == "true" for name, attributes in Reader(page).elements if name == "svg")
    assert page.index("<h1") < page.index("<h2")


async def test_values_never_become_markup(client: TestClient) -> None:
    page = await (await client.get(place("i-evil"), headers=HTML)).text()
    read = Reader(page)
    assert EVIL in read.text
    assert read.names & {"script", "img"} == set()


@given(st.text())
def test_no_text_becomes_markup(text: str) -> None:
    made = tag("p", text, title=text).markup
    assert made.count("<") == 2
    assert made.count(">") == 2
    assert made.count('"') == 2 + text.count('"')


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("text/*", "text/html"),
        ("application/json;q=0.2, text/html;q=0.9", "text/html"),
        ("text/html;q=0.2, application/json", "application/json"),
        ("text/html;q=0, */*", "application/json"),
        ("text/html;q=nonsense, application/*;q=0.1", "application/json"),
        ("image/png", "application/problem+json"),
    ],
)
async def test_the_client_gets_what_it_prefers(client: TestClient, accept: str, kind: str) -> None:
    response = await client.get(place("i-abc"), headers={"Accept": accept})
    assert response.content_type == kind
    assert response.status == (406 if "problem" in kind else 200)


async def test_an_unchanged_invoice_is_not_sent_again(client: TestClient) -> None:
    first = await client.get(place("i-abc"))
    page = await client.get(place("i-abc"), headers=HTML)
    assert first.headers["ETag"] != page.headers["ETag"]
    again = await client.get(place("i-abc"), headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
    assert (again.status, await again.read()) == (304, b"")
    assert (await client.get(place("i-abc"), headers={"If-None-Match": page.headers["ETag"]})).status == 200


@pytest.mark.parametrize("query", ["", "?key=", "?key=" + "0" * 32, f"?key={ACCESS.key_of('i-sold')}", "?key=%C3%A9"])
async def test_without_its_key_an_invoice_does_not_exist(client: TestClient, query: str) -> None:
    known = await client.get(f"/invoices/i-abc{query}")
    unknown = await client.get(f"/invoices/i-none{query}")
    assert known.status == unknown.status == 404
    assert known.content_type == "application/problem+json"
    assert await known.text() == await unknown.text()


async def test_the_operators_token_opens_every_invoice(client: TestClient) -> None:
    assert (await client.get("/invoices/i-abc", headers={"Authorization": "Bearer sesame"})).status == 200
    assert (await client.get("/invoices/i-abc", headers={"Authorization": "Bearer other"})).status == 404
    assert not InvoiceAccess("a secret").admits("i", key="", authorization="Bearer ")


async def test_refusals_are_problems_too(client: TestClient) -> None:
    for response in (await client.post(place("i-abc")), await client.get("/"), await client.get(place("i-none"))):
        assert response.content_type == "application/problem+json"
        assert json.loads(await response.text())["status"] == response.status
    assert (await client.post(place("i-abc"))).headers["Allow"] == "GET,HEAD"


async def test_a_fault_of_ours_is_told_without_its_text(client: TestClient) -> None:
    response = await client.get(place("i-broken"))
    assert response.status == 500
    assert "secret" not in await response.text()


def test_the_secret_does_not_show() -> None:
    assert "a secret" not in repr(ACCESS)
    assert len({ACCESS.key_of("i-abc"), ACCESS.key_of("i-sold"), InvoiceAccess("other").key_of("i-abc")}) == 3
