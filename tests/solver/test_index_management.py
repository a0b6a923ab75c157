"""Creating, deploying, pausing and retiring indices; weights of curators and gates."""

from __future__ import annotations

import pytest

from indexmaker.money import mul_floor
from indexmaker.solver import accounts
from indexmaker.solver import commands as out
from indexmaker.solver import events as ev
from indexmaker.solver.vocabulary import (
    Constituent,
    DeploymentState,
    Finality,
    IndexLimits,
    IndexState,
    OrderState,
    RebalanceState,
    RejectReason,
    SettlementState,
)

from .world import ALICE, BOB, CHAIN, GATE, SECOND, World, amt, make_world

FACTORY = "0x" + "fa" * 20
BASKET = (Constituent(asset="BTC", weight=1, reference_price=amt("100000")),)


def definition(**changes: object) -> ev.IndexCreated:
    values: dict[str, object] = {
        "symbol": "NEW",
        "name": "A new one",
        "chain_id": CHAIN,
        "gate": "",
        "token": "",
        "constituents": BASKET,
        "target_price": amt("100"),
    }
    return ev.IndexCreated(**(values | changes))


def wish(**changes: object) -> ev.DeploymentRequested:
    return ev.DeploymentRequested(definition=definition(**changes), factory=FACTORY)


def deployed(finality: Finality = Finality.CONFIRMED, **changes: object) -> ev.IndexDeployed:
    values: dict[str, object] = {
        "chain_id": CHAIN,
        "factory": FACTORY,
        "symbol": "NEW",
        "gate": "0x" + "0A" * 20,
        "token": "0x" + "0B" * 20,
        "tx_hash": "0xde",
        "finality": finality,
    }
    return ev.IndexDeployed(**(values | changes))


def published(
    version: int, finality: Finality = Finality.CONFIRMED, at: int = 0, **weights: str
) -> ev.WeightsPublished:
    return ev.WeightsPublished(
        chain_id=CHAIN,
        gate=GATE,
        version=version,
        effective_at=at,
        weights=tuple((asset, amt(weight)) for asset, weight in weights.items()),
        tx_hash="0x3e",
        finality=finality,
        block_hash=f"0xb{version}",
    )


def refusal(world: World) -> str:
    report = world.told(out.IndexReport)[-1]
    assert not report.accepted
    return report.reason


def test_a_deployment_is_sent_once_and_the_index_is_there_once_its_contracts_are_confirmed() -> None:
    world = make_world()
    world.submit(wish())
    world.submit(wish())
    (command,) = world.sent(out.DeployIndex)
    assert (command.factory, command.symbol, command.name) == (FACTORY, "NEW", "A new one")
    world.submit(deployed(Finality.SEEN))
    assert "NEW" not in world.engine.state.indices
    world.submit(deployed())
    world.submit(deployed(Finality.FINAL))
    index = world.engine.state.indices["NEW"]
    assert (index.gate, index.token) == ("0x" + "0a" * 20, "0x" + "0b" * 20)
    assert dict(index.quantities) == {"BTC": amt("0.001")}
    assert world.told(out.DeploymentReport)[-1].state is DeploymentState.DEPLOYED
    assert command not in world.engine.pending()


def test_a_deployment_is_sent_again_after_a_restart_until_it_is_answered() -> None:
    world = make_world()
    world.submit(wish())
    world.restart()
    assert [c for c in world.engine.pending() if isinstance(c, out.DeployIndex)] == world.sent(out.DeployIndex)


def test_another_definition_of_a_symbol_that_is_deployed_is_refused() -> None:
    world = make_world()
    world.submit(wish())
    world.submit(wish(target_price=amt("200")))
    assert "another definition" in refusal(world)
    world.submit(definition(gate="0x" + "cc" * 20, token="0x" + "dd" * 20))
    assert "being deployed" in refusal(world)
    assert len(world.sent(out.DeployIndex)) == 1


def test_a_symbol_that_exists_cannot_be_deployed_again() -> None:
    world = make_world()
    world.submit(wish(symbol="TOP2"))
    assert "exists" in refusal(world)


def test_a_reverted_deployment_is_told_with_its_reason_and_may_be_asked_for_again() -> None:
    world = make_world()
    world.submit(wish())
    (first,) = world.sent(out.DeployIndex)
    reverted = ev.IndexTransactionUpdated(
        command_id=first.command_id, state=SettlementState.REVERTED, reason="SymbolTaken"
    )
    world.submit(reverted)
    world.submit(reverted)
    report = world.told(out.DeploymentReport)[-1]
    assert (report.state, report.reason) == (DeploymentState.FAILED, "SymbolTaken")
    assert "DEPLOYMENT" in world.alerts()
    world.submit(wish())
    second = world.sent(out.DeployIndex)[-1]
    assert second.command_id != first.command_id
    world.submit(deployed())
    assert "NEW" in world.engine.state.indices


@pytest.mark.parametrize("change", [{"factory": "0x" + "ee" * 20}, {"chain_id": 1}, {"symbol": "OTHER"}])
def test_contracts_that_nobody_here_asked_for_make_no_index(change: dict[str, object]) -> None:
    world = make_world()
    world.submit(wish())
    world.submit(deployed(**change))
    assert set(world.engine.state.indices) == {"TOP2"}


def test_the_same_definition_again_changes_nothing_and_another_of_the_same_version_is_refused() -> None:
    world = make_world()
    event = definition(gate="0x" + "cc" * 20, token="0x" + "dd" * 20)
    world.submit(event)
    before = world.engine.dump()
    world.submit(event)
    assert world.told(out.IndexReport)[-1].accepted
    assert world.engine.dump() == before
    world.submit(definition(gate="0x" + "cc" * 20, token="0x" + "dd" * 20, target_price=amt("7")))
    assert "another way" in refusal(world)


def test_a_retired_index_ends_waiting_buys_takes_no_new_ones_and_stays_retired() -> None:
    world = make_world()
    world.order(ALICE, "100")
    world.submit(ev.IndexStateChanged(symbol="TOP2", state=IndexState.RETIRED))
    assert world.last(ALICE).state is OrderState.CANCELLED
    assert world.last(ALICE).reason is RejectReason.INDEX_NOT_ACTIVE
    world.order(BOB, "100")
    assert world.last(BOB).reason is RejectReason.INDEX_NOT_ACTIVE
    world.submit(ev.IndexStateChanged(symbol="TOP2", state=IndexState.ACTIVE))
    assert world.engine.state.indices["TOP2"].state is IndexState.RETIRED
    assert "INDEX" in world.alerts()


def test_a_paused_index_takes_orders_again_once_it_is_resumed() -> None:
    world = make_world()
    world.submit(ev.IndexStateChanged(symbol="TOP2", state=IndexState.PAUSED))
    world.order(ALICE, "100")
    assert world.last(ALICE).reason is RejectReason.INDEX_NOT_ACTIVE
    world.submit(ev.IndexStateChanged(symbol="TOP2", state=IndexState.ACTIVE))
    world.order(ALICE, "100", "two")
    assert world.last(ALICE, "two").state is OrderState.PENDING_COLLATERAL


def test_weights_proposed_by_the_curator_go_to_the_gate_once_per_proposal() -> None:
    world = make_world()
    proposal = ev.WeightsProposed(symbol="TOP2", proposal_id="p1", weights=(("SOL", amt("0.4")), ("BTC", amt("0.6"))))
    world.submit(proposal)
    world.submit(proposal)
    (command,) = world.sent(out.PublishWeights)
    assert (command.gate, command.version) == (GATE, 1)
    assert command.weights == (("BTC", amt("0.6")), ("SOL", amt("0.4")))
    world.submit(ev.WeightsProposed(symbol="TOP2", proposal_id="p1", weights=(("BTC", amt("1")),)))
    assert "another proposal" in refusal(world)
    world.submit(ev.WeightsProposed(symbol="TOP2", proposal_id="p2", weights=(("BTC", amt("1")),)))
    assert [c.version for c in world.sent(out.PublishWeights)] == [1, 2]


@pytest.mark.parametrize(
    "weights",
    [
        (("BTC", amt("0.5")),),
        (("BTC", amt("0.5")), ("BTC", amt("0.5"))),
        (("USDC", amt("1")),),
        (("DOGE", amt("1")),),
        (("BTC", amt("1")), ("ETH", 0)),
        (),
    ],
)
def test_weights_that_make_no_sense_are_refused(weights: tuple[tuple[str, int], ...]) -> None:
    world = make_world()
    world.submit(ev.WeightsProposed(symbol="TOP2", proposal_id="p1", weights=weights))
    assert refusal(world)
    assert not world.sent(out.PublishWeights)


def test_published_weights_hold_from_their_time_and_only_once_confirmed() -> None:
    world = make_world()
    at = world.now + 10 * SECOND
    world.submit(published(1, Finality.SEEN, at=at, BTC="1"))
    world.tick(20)
    assert not world.engine.state.rebalances
    world.submit(published(1, at=at, BTC="1"))
    world.tick()
    (rebalance,) = world.engine.state.rebalances.values()
    assert (rebalance.state, rebalance.weights_version) == (RebalanceState.DRAINING, 1)


def test_an_index_without_units_counts_its_basket_anew_at_the_same_value() -> None:
    world = make_world()
    world.submit(published(3, BTC="0.5", SOL="0.5"))
    world.tick()
    world.solve()
    index = world.engine.state.indices["TOP2"]
    mids = {name: (m.bid + m.asks[0][0]) // 2 for name, m in world.markets.items()}
    before = amt("0.001") * mids["BTCUSDC"] + amt("0.02") * mids["ETHUSDC"]
    after = sum(quantity * mids[f"{asset}USDC"] for asset, quantity in index.quantities)
    assert dict(index.quantities).keys() == {"BTC", "SOL"}
    assert 0 <= before - after < 10**25
    assert (index.version, index.weights_version) == (2, 3)
    assert world.told(out.RebalanceReport)[-1].state is RebalanceState.COMPLETED


def test_the_latest_version_wins_and_an_older_one_told_late_is_history() -> None:
    world = make_world()
    world.submit(published(1, BTC="1"))
    world.submit(published(2, ETH="1"))
    world.tick()
    world.solve()
    assert dict(world.engine.state.indices["TOP2"].weights) == {"ETH": amt("1")}
    world.submit(published(1, BTC="1"))
    world.tick()
    world.solve()
    index = world.engine.state.indices["TOP2"]
    assert (dict(index.weights), index.weights_version) == ({"ETH": amt("1")}, 2)
    assert len(world.engine.state.rebalances) == 1


def test_weights_that_a_reorg_took_back_in_time_do_not_hold() -> None:
    world = make_world()
    world.submit(published(1, at=world.now + 60 * SECOND, BTC="1"))
    world.submit(ev.WeightsRetracted(chain_id=CHAIN, gate=GATE, version=1, block_hash="0xother"))
    assert len(world.engine.state.weights_plans) == 1
    world.submit(ev.WeightsRetracted(chain_id=CHAIN, gate=GATE, version=1, block_hash="0xb1"))
    assert not world.engine.state.weights_plans
    world.tick(100)
    assert not world.engine.state.rebalances


def test_weights_taken_back_after_they_came_into_force_are_for_a_person() -> None:
    world = make_world()
    world.submit(published(1, BTC="1"))
    world.tick()
    world.submit(ev.WeightsRetracted(chain_id=CHAIN, gate=GATE, version=1, block_hash="0xb1"))
    assert "REORG" in world.alerts()


def test_a_delisted_asset_gives_its_weight_to_the_others_pro_rata() -> None:
    world = make_world()
    world.submit(
        ev.IndexCreated(
            symbol="THREE",
            chain_id=CHAIN,
            gate="0x" + "33" * 20,
            token="0x" + "44" * 20,
            target_price=amt("100"),
            constituents=(
                Constituent(asset="BTC", weight=amt("0.5"), reference_price=amt("100000")),
                Constituent(asset="ETH", weight=amt("0.3"), reference_price=amt("4000")),
                Constituent(asset="SOL", weight=amt("0.2"), reference_price=amt("200")),
            ),
        )
    )
    world.submit(ev.AssetDelisted(symbol="THREE", proposal_id="d1", asset="SOL"))
    (command,) = world.sent(out.PublishWeights)
    assert dict(command.weights) == {"BTC": amt("0.625"), "ETH": amt("0.375")}
    world.submit(ev.AssetDelisted(symbol="THREE", proposal_id="d2", asset="DOGE"))
    assert "not in the basket" in refusal(world)


def test_new_bounds_leave_open_orders_alone_and_bind_the_next() -> None:
    world = make_world()
    world.order(ALICE, "100")
    world.submit(
        ev.IndexLimitsChanged(symbol="TOP2", min_order=amt("200"), limits=IndexLimits(allowed=(ALICE.upper(),)))
    )
    assert world.last(ALICE).state is OrderState.PENDING_COLLATERAL
    world.order(ALICE, "150", "two")
    assert world.last(ALICE, "two").reason is RejectReason.AMOUNT_BELOW_MINIMUM
    world.order(BOB, "500")
    assert world.last(BOB).reason is RejectReason.ACCOUNT_NOT_ALLOWED


def test_a_basket_is_not_defined_anew_under_an_order_that_has_bought_by_it() -> None:
    world = make_world()
    held = []
    world.hooks.append(lambda _, command: held.append(command) or [] if isinstance(command, out.SignInvoice) else None)
    world.deposit(ALICE, "1000")
    world.order(ALICE, "1000")
    world.run(4)
    before = world.engine.state.indices["TOP2"].quantities
    world.create_index(constituents=tuple(Constituent(asset=asset, quantity=10 * held) for asset, held in before))
    assert not world.told(out.IndexReport)[-1].accepted
    world.hooks.clear()
    world.inbox.extend(held)
    world.play()
    index = world.engine.state.indices["TOP2"]
    assert index.supply > 0
    for asset, quantity in index.quantities:
        backing = world.engine.ledger.balance(accounts.backing("TOP2", "binance", asset))
        assert backing >= mul_floor(quantity, index.supply)
