"""Severity, beds and tests."""
