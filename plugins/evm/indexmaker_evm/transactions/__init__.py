"""Transactions of ours: one key, one nonce sequence for each chain, one journal; a command is sent once or never."""
