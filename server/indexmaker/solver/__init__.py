"""The solver: a deterministic state machine that turns deposits and index orders into baskets and mint
invoices.
"""
