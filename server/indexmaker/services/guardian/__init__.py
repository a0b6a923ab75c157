"""The guardian as a process: its own reading of journal, venue and chain, and its own key."""
