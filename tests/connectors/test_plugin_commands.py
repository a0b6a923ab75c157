import json
import subprocess
import sys

from connectors.test_host_process import ENVIRONMENT


def indexmaker(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "indexmaker.cli.app", "plugin", *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_plugin_list_tells_of_each_plugin_what_keeps_it_from_running():
    done = indexmaker("list", "--json")
    rows = {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert {"evm", "across", "binance-orders", "binance-market-data", "fix"} <= set(rows)
    assert done.returncode == (1 if any(row["error"] for row in rows.values()) else 0)
    for row in rows.values():
        assert row["roles"] or row["error"]
        assert row["distribution"].startswith("indexmaker ")


def test_plugin_list_is_a_table_for_people():
    done = indexmaker("list")
    assert "binance-orders" in done.stdout


def test_plugin_run_without_a_supervisor_explains_itself():
    done = indexmaker("run", "connectors.toy:Toy")
    assert done.returncode == 64
    assert "--standalone" in done.stderr


def test_plugin_run_of_an_unknown_plugin_names_those_that_exist():
    done = indexmaker("run", "emv", "--standalone")
    assert done.returncode == 78
    assert "no plugin is called 'emv' (found: " in done.stderr


def test_plugin_run_teaches():
    done = indexmaker("run", "--help")
    assert done.returncode == 0
    for word in ("--standalone", "--config", "--listen", "grpcurl", "env:NAME"):
        assert word in done.stdout
