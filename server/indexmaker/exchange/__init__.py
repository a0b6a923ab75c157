"""The spot exchange: order books, accounts and funding as one pure state machine."""
