"""The page's only style sheet: no font, image or script from anywhere, readable on paper and in the dark."""

from __future__ import annotations

import base64
import hashlib

__all__ = ["CONTENT_SECURITY_POLICY", "STYLE"]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --bar: #2563eb; }
* { box-sizing: border-box; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin-bottom: 0; } h2 { font-size: 1.15rem; margin-top: 2rem; }
p.note { margin: .25rem 0; opacity: .75; } p.void { border-left: .3rem solid #b91c1c; padding-left: .75rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; } dd { margin: 0; }
dd, td, code { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
th.n, td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tfoot th, tfoot td, tr.sum th, tr.sum td { font-weight: 600; border-top: 2px solid; }
svg { display: block; width: 8rem; height: .9rem; } svg rect { fill: var(--bar); }
details { margin: .5rem 0; } summary { cursor: pointer; } code { font-size: .85em; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } details > *:not(summary) { display: block; } }
"""

_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing is loaded and nothing runs; the style sheet is known by its hash."""
