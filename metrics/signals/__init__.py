"""What is unusual: signals in counts, and how many of them are false."""
