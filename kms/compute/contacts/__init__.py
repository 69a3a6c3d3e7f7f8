"""What the shares of traced cases are made from: counts, fates of investigations, clusters."""
