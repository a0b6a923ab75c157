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
from typing import Annotated, Any, Literal, Self, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from indexmaker.money import MoneyError, parse_atoms

__all__ = [
    "OPEN_STATES",
    "STRATEGIES",
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


NotNegative = Annotated[Atoms, Field(ge=0)]
"""Such an amount, not below zero."""

STRATEGIES = ("netting", "water-filling", "proportional")
"""Names of the rules by which a batch is shared out."""
OPEN_STATES = (
    "PENDING_COLLATERAL",
    "ROUTING",
    "READY",
    "ENGAGED",
    "MINTABLE",
    "MINT_SUBMITTED",
    "PENDING_TOKENS",
    "PAYABLE",
    "PAYOUT_ROUTING",
)
"""States in which an order may become stuck."""
_FINALITY = "^(CONFIRMED|SAFE|FINAL)$"


def _one_of(names: Iterable[str], name: str) -> str:
    if name in (known := tuple(names)):
        return name
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ValueError(f"{name!r} is not one of {', '.join(known)}{hint}")


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
    deposit_finality: str = Field(
        default="CONFIRMED", pattern=_FINALITY, description="from which finality a deposit counts"
    )
    deposit_finality_above: dict[str, Atoms] = Field(
        default_factory=dict, description='finality -> least amount for which it is waited, as { FINAL = "50000" }'
    )
    settlement_finality: Literal["CONFIRMED", "FINAL"] = Field(
        default="CONFIRMED", description="from which finality of its mint or payment an order is over"
    )
    order_life_seconds: int = Field(default=3600, gt=0, description="life of an order that names no expiry")
    max_order_life_seconds: int = Field(
        default=0, ge=0, description="latest expiry of an order, from when it was taken; 0 for no bound"
    )
    account_open_orders: int = Field(default=0, ge=0, description="most open orders of one account; 0 for no bound")
    account_daily_notional: NotNegative = Field(
        default=0, description="value of the orders that one account places in a UTC day; 0 for no bound"
    )
    quote_life_seconds: int = Field(default=30, gt=0, description="how long a binding quote holds its capacity")
    default_tolerance: Atoms = Field(
        default=parse_atoms("0.05"), gt=0, lt=10**18, description="rate around the mid price, if an order has no limit"
    )
    price_slack: NotNegative = Field(
        default=parse_atoms("0.001"), description="added to the deepest level that a leg needs, a rate"
    )
    batch_orders: int = Field(default=64, gt=0, description="most index orders in one batch")
    idle_batches: int = Field(
        default=3, gt=0, description="batches without progress after which a partly filled order is settled as it is"
    )
    inventory_budgets: dict[str, NotNegative] = Field(
        default_factory=dict, description="asset -> house inventory allowed, instead of inventory_budget"
    )
    inventory_limit: NotNegative = Field(
        default=parse_atoms("500"), description="house inventory per asset above which the rest is sold off"
    )
    inventory_limits: dict[str, NotNegative] = Field(
        default_factory=dict, description="asset -> such a limit, instead of inventory_limit"
    )
    routing_max_orders: int = Field(default=32, gt=0, description="orders that may share one transfer or commit")
    routing_attempts: int = Field(default=5, gt=0, description="attempts of a route or commit before a person is asked")
    settlement_attempts: int = Field(default=5, gt=0, description="settlements of one order that may revert")
    retry_delay_ms: int = Field(default=5_000, ge=0, description="pause before a route, commit or settlement again")
    order_timeout_ms: int = Field(default=5_000, gt=0, description="silence of a venue before an order is asked for")
    query_attempts: int = Field(default=5, gt=0, description="such questions before a person is told")
    leg_attempts: int = Field(default=4, gt=0, description="orders for one leg of one batch, the first one included")
    rate_backoff_ms: int = Field(default=1_000, gt=0, description="pause after a venue said that it is asked too often")
    hold_seconds: int = Field(
        default=30, gt=0, description="how long an asset is left alone after a refusal for lack of balance"
    )
    rebalance_drain_seconds: int = Field(
        default=600, gt=0, description="how long a rebalance waits for orders that were begun before it"
    )
    rebalance_trade_seconds: int = Field(default=3600, gt=0, description="how long a rebalance trades")
    rebalance_rounds: int = Field(default=8, gt=0, description="how often a rebalance files purchases")
    fee_period_seconds: int = Field(default=86_400, gt=0, description="how often the annual fee is taken")
    retention_hours: int = Field(
        default=168, ge=0, description="how long what is over stays in memory and snapshots; 0 for ever"
    )
    stuck_after_seconds: dict[str, int] = Field(
        default_factory=dict, description="state -> age from which an order is told as stuck, as { READY = 900 }"
    )

    @field_validator("strategy")
    @classmethod
    def _known_strategy(cls, name: str) -> str:
        return _one_of(STRATEGIES, name)

    @field_validator("deposit_finality_above")
    @classmethod
    def _known_finality(cls, tiers: dict[str, int]) -> dict[str, int]:
        for name in tiers:
            _one_of(("CONFIRMED", "SAFE", "FINAL"), name)
        return tiers

    @field_validator("stuck_after_seconds")
    @classmethod
    def _known_state(cls, ages: dict[str, int]) -> dict[str, int]:
        for name, seconds in ages.items():
            _one_of(OPEN_STATES, name)
            if seconds <= 0:
                raise ValueError(f"{name}: an age is above zero")
        return ages

    @model_validator(mode="after")
    def _life_within_bound(self) -> Self:
        if 0 < self.max_order_life_seconds < self.order_life_seconds:
            raise ValueError("order_life_seconds is above max_order_life_seconds; lower it, or raise the bound")
        return self


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
