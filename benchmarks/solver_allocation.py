"""Allocation of index orders: the netting auction beside the proportional rule, medians of three seeds, as JSON.

Run `python -m benchmarks.solver_allocation [orders ...]`.
"""

from __future__ import annotations

import sys

import msgspec

from indexmaker.bench.solver_allocation import allocation_figures


def main() -> None:
    """Print the figures of the given sizes, or of 100 to 100,000 orders."""
    sizes = [int(argument) for argument in sys.argv[1:]] or [100, 1_000, 10_000, 100_000]
    text = msgspec.json.format(msgspec.json.encode(allocation_figures(sizes)), indent=2)
    sys.stdout.write(text.decode() + "\n")


if __name__ == "__main__":
    main()
