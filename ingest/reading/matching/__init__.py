"""Which place or industry is meant: looked up, never guessed."""
