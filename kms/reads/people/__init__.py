"""Read models about accounts, sessions and the audit log."""
