"""Shares of persons over sliding windows, and counts of clusters, as somebody may see them."""
