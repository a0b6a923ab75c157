"""Simulation of a whole engine with everything around it: deterministic by seed, with faults of every kind.

A run is repeated by its seed; a failing one is made smaller until a person can read it.
"""
