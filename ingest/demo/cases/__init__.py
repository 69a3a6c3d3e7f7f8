"""Synthetic cases: the epidemic, the persons, what is recorded of them, the line lists."""
