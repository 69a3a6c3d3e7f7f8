"""Weekly notifiable diseases: cases, what is expected, signals."""
