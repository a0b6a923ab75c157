"""A development network: two local chains with every contract, funded accounts and a bridge relayer.

Run it with `python -m indexmaker_evm.devnet --run-dir DIR`; talk to it with `indexmaker_evm.devnet.client`.
"""
