"""Tables of the Philippine Statistics Authority."""
