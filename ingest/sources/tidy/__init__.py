"""Anyone's tables, read through a mapping file that says what their columns mean."""
