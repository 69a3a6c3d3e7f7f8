"""Who may see what; disclosure control."""
