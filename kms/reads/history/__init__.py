"""What earlier publications told."""
