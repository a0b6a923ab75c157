"""Reading requests about indices: every field is checked here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from indexmaker.api.solver.v1 import indices_pb2 as pb
from indexmaker.connectors.errors import InvalidFieldError
from indexmaker.money import ATOMS
from indexmaker.services.solver.requests import account_of, amount_of, client_order_id_of
from indexmaker.solver.events import (
    AssetDelisted,
    DeploymentRequested,
    IndexCreated,
    IndexLimitsChanged,
    IndexStateChanged,
    WeightsProposed,
)
from indexmaker.solver.vocabulary import Constituent, IndexLimits, IndexState

__all__ = ["definition_of", "delisting_of", "deployment_of", "limits_of", "proposal_of", "state_of"]

_LONGEST_SYMBOL = 12
_LONGEST_NAME = 64
_ADDRESS_LENGTH = 42
_STATES = {
    pb.INDEX_STATE_ACTIVE: IndexState.ACTIVE,
    pb.INDEX_STATE_PAUSED: IndexState.PAUSED,
    pb.INDEX_STATE_RETIRED: IndexState.RETIRED,
}


def definition_of(request: pb.CreateIndexRequest, *, template: IndexCreated) -> IndexCreated:
    """The definition in a request; `template` carries what all indices of a core share."""
    index = request.index
    _check_symbol(index.symbol)
    if not index.constituents:
        raise InvalidFieldError("index.constituents", "an index needs at least one")
    if len(index.name) > _LONGEST_NAME:
        raise InvalidFieldError("index.name", f"at most {_LONGEST_NAME} characters")
    weights = sum(amount_of(one.weight, field=f"weight of {one.asset}") for one in index.constituents)
    if weights != ATOMS:
        raise InvalidFieldError("index.constituents", "the weights must sum to 1")
    limits = _bounds(index.limits)
    if limits.max_supply or limits.daily_issuance:
        for one in index.constituents:
            if not one.reference_price:
                text = "bounds in units are judged by prices: give it a reference_price"
                raise InvalidFieldError(f"constituent {one.asset}", text)
    contracts = "" if request.deploy else "index."
    return msgspec.structs.replace(
        template,
        symbol=index.symbol,
        name=index.name,
        chain_id=index.chain_id,
        gate=_contract(index.gate, field=f"{contracts}gate", wanted=not request.deploy),
        token=_contract(index.token, field=f"{contracts}token", wanted=not request.deploy),
        constituents=tuple(_constituent(one) for one in index.constituents),
        target_price=amount_of(request.target_price, field="target_price"),
        management_fee=amount_of(index.management_fee, field="index.management_fee", optional=True),
        annual_fee=amount_of(index.annual_fee, field="index.annual_fee", optional=True),
        min_order=amount_of(index.min_order, field="index.min_order", optional=True),
        max_order=amount_of(index.max_order, field="index.max_order", optional=True),
        limits=limits,
    )


def deployment_of(
    request: pb.CreateIndexRequest, *, template: IndexCreated, factories: Mapping[int, str]
) -> DeploymentRequested:
    """The wish to deploy an index by the factory of its chain."""
    definition = definition_of(request, template=template)
    factory = factories.get(definition.chain_id, "")
    if not factory:
        known = ", ".join(map(str, sorted(factories))) or "none"
        raise InvalidFieldError(
            "index.chain_id", f"no factory is configured for chain {definition.chain_id}; known: {known}"
        )
    curator = _contract(request.curator, field="curator", wanted=True) if request.curator else ""
    return DeploymentRequested(definition=definition, factory=factory.lower(), curator=curator)


def state_of(request: pb.SetIndexStateRequest) -> IndexStateChanged:
    """The wanted state of an index."""
    state = _STATES.get(request.state)
    if state is None:
        raise InvalidFieldError("state", "must be INDEX_STATE_ACTIVE, INDEX_STATE_PAUSED or INDEX_STATE_RETIRED")
    return IndexStateChanged(symbol=request.symbol, state=state)


def limits_of(request: pb.SetIndexLimitsRequest) -> IndexLimitsChanged:
    """The wanted bounds of an index."""
    least = amount_of(request.min_order, field="min_order") if request.HasField("min_order") else None
    most = amount_of(request.max_order, field="max_order") if request.HasField("max_order") else None
    limits = _bounds(request.limits) if request.HasField("limits") else None
    return IndexLimitsChanged(symbol=request.symbol, min_order=least, max_order=most, limits=limits)


def proposal_of(request: pb.SetWeightsRequest) -> WeightsProposed:
    """A curator's new weights."""
    return WeightsProposed(
        symbol=request.symbol,
        proposal_id=client_order_id_of(request.proposal_id, field="proposal_id"),
        weights=_weights(request.weights),
        effective_at=_time(request.effective_at),
        on_chain=not request.off_chain,
    )


def delisting_of(request: pb.DelistAssetRequest) -> AssetDelisted:
    """A curator's wish to take an asset out."""
    if not request.asset:
        raise InvalidFieldError("asset", "name the asset to take out")
    return AssetDelisted(
        symbol=request.symbol,
        proposal_id=client_order_id_of(request.proposal_id, field="proposal_id"),
        asset=request.asset,
        effective_at=_time(request.effective_at),
        on_chain=not request.off_chain,
    )


def _check_symbol(symbol: str) -> None:
    plain = symbol.isascii() and symbol.isalnum() and symbol.upper() == symbol
    if not plain or len(symbol) > _LONGEST_SYMBOL:
        raise InvalidFieldError("index.symbol", f"must be 1 to {_LONGEST_SYMBOL} of A-Z 0-9")


def _contract(address: str, *, field: str, wanted: bool) -> str:
    text = address.lower()
    if not wanted and not text:
        return ""
    if not wanted:
        raise InvalidFieldError(field, "a new deployment makes this contract: leave it empty")
    hexadecimal = text.startswith("0x") and all(digit in "0123456789abcdef" for digit in text[2:])
    if not hexadecimal or len(text) != _ADDRESS_LENGTH:
        raise InvalidFieldError(field, "must be 20 bytes of hexadecimal with 0x")
    return text


def _constituent(one: pb.Constituent) -> Constituent:
    quantity = amount_of(one.quantity, field=f"quantity of {one.asset}", optional=True)
    reference = amount_of(one.reference_price, field=f"reference_price of {one.asset}", optional=True)
    if not quantity and not reference:
        raise InvalidFieldError(f"constituent {one.asset}", "needs a quantity or a reference_price")
    weight = amount_of(one.weight, field=f"weight of {one.asset}")
    return Constituent(asset=one.asset, weight=weight, quantity=quantity, reference_price=reference)


def _bounds(limits: pb.IndexLimits) -> IndexLimits:
    return IndexLimits(
        max_supply=amount_of(limits.max_supply, field="limits.max_supply", optional=True),
        daily_issuance=amount_of(limits.daily_issuance, field="limits.daily_issuance", optional=True),
        allowed=tuple(sorted(str(account_of(one, field="limits.allowed")) for one in limits.allowed)),
    )


def _weights(weights: Iterable[pb.Weight]) -> tuple[tuple[str, int], ...]:
    found = tuple((one.asset, amount_of(one.weight, field=f"weight of {one.asset}")) for one in weights)
    if sum(weight for _, weight in found) != ATOMS:
        raise InvalidFieldError("weights", "must sum to 1")
    return found


def _time(at: int) -> int:
    if at < 0:
        raise InvalidFieldError("effective_at", "must be UTC nanoseconds, or 0 for as soon as possible")
    return at
