"""Beds, tests and deaths by area."""
