"""Synthetic weekly notifiable diseases: who reports, the true weeks, outbreaks, the files."""
