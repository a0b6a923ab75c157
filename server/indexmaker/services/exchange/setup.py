"""Brings the exchange's journaled configuration up to the settings: assets, markets, networks, accounts, play money."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from indexmaker.exchange.commands import (
    CreateAccount,
    DefineFeeTier,
    DefineNetwork,
    ExchangeCommand,
    RegisterDepositAddress,
    SeedBalance,
    SetWithdrawalTerms,
)
from indexmaker.exchange.engine import ExchangeEngine
from indexmaker.exchange.events import Rejected
from indexmaker.exchange.listing import Listing
from indexmaker.gateways.binance.venue import ExchangeSequencer
from indexmaker.identifiers import derived_id
from indexmaker.services.exchange.errors import DefinitionError
from indexmaker.services.exchange.settings import AccountSetting, ChainSetting, WithdrawalSetting
from indexmaker.services.exchange.wallet import DepositWallet

__all__ = ["FIRST_USER", "MAKER_ACCOUNT", "account_number", "set_up", "submit_all"]

MAKER_ACCOUNT = 1
FIRST_USER = 1001
_STANDARD = DefineFeeTier(tier="standard", maker_ppm=1000, taker_ppm=1000)
_MAKER = DefineFeeTier(tier="maker", maker_ppm=0, taker_ppm=0)
_USDC_DECIMALS = 6


def account_number(engine: ExchangeEngine, name: str) -> int | None:
    """The number of the account of this name."""
    return next((one.account for one in engine.accounts.values() if one.name == name), None)


async def set_up(
    engine: ExchangeEngine,
    sequencer: ExchangeSequencer,
    *,
    listing: Listing,
    accounts: Sequence[AccountSetting],
    chains: Sequence[ChainSetting],
    wallet: DepositWallet | None,
    withdrawals: Sequence[WithdrawalSetting] = (),
) -> dict[str, int]:
    """Journal what is not in force yet; returns account numbers by API key.

    Raises:
        DefinitionError: the journal holds a definition that contradicts the settings.
    """
    await submit_all(sequencer, _missing_definitions(engine, listing))
    await submit_all(sequencer, _missing_networks(engine, chains))
    await submit_all(sequencer, _changed_terms(engine, chains, withdrawals))
    numbers: dict[str, int] = {}
    for setting in accounts:
        numbers[setting.key] = await _ensure_account(engine, sequencer, setting)
    if wallet is not None:
        await submit_all(sequencer, _missing_addresses(engine, numbers.values(), chains, wallet))
    return numbers


async def submit_all(sequencer: ExchangeSequencer, commands: Iterable[ExchangeCommand]) -> None:
    """Submit commands as a group; raises `DefinitionError` for the first that is refused."""
    for future in [sequencer.submit_nowait(command) for command in commands]:
        answer = (await future).outputs[0]
        if isinstance(answer, Rejected):
            raise DefinitionError(
                f"{answer.command}: {answer.message}. Use another --data directory, or the settings it was made with"
            )


def _missing_definitions(engine: ExchangeEngine, listing: Listing) -> Iterator[ExchangeCommand]:
    if not engine.accounts:
        yield from (_STANDARD, _MAKER)
        yield CreateAccount(account=MAKER_ACCOUNT, name="maker", tier=_MAKER.tier)
    for command in listing.commands():
        if command.symbol not in engine.assets and command.symbol not in engine.markets:
            yield command


def _missing_networks(engine: ExchangeEngine, chains: Sequence[ChainSetting]) -> Iterator[DefineNetwork]:
    for chain in chains:
        wanted = DefineNetwork(
            asset="USDC",
            network=chain.network,
            chain_id=chain.chain_id,
            decimals=_USDC_DECIMALS,
            confirmations=chain.confirmations,
            contract=chain.token,
        )
        if engine.assets["USDC"].networks.get(chain.network) != wanted:
            yield wanted


def _changed_terms(
    engine: ExchangeEngine, chains: Sequence[ChainSetting], withdrawals: Sequence[WithdrawalSetting]
) -> Iterator[SetWithdrawalTerms]:
    """Terms of the settings; a network that they no longer name sends nothing more."""
    usdc = engine.assets["USDC"]
    networks = {chain.chain_id: chain.network for chain in chains}
    named = set()
    for setting in withdrawals:
        if setting.chain_id not in networks:
            raise DefinitionError(f"--withdrawals: chain {setting.chain_id} is not among the --chain options")
        network = networks[setting.chain_id]
        named.add(network)
        terms = SetWithdrawalTerms(
            asset=usdc.symbol,
            network=network,
            fee=usdc.from_money(setting.fee),
            minimum=usdc.from_money(setting.minimum),
            maximum=usdc.from_money(setting.maximum),
            approve_above=usdc.from_money(setting.approve_above),
        )
        if usdc.withdrawal_terms.get(network) != terms:
            yield terms
    for network, terms in usdc.withdrawal_terms.items():
        if network not in named and terms.enabled:
            yield replace(terms, enabled=False, reason="switched off by the operator")


async def _ensure_account(engine: ExchangeEngine, sequencer: ExchangeSequencer, setting: AccountSetting) -> int:
    name = derived_id("user", setting.key)
    number = account_number(engine, name)
    if number is None:
        number = max([*engine.accounts, FIRST_USER - 1]) + 1
        await submit_all(sequencer, [CreateAccount(account=number, name=name, tier=_STANDARD.tier)])
    seeds = []
    for symbol, money in setting.balances:
        asset = engine.assets.get(symbol)
        if asset is None:
            raise DefinitionError(f"--account: there is no asset {symbol!r}")
        if amount := asset.from_money(money):
            seeds.append(SeedBalance(account=number, asset=symbol, amount=amount, reference=f"start/{name}/{symbol}"))
    await submit_all(sequencer, seeds)
    return number


def _missing_addresses(
    engine: ExchangeEngine, numbers: Iterable[int], chains: Sequence[ChainSetting], wallet: DepositWallet
) -> Iterator[RegisterDepositAddress]:
    for number in numbers:
        registered = {network for network, _ in engine.deposit_addresses(number)}
        for chain in chains:
            if chain.network not in registered:
                yield RegisterDepositAddress(
                    account=number, network=chain.network, address=wallet.address(number - FIRST_USER)
                )
