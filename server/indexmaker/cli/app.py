"""The `indexmaker` command: its groups are loaded only when they are used."""

from __future__ import annotations

import os
import sys

from cyclopts import App

from indexmaker import __version__

__all__ = ["app", "main"]

app = App(
    name="indexmaker",
    version=__version__,
    help="""Take collateral on an EVM chain, buy baskets of assets in batches, mint index tokens.

    Begin with `indexmaker demo`: the whole system on this machine, from a deposit to a minted token.
    """,
)

_COMMANDS = {
    "demo": ("indexmaker_demo.app:app", "Run the whole system on this machine, from deposit to mint."),
    "up": ("indexmaker.cli.up:app", "Start the processes of a configuration and keep them running."),
    "solver": ("indexmaker.cli.solver:app", "Serve the solver (usually started by `up`)."),
    "guardian": ("indexmaker.cli.guardian:app", "Serve the guardian (usually started by `up`)."),
    "exchange": ("indexmaker.cli.exchange:app", "Serve the spot exchange, for example to test bots offline."),
    "simulate": ("indexmaker.cli.simulate:app", "Try an engine by seed, with faults of every kind."),
    "devnet": ("indexmaker.cli.devnet:app", "Two local chains with the contracts, a relayer and a faucet."),
    "plugin": ("indexmaker.cli.plugin:app", "List and run connector plugins."),
    "journal": ("indexmaker.cli.journal:app", "Inspect and verify a journal."),
    "db": ("indexmaker.cli.db:app", "Create, migrate and check the database."),
    "index": ("indexmaker.cli.index:app", "Indices: create, list, weights, limits, value."),
    "quote": ("indexmaker.cli.quote:app", "What an order would get now: buy, sell."),
    "order": ("indexmaker.cli.order:app", "Index orders: submit, cancel, list, watch."),
    "collateral": ("indexmaker.cli.collateral:app", "Deposits, transfers and the ledger."),
    "invoice": ("indexmaker.cli.invoice:app", "Invoices: list, show, verify."),
    "operator": ("indexmaker.cli.operator:app", "What is stuck, alerts, and what a person decides about them."),
    "reconcile": ("indexmaker.cli.reconcile:app", "Compare the ledger with venues and chains now."),
    "bench": ("indexmaker.cli.bench:app", "Measure speed on this machine, with ratios against named peers."),
    "process": ("indexmaker.cli.process:app", "Processes under the supervisor: list, restart."),
}

for _name, (_target, _help) in _COMMANDS.items():
    app.command(_target, name=_name, help=_help)

app.register_install_completion_command()


def main() -> None:
    """Entry point of the console script."""
    try:
        code = app()
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough, as `head` does; nothing may be written to the pipe any more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


if __name__ == "__main__":
    main()
