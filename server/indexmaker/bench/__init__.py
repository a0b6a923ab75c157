"""Benchmarks of the engines: figures of one run, with ratios against a named peer that was measured in the same run."""
