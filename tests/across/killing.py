"""Routers on a network whose process dies at a line of its journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from across.steps import configuration
from indexmaker.connectors.clock import SystemClock
from indexmaker.connectors.configuration import decode_configuration
from indexmaker_across import events as ev
from indexmaker_across.config import AcrossConfig
from indexmaker_across.journal import TransferJournal
from indexmaker_across.router import Router
from indexmaker_across.transfer import Leg, Transfer
from indexmaker_evm.devnet.client import DevnetClient
from indexmaker_evm.signer import from_key


class Killed(Exception):
    """The process died here."""


def dying_journal(kind: type[msgspec.Struct], *, leg: Leg | None, moment: str) -> type[TransferJournal]:
    """A journal that kills its process before or after it writes an event of this kind and leg."""

    class DyingJournal(TransferJournal):
        def record_all(
            self, changes: Sequence[tuple[Transfer, ev.Event]], *, refund_key: str = "", withdrawal_key: str = ""
        ) -> None:
            fatal = any(isinstance(event, kind) and getattr(event, "leg", None) is leg for _, event in changes)
            if fatal and moment == "before":
                raise Killed
            super().record_all(changes, refund_key=refund_key, withdrawal_key=withdrawal_key)
            if fatal:
                raise Killed

    return DyingJournal


def router(client: DevnetClient, directory: Path, journal_type: type[TransferJournal] = TransferJournal) -> Router:
    config = decode_configuration(AcrossConfig, msgspec.json.encode(configuration(client)))
    signer = from_key(config.router_key.reveal())
    return Router(config, signer, directory, clock=SystemClock(), journal_type=journal_type)
