"""From the file a publisher gave to plain UTF-8 CSV; what it is, is read from its bytes."""
