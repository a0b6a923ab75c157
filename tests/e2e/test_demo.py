"""The whole system as real processes: deposit, FIX order, batch, crash, mint."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]


PLUGINS = ("binance-market-data", "binance-orders", "evm", "across", "fix")


def demonstrated(tmp_path_factory: pytest.TempPathFactory, *options: str) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("demo", numbered=True)
    file = folder / "report.json"
    command = [sys.executable, "-m", "indexmaker.cli.app", "demo", "--report", str(file), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=380)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-4000:]
    loaded: dict[str, object] = json.loads(file.read_text())
    return loaded


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    return demonstrated(tmp_path_factory)


def test_the_report_says_that_all_is_well(report: dict[str, object]) -> None:
    assert report["ok"] is True
    assert report["version"] == 1


def test_every_deposit_is_accounted_for_to_the_last_unit(report) -> None:  # type: ignore[no-untyped-def]
    bought = [order for order in report["orders"] if order["side"] == "BUY"]
    assert len(bought) == 3
    for order in bought:
        fees = sum(map(Decimal, order["fees"].values()))
        assert Decimal(order["amount"]) == Decimal(order["assets_value"]) + fees + Decimal(order["refund"])
        assert order["state"] == "MINTED"


def test_minted_units_are_those_of_the_invoices(report) -> None:  # type: ignore[no-untyped-def]
    minted = sorted((mint["tx_hash"], Decimal(mint["units"])) for mint in report["mints"])
    invoiced = sorted(
        (invoice["mint_tx_hash"], Decimal(invoice["units"]))
        for invoice in report["invoices"]
        if invoice["kind"] == "INVOICE_KIND_MINT"
    )
    assert minted == invoiced
    assert all(mint["confirmations"] >= 1 for mint in report["mints"])
    assert all(lot["trade_id"] for invoice in report["invoices"] for lot in invoice["lots"])


def test_what_was_sold_is_paid_on_the_chain_and_its_tokens_are_burned(report) -> None:  # type: ignore[no-untyped-def]
    (sale,) = [order for order in report["orders"] if order["side"] == "SELL"]
    (payment,) = report["redemptions"]
    fees = sum(map(Decimal, sale["fees"].values()))
    assert sale["state"] == "PAID"
    assert Decimal(sale["assets_value"]) == Decimal(sale["paid"]) + fees
    assert (payment["paid"], payment["units"]) == (sale["paid"], sale["units"])
    (back,) = [one for one in report["transfers"] if one["from"].startswith("VENUE:")]
    assert Decimal(back["amount_in"]) - Decimal(back["amount_out"]) == sum(map(Decimal, back["fees"].values()))


def test_the_crash_was_in_a_batch_and_left_nothing_double(report) -> None:  # type: ignore[no-untyped-def]
    assert report["crash"]["recovered"] is True
    assert report["crash"]["duplicates"] == 0
    assert report["crash"]["asset_orders_open"] > 0
    assert report["ledger"]["balanced"] is True
    assert report["journal"]["verified"] is True


def test_core_venue_chains_and_five_plugins_are_processes_of_their_own(report) -> None:  # type: ignore[no-untyped-def]
    kinds = {process["name"]: process["kind"] for process in report["processes"]}
    assert kinds["core"] == "core"
    assert kinds["exchange"] == "venue"
    assert kinds["devnet"] == "chain"
    plugins = {name for name, kind in kinds.items() if kind == "plugin"}
    assert set(PLUGINS) <= plugins


def test_it_ends_well_although_every_plugin_is_killed_on_the_way(tmp_path_factory) -> None:  # type: ignore[no-untyped-def]
    options = [word for name in PLUGINS for word in ("--also-kill", name)]
    killed = demonstrated(tmp_path_factory, *options)
    assert killed["ok"] is True
    restarts = {process["name"]: process["restarts"] for process in killed["processes"]}  # type: ignore[attr-defined]
    assert all(restarts[name] > 0 for name in (*PLUGINS, "core"))
