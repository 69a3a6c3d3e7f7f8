"""Accounts: who they are, how they come in, how that ends."""
