"""Reaching other machines: over the web, to stores of objects, to SFTP servers."""
