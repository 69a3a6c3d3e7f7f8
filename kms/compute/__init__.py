"""What to recompute after a load, and the recomputing."""
