"""The bodies of Reject(3) and BusinessMessageReject(j)."""

from __future__ import annotations

from indexmaker_fix.errors import Fault
from indexmaker_fix.message import Body

__all__ = ["reject_body"]

_LONGEST_TEXT = 1_000


def reject_body(fault: Fault) -> Body:
    """What a reject says, without what it refers to."""
    body: Body = {"BusinessRejectReason" if fault.business else "SessionRejectReason": fault.reason}
    if fault.tag:
        body["RefTagID"] = str(fault.tag)
    if fault.reference:
        body["BusinessRejectRefID"] = fault.reference
    # A reject repeats parts of what came in, which may hold anything.
    text = "".join(letter if letter.isprintable() else "?" for letter in fault.text)
    return body | {"Text": text[:_LONGEST_TEXT]}
