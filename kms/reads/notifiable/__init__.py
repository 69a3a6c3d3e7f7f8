"""Weekly notifiable diseases: their figures as somebody may see them, and the current signals."""
