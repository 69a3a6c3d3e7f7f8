"""Pages about one's own account: signing in, invitations, password and tokens."""
