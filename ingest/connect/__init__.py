"""Where files come from: the inbox, and addresses fetched on a schedule."""
