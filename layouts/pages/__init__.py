"""One file a page, each with a `PAGE`; no page imports another."""
