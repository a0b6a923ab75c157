"""The parents of everything the solver says."""

from __future__ import annotations

import msgspec

__all__ = ["Command", "Output", "Report"]


class Output(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    """Parent of commands and reports; the class name is the tag."""


class Command(Output, frozen=True, kw_only=True):
    """Something a connector has to do; the same `command_id` is the same deed."""

    command_id: str


class Report(Output, frozen=True, kw_only=True):
    """Something to tell; nobody has to act for the books to be right."""
