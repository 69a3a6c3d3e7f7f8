"""Briefs: a view becomes a document; no queries of their own."""
