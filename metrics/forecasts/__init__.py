"""What comes next, and whether it may be shown."""
