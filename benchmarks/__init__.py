"""Benchmarks: each prints figures of one run, and ratios against a named peer measured in the same run."""
