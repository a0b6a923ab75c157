"""`indexmaker exchange`: the spot exchange, served to programs written for Binance."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import msgspec
import structlog
import uvloop
from cyclopts import App, Parameter

from indexmaker.cli.exchange_withdrawals import app as withdrawals_app
from indexmaker.connectors.errors import ConfigurationError
from indexmaker.connectors.logging import configure_plugin_logging
from indexmaker.connectors.secrets import SecretRef, redactor
from indexmaker.exchange.errors import ExchangeError
from indexmaker.runtime import RuntimeFault
from indexmaker.services.exchange.errors import AddressInUseError, ExchangeProcessError, SettingError
from indexmaker.services.exchange.process import Endpoints, serve
from indexmaker.services.exchange.settings import (
    AccountSetting,
    ExchangeSettings,
    parse_account,
    parse_chain,
    parse_listen,
    parse_withdrawals,
)
from indexmaker.storage import StorageError

__all__ = ["app"]

app = App(name="exchange", help="The spot exchange, for example to test bots offline.")
app.command(withdrawals_app)

_FAILED, _BAD_ARGUMENT, _ADDRESS_IN_USE = 1, 2, 3
_EXPECTED = (ExchangeProcessError, ExchangeError, RuntimeFault, StorageError, ConfigurationError)
"""Errors whose message says all; anything else is a defect and shows its traceback."""
_log = structlog.get_logger(__name__)


@app.command(name="serve")
def serve_(
    *,
    listen: str = "127.0.0.1:9080",
    data: Path | None = None,
    seed: int = 0,
    account: Annotated[list[str] | None, Parameter(negative="")] = None,
    maker: Annotated[bool, Parameter(negative="")] = False,
    chain_plugin: str = "",
    chain: Annotated[list[str] | None, Parameter(negative="")] = None,
    deposit_mnemonic: str = "",
    wallet_plugin: str = "",
    withdrawals: Annotated[list[str] | None, Parameter(negative="")] = None,
    withdraw_key: Annotated[list[str] | None, Parameter(negative="")] = None,
) -> int:
    """Serve the exchange until SIGTERM or Ctrl-C.

    When clients can trade, one JSON line is printed: {"ready":true,"rest":URL,"stream":URL,"ws_api":URL}. Put these
    in place of Binance's addresses in any client. Logs go to stderr. Exit codes: 1 failed, 2 bad argument, 3 the
    address is taken.

    Parameters
    ----------
    listen
        HOST:PORT for everything; port 0 takes a free one.
    data
        Directory for the journal. Without it everything is forgotten at the end.
    seed
        Seed of the market makers.
    account
        KEY:SECRET[:ASSET=AMOUNT,...]: an API key and the play money of its account, credited once. SECRET may be
        file:/path or env:NAME, which keeps it out of the process list. May be repeated.
    maker
        Let market makers quote all markets.
    chain_plugin
        Address of a chain connector (unix:/path) that reports deposits.
    chain
        CHAIN_ID:USDC_ADDRESS[:CONFIRMATIONS[:FROM_BLOCK]]: a chain to take USDC deposits on. May be repeated.
    deposit_mnemonic
        file:/path or env:NAME of the phrase that deposit addresses are derived from. Without it one is made and kept
        in the data directory.
    wallet_plugin
        Address of a chain connector (unix:/path) whose key is the hot wallet that withdrawals are paid from. Nobody
        else may use that key, and its account must hold coin for gas and the USDC to be paid out.
    withdrawals
        CHAIN_ID:FEE:MINIMUM[:MAXIMUM[:APPROVE_ABOVE]] in USDC: let USDC leave over a chain. Needs --wallet-plugin.
        More than APPROVE_ABOVE waits for an operator. May be repeated.
    withdraw_key
        An API key of an --account that may withdraw; others may not. May be repeated.
    """
    configure_plugin_logging(plugin="exchange", instance_id="exchange")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    try:
        settings = ExchangeSettings(
            listen=parse_listen(listen),
            data=data,
            seed=seed,
            accounts=_accounts(account or (), may_withdraw=withdraw_key or ()),
            makers=maker,
            chain_plugin=chain_plugin,
            chains=tuple(parse_chain(text) for text in chain or ()),
            mnemonic=_reference(deposit_mnemonic),
            wallet_plugin=wallet_plugin,
            withdrawals=tuple(parse_withdrawals(text) for text in withdrawals or ()),
        )
        if settings.withdrawals and not wallet_plugin:
            raise SettingError("--withdrawals needs --wallet-plugin: somebody must sign them")
    except (SettingError, ConfigurationError) as error:
        return _fail(error, _BAD_ARGUMENT)
    for one in settings.accounts:
        redactor.learn(one.secret)
    try:
        uvloop.run(_serve(settings))
    except (*_EXPECTED, ExceptionGroup) as error:
        cause = _first(error)
        if not isinstance(cause, _EXPECTED):
            raise
        return _fail(cause, _exit_code(cause))
    return 0


async def _serve(settings: ExchangeSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, announce=_announce, stop=stop)


def _announce(endpoints: Endpoints) -> None:
    line = msgspec.json.encode({"ready": True, **asdict(endpoints)})
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


def _accounts(texts: Sequence[str], *, may_withdraw: Sequence[str]) -> tuple[AccountSetting, ...]:
    accounts = [parse_account(text) for text in texts]
    if set(may_withdraw) - {one.key for one in accounts}:
        raise SettingError("--withdraw-key names a key that no --account has")
    return tuple(replace(one, withdraw=one.key in may_withdraw) for one in accounts)


def _reference(text: str) -> SecretRef | None:
    try:
        return SecretRef(text) if text else None
    except ValueError as error:
        raise SettingError(f"--deposit-mnemonic: {error}") from None


def _first(error: Exception) -> Exception:
    """The first error of a group; the others followed from it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _exit_code(error: Exception) -> int:
    if isinstance(error, AddressInUseError):
        return _ADDRESS_IN_USE
    return _BAD_ARGUMENT if isinstance(error, SettingError) else _FAILED


def _fail(error: Exception, code: int) -> int:
    _log.error("exchange_failed", why=str(error))
    return code
