"""What the commands read: series and tables of days, serial intervals."""
