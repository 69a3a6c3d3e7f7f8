"""Pages for those who look after accounts and the log."""
