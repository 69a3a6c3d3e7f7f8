"""Pieces of pages: pure functions of a view and a language."""
