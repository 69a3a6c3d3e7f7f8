"""One file a source, by publisher; each holds a `SOURCE`."""
