"""Tripwires: an issue that differs from the one before as no true one does waits to be released."""
