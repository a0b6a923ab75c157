"""The shipped artifacts are what the sources compile to, and speak the public standards."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

import indexmaker_evm
from contracts.gate_world import LOTS_ROOT
from indexmaker_evm.contracts import Invoice, artifact, digest, invoice_message

PACKAGE = Path(indexmaker_evm.__file__).parent
CONTRACTS = PACKAGE.parent / "contracts"


@pytest.mark.integration
def test_compiling_the_sources_gives_the_shipped_artifacts_byte_for_byte(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed: the compiler cannot run")
    if not (CONTRACTS / "node_modules" / "solc").exists():
        pytest.skip(f"the compiler is not installed: run `npm ci --ignore-scripts` in {CONTRACTS}")
    subprocess.run([node, CONTRACTS / "compile.mjs", tmp_path], check=True, capture_output=True)
    compiled = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    shipped = {path.name: path.read_bytes() for path in (PACKAGE / "artifacts").iterdir()}
    assert compiled == shipped


def test_a_deposit_request_is_the_one_of_erc_7540() -> None:
    gate = artifact("IndexGate")
    assert gate.selector("requestDeposit").hex() == "85b77f45"
    assert gate.topic("DepositRequest").hex() == "bb58420bb8ce44e11b84e214cc0de10ce5e7c24d0355b2815c3d758b514cae72"


def test_bridge_events_are_those_of_across_v3() -> None:
    pool = artifact("MiniSpokePool")
    assert pool.topic("FundsDeposited").hex() == "32ed1a409ef04c7b0227189c3a103dc5ac10e775a15b785dcc510201f7c25ad3"
    assert pool.topic("FilledRelay").hex() == "44b559f101f8fbcc8a0ea43fa91a05a729a5ea6e14a7c75aa750374690137208"


def test_an_unknown_or_overloaded_name_has_no_selector() -> None:
    with pytest.raises(KeyError, match="0 functions named nothing"):
        artifact("IndexGate").selector("nothing")
    with pytest.raises(KeyError, match="2 functions named nonces"):
        artifact("IndexGate").selector("nonces")


def test_an_invoice_digest_depends_on_its_gate_and_its_chain() -> None:
    invoice = Invoice(request_id=1, spent=2, fee=3, back=4, out=5, lots_root=LOTS_ROOT, deadline=6)
    gates = ("0x" + "11" * 20, "0x" + "22" * 20)
    digests = {digest(invoice_message(invoice, chain_id=chain, gate=gate)) for chain in (42161, 8453) for gate in gates}
    assert len(digests) == 4
