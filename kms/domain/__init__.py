"""Typed rows and arrays of the domain: no input, no output."""
