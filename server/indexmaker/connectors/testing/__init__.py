"""For people who test what they wrote: serve a connector in process, and scripted plugins of each role.

As a process, a scripted plugin is started by its target, such as `indexmaker.connectors.testing.venue:MockVenue`.
"""

from __future__ import annotations

from indexmaker.connectors.testing.bridge import MockBridge, MockBridgeConfig, arrival_hash
from indexmaker.connectors.testing.chain import MockChain, MockChainConfig, ScriptedRedemption, ScriptedRequest
from indexmaker.connectors.testing.serve import configured, serve_connector
from indexmaker.connectors.testing.venue import MockVenue
from indexmaker.connectors.testing.venue_config import (
    Ambiguous,
    Fill,
    Hold,
    LoseWithdrawal,
    MockVenueConfig,
    Pair,
    PayOut,
    RefuseWithdrawal,
    Reject,
    Rest,
    ScriptedDeposit,
    ScriptedWithdrawal,
    WithdrawalTerms,
)

__all__ = [
    "Ambiguous",
    "Fill",
    "Hold",
    "LoseWithdrawal",
    "MockBridge",
    "MockBridgeConfig",
    "MockChain",
    "MockChainConfig",
    "MockVenue",
    "MockVenueConfig",
    "Pair",
    "PayOut",
    "RefuseWithdrawal",
    "Reject",
    "Rest",
    "ScriptedDeposit",
    "ScriptedRedemption",
    "ScriptedRequest",
    "ScriptedWithdrawal",
    "WithdrawalTerms",
    "arrival_hash",
    "configured",
    "serve_connector",
]
