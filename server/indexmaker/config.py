"""The configuration: one TOML file, checked before anything starts; environment variables may override values.

`INDEXMAKER__CORE__LISTEN=127.0.0.1:9800` overrides `listen` of the table `[core]`. Unknown keys are refused with the
nearest known one. Secrets stand nowhere in it: only references such as `file:/run/keys/keeper` or `env:KEEPER_KEY`.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from indexmaker.money import MoneyError, parse_atoms

__all__ = [
    "ConfigurationFault",
    "CoreSettings",
    "GuardianSettings",
    "IndexSettings",
    "InvoiceSettings",
    "PluginSettings",
    "ProcessSettings",
    "Settings",
    "SolverSettings",
    "VenueSettings",
    "load_settings",
]


class ConfigurationFault(ValueError):
    """The configuration cannot be used; the text lists every fault with its place and how to mend it."""


def _atoms(value: object) -> object:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            return parse_atoms(str(value))
        except MoneyError as error:
            raise ValueError(str(error)) from None
    raise ValueError('write the amount as a string, such as "12.5"')


Atoms = Annotated[int, BeforeValidator(_atoms)]
"""A decimal amount, written as a string in TOML, kept as atoms."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CoreSettings(_Table):
    """Where the core listens and keeps its journal."""

    listen: str = Field(default="127.0.0.1:9700", description="host:port or unix:/path of the gRPC services")
    database: str = Field(default="sqlite:///solver.db", description="SQLAlchemy URL of the journal")
    token: str = Field(default="", description="reference to the token that clients must send; empty: unix socket only")
    snapshot_every: int = Field(default=10_000, ge=0, description="events between snapshots; 0 for none")


class GuardianSettings(_Table):
    """The process that recomputes invoices and signs them; the core never reads its key."""

    private_key: str = Field(description="reference to the issuer's private key, such as file:/path; of nobody else")
    data_directory: Path | None = Field(
        default=None, description="what it signed and how far it read; empty: guardian in the run directory"
    )
    validity_seconds: int = Field(default=3600, gt=0, description="how long a signed invoice may be settled")


class InvoiceSettings(_Table):
    """The pages of invoices over HTTP."""

    listen: str = Field(
        default="127.0.0.1:9780", pattern=r"^.+:\d+$", description="host:port; put a proxy with TLS in front of it"
    )
    secret: str = Field(description="reference to the secret that the keys in the pages' links are made with")
    public_url: str = Field(default="", description="how users reach the pages; empty: http:// and the address")


class SolverSettings(_Table):
    """Budgets and thresholds of the solver, in USDC unless said otherwise."""

    max_order_value: Atoms = Field(default=parse_atoms("1000"), description="of one order in one batch")
    max_batch_value: Atoms = Field(default=parse_atoms("5000"), description="of one batch")
    max_in_flight_value: Atoms = Field(default=parse_atoms("10000"), description="of all unfinished batches")
    min_batch_value: Atoms = Field(default=parse_atoms("1"), description="below this head-room no batch is made")
    inventory_budget: Atoms = Field(default=parse_atoms("25"), description="house inventory allowed per asset")
    price_impact: Atoms = Field(default=parse_atoms("0.01"), description="depth window from the best price, a rate")
    routing_window_ms: int = Field(default=2_000, ge=0, description="how long a transfer waits for others to share it")
    aggregation_window_ms: int = Field(
        default=30_000, ge=0, description="how long legs below a minimum wait for others"
    )
    reconcile_interval_seconds: int = Field(
        default=60, gt=0, description="time between comparisons of the ledger with venues and chains"
    )
    batch_interval_ms: int = Field(default=1_000, gt=0, description="time between attempts to make a batch")
    book_max_age_ms: int = Field(
        default=30_000,
        gt=0,
        description="books not heard of for longer are not used; plugins confirm quiet ones sooner",
    )
    mint_threshold: Atoms = Field(
        default=parse_atoms("0.99"), description="filled share from which the rest is refunded"
    )
    max_routing_fee_bps: int = Field(default=100, ge=0, le=1000, description="dearer transfers are not started")
    strategy: str = Field(default="netting", description="allocation rule: netting, water-filling or proportional")
    deposit_finality: str = Field(default="CONFIRMED", pattern="^(CONFIRMED|SAFE|FINAL)$")


class VenueSettings(_Table):
    """A venue and the plugins that speak to it."""

    market_data: str = Field(description="name of the plugin that serves its market data")
    order_entry: str = Field(description="name of the plugin that places its orders")
    quote_asset: str = "USDC"
    funding_chain_id: int = Field(default=8453, description="chain on which collateral is sent to it")


class IndexSettings(_Table):
    """An index that the core creates when it starts and does not know it yet."""

    symbol: str = Field(pattern=r"^[A-Z0-9]{1,12}$")
    name: str
    chain_id: int
    gate: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")
    token: str = Field(pattern=r"^0x[0-9a-fA-F]{40}$")
    management_fee: Atoms = Field(default=0, description="rate of the deposit")
    annual_fee: Atoms = Field(default=0, description="rate of the holdings and year, taken out of the quantities")
    min_order: Atoms = parse_atoms("10")
    max_order: Atoms = parse_atoms("100000")
    target_price: Atoms = Field(default=parse_atoms("100"), description="USDC of one token at the reference prices")
    weights: dict[str, Atoms] = Field(description="asset -> share; all together 1")
    reference_prices: dict[str, Atoms] = Field(
        default_factory=dict, description="asset -> USDC; missing ones come from the venue's books"
    )


class PluginSettings(_Table):
    """A connector process."""

    plugin: str = Field(description="name of the plugin kind; see `indexmaker plugin list`")
    config: dict[str, Any] = Field(default_factory=dict, description="the plugin's own configuration")
    requires: list[str] = Field(default_factory=list, description="processes that must be ready first")


class ProcessSettings(_Table):
    """Another process that the supervisor keeps, such as a local venue."""

    argv: list[str] = Field(min_length=1, description="program and arguments; {python} is this interpreter")
    kind: str = "service"
    requires: list[str] = Field(default_factory=list)


class Settings(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(extra="forbid", frozen=True, env_prefix="INDEXMAKER__", env_nested_delimiter="__")

    run_directory: Path = Field(default=Path("run"), description="sockets and state; made private")
    core: CoreSettings = CoreSettings()
    solver: SolverSettings = SolverSettings()
    guardian: GuardianSettings | None = None
    invoices: InvoiceSettings | None = None
    chain_plugin: str = Field(default="evm", description="name of the plugin that serves the chains")
    bridge_plugin: str = Field(default="across", description="name of the plugin that moves collateral")
    bridge_source: str = Field(default="EVM:ARBITRUM:USDC", description="designation of the gates' collateral")
    route_id: str = Field(default="1", description="the gates' allow-listed route to the bridge")
    index_factories: dict[int, str] = Field(
        default_factory=dict, description="chain id -> IndexFactory contract that deploys new indices"
    )
    venues: dict[str, VenueSettings] = Field(default_factory=dict)
    indices: list[IndexSettings] = Field(default_factory=list)
    plugins: dict[str, PluginSettings] = Field(default_factory=dict)
    processes: dict[str, ProcessSettings] = Field(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file; nothing else."""
        return (init_settings, env_settings, TomlConfigSettingsSource(settings_cls))

    def socket(self, plugin: str) -> str:
        """Address at which the named plugin is found, whoever started it."""
        return f"unix:{self.run_directory / plugin}.sock"


def _fields_at(path: Iterable[str | int]) -> list[str]:
    """Names of the keys allowed in the table that holds the last part of `path`."""
    model: Any = Settings
    for part in list(path)[:-1]:
        if isinstance(model, type) and issubclass(model, BaseModel):
            field = model.model_fields.get(str(part))
            model = field.annotation if field else None
        elif get_origin(model) in (dict, list):
            model = get_args(model)[-1]
        if get_origin(model) in (Union, UnionType):
            model = next((arg for arg in get_args(model) if arg is not type(None)), None)
    if isinstance(model, type) and issubclass(model, BaseModel):
        return list(model.model_fields)
    return []


def _explain(error: ValidationError, file: Path) -> str:
    lines = [f"{file} cannot be used:"]
    for fault in error.errors():
        place = ".".join(map(str, fault["loc"]))
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(fault["loc"][-1]), _fields_at(fault["loc"]), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "remove it"
            lines.append(f"  {place}: unknown key; {hint}")
        else:
            lines.append(f"  {place}: {fault['msg']}")
    return "\n".join(lines)


def load_settings(file: Path) -> Settings:
    """Read and check a configuration file.

    Raises:
        ConfigurationFault: the file is missing, is not TOML, or breaks a rule; the text names every place.
    """

    class _FromFile(Settings):
        model_config = SettingsConfigDict(toml_file=file)

    try:
        with file.open("rb") as handle:
            tomllib.load(handle)
        settings = _FromFile()
    except OSError as error:
        raise ConfigurationFault(f"{file}: {error.strerror}; give another file with --config") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationFault(f"{file} is not valid TOML: {error}") from None
    except ValidationError as error:
        raise ConfigurationFault(_explain(error, file)) from None
    _check_references(settings, file)
    return settings


def _check_references(settings: Settings, file: Path) -> None:
    faults = []
    known = set(settings.plugins)
    wanted = [
        (f"venues.{name}.{role}", getattr(venue, role))
        for name, venue in settings.venues.items()
        for role in ("market_data", "order_entry")
    ]
    for place, plugin in wanted:
        if plugin not in known:
            near = difflib.get_close_matches(plugin, known, n=1)
            faults.append(f"  {place}: no table [plugins.{plugin}]" + (f"; did you mean {near[0]!r}?" if near else ""))
    for index in settings.indices:
        total = sum(index.weights.values())
        if total != parse_atoms("1"):
            faults.append(f"  indices.{index.symbol}.weights: they sum to {total / 10**18:g}, not to 1")
    if faults:
        raise ConfigurationFault("\n".join([f"{file} cannot be used:", *faults]))
