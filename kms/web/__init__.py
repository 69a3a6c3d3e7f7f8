"""The front door: hosts, headers, origins, error pages; then who comes in, and to what."""
