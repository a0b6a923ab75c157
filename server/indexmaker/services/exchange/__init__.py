"""The exchange as a process: configuration, market makers, deposits, assembly."""
